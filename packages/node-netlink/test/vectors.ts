/** The recorded netlink messages of test/vectors/conntrackd, as its README describes them. */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../../test/vectors/conntrackd/", import.meta.url);

/** An attribute as the recorder decoded it. */
export interface RecordedAttribute {
  readonly name: string;
  readonly hex?: string;
  readonly value?: unknown;
  readonly attrs?: readonly RecordedAttribute[];
}

export interface RecordedMessage {
  readonly hex: string;
  readonly dir?: "request" | "reply";
  readonly kind?: string;
  readonly error?: number;
  readonly decoded?: {
    readonly event: "NEW" | "UPDATE" | "DESTROY" | "GET";
    readonly subsys: "CTNETLINK" | "CTNETLINK_EXP";
    readonly nlmsg_flags: number;
    readonly nlmsg_pid: number;
    readonly attrs: readonly RecordedAttribute[];
  };
}

export interface RecordedIpvs {
  readonly requests: readonly {
    readonly command: string;
    readonly messages: readonly {
      readonly dir: "to-kernel" | "from-kernel";
      readonly hex: string;
      readonly nlType: number;
      readonly genlCmd: number | null;
    }[];
  }[];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as T; // recorded by us, described in its README
}

/** Every event of every scenario. */
export function recordedEvents(): { scenario: string; message: RecordedMessage }[] {
  const names = readdirSync(FOLDER).filter((name) => /^ctnl-(?!requests).*\.json$/.test(name));
  return names.flatMap((name) => {
    const { scenario, events } = read<{ scenario: string; events: RecordedMessage[] }>(name);
    return events.map((message) => ({ scenario, message }));
  });
}

/** Every message of both request files. */
export function recordedRequests(): { group: string; message: RecordedMessage }[] {
  return ["ctnl-requests.json", "ctnl-requests-wscale.json"].flatMap((name) => {
    const { groups } = read<{ groups: { label: string; messages: RecordedMessage[] }[] }>(name);
    return groups.flatMap(({ label, messages }) =>
      messages.map((message) => ({ group: `${name} ${label}`, message })),
    );
  });
}

export const recordedIpvs = (): RecordedIpvs => read("ipvs-sync.json");

/** Leaves of the attribute tree as `CTA_TUPLE_ORIG/CTA_TUPLE_IP/CTA_IP_V4_SRC` to hex. */
export function leaves(attributes: readonly RecordedAttribute[], prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, hex, attrs } of attributes) {
    if (attrs === undefined) found.set(prefix + name, hex ?? "");
    else for (const [path, value] of leaves(attrs, `${prefix}${name}/`)) found.set(path, value);
  }
  return found;
}
