/** The scenarios that the original played, and what was seen of it after each step. */
import { readFileSync } from "node:fs";
import type { ServerSpec } from "./virtual-servers.js";

export interface Step {
  readonly do: "start" | "cmd" | "server" | "config" | "file" | "rm" | "ipvs" | "signal" | "sh" | "wait";
  readonly set?: Readonly<Record<string, ServerSpec>>;
  readonly args?: readonly string[] | string;
  /** Of `start`: options, and whether it stays in the foreground. */
  readonly opts?: readonly string[];
  readonly background?: boolean;
  readonly text?: string;
  readonly path?: string;
  readonly run?: string;
  readonly sig?: string;
  readonly target?: "background" | "children";
  readonly settle?: number;
  readonly observed: Observed;
}

interface Observed {
  readonly calls?: readonly string[];
  readonly table?: readonly string[];
  readonly exit?: number;
  /** These are kept of scenarios of processes only. */
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly log?: readonly string[];
  readonly pidfiles?: readonly string[];
  readonly processes?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly class: "keep" | "fix";
  readonly ours?: string;
  readonly config: string;
  readonly servers?: Readonly<Record<string, ServerSpec>>;
  readonly files?: Readonly<Record<string, { readonly text: string }>>;
  readonly ipvs?: readonly string[];
  readonly steps: readonly Step[];
}

export const scenarios = readFileSync(
  new URL("../../../test/vectors/ldirectord/behaviour.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Scenario); // the file is ours and has this shape

/** Played by the program as a process in test/netns/ldirectord-vectors.test.ts, and why. */
export const IN_PROCESSES: Readonly<Record<string, string>> = {
  "autoreload-touch-only": "watches a file",
  "broken-config-on-disk-commands": "command line, pid file",
  "cli-states": "command line, pid file",
  debug: "command line",
  "double-term-during-http-check": "signals",
  "execute-instances": "two instances",
  "fork-basic": "no processes of its own",
  "fork-child-killed": "no processes of its own",
  "maintenance-files": "files, names of addresses",
  supervised: "command line",
  "svc-ldap-anonymous": "a library with sockets of its own",
  "svc-ldap-bind": "a library with sockets of its own",
  "svc-ldap-login-without-passwd": "a library with sockets of its own",
  "svc-ldap-mismatch": "a library with sockets of its own",
  "svc-ldap-root-dse": "a library with sockets of its own",
};
