/**
 * The resource `portblock::tcp|udp::<port>[,<port>...]::block|unblock`: ports that answer nobody for a while.
 *
 * `block` blocks when the group comes and unblocks when it goes; `unblock` is the other way round. The usual line has
 * both: block, then the address and the service, then unblock, so that no client is told "connection refused" between.
 */
import type { PortBlock, PortBlocks } from "@systole/kernel";
import { seconds } from "@systole/machine";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(5), start: seconds(10), stop: seconds(10) };

export interface PortBlockDependencies {
  readonly kernel: { readonly portBlocks: PortBlocks };
}

/** @throws ResourceError `bad-argument` */
export function portBlock(spec: ResourceSpec, { kernel }: PortBlockDependencies): Resource {
  const { ports, action } = parsePortBlock(spec);
  const { portBlocks } = kernel;
  const when = {
    block: () => portBlocks.block(ports),
    unblock: () => portBlocks.unblock(ports),
  };
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status() {
      const blocked = await portBlocks.list();
      const all = ports.every(({ protocol, port }) =>
        blocked.some((one) => one.protocol === protocol && one.port === port),
      );
      return all === (action === "block");
    },
    async start() {
      await when[action]();
      return [];
    },
    stop: () => when[action === "block" ? "unblock" : "block"](),
  };
}

/** @throws ResourceError `bad-argument` that says which argument is wrong. */
export function parsePortBlock({ text, args }: ResourceSpec): {
  readonly ports: readonly PortBlock[];
  readonly action: "block" | "unblock";
} {
  const [protocol, list = "", action, more] = args;
  const wrong = (what: string) => new ResourceError("bad-argument", `${text}: ${what}`);
  if (protocol !== "tcp" && protocol !== "udp") throw wrong(`"${protocol ?? ""}" is neither tcp nor udp`);
  if (action !== "block" && action !== "unblock")
    throw wrong(`"${action ?? ""}" is neither block nor unblock`);
  if (more !== undefined) throw wrong(`"${more}" is one argument too many`);
  const ports = list.split(",").map((word) => {
    if (!/^\d{1,5}$/.test(word) || Number(word) < 1 || Number(word) > 65_535)
      throw wrong(`"${word}" is not a port`);
    return { protocol, port: Number(word) } as const;
  });
  return { ports, action };
}
