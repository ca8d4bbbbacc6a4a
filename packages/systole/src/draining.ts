/** How many connections are left on real servers that are drained. */
import type { RealStatus } from "./director-status.js";
import type { DirectorAnswer } from "./directors.js";

export interface Drained {
  /** Undefined while a director does not answer: then nobody knows. */
  readonly open: number | undefined;
  readonly text: string;
}

export function draining(
  answers: readonly DirectorAnswer[],
  servers: readonly { readonly service: string; readonly server: string }[],
): Drained {
  const silent = answers.find((each) => each.kind === "silent");
  if (silent !== undefined) return { open: undefined, text: `${silent.daemon} does not answer` };
  const services = answers.flatMap((each) => (each.kind === "status" ? each.status.services : []));
  const open = servers
    .flatMap(({ service, server }) =>
      services
        .filter((one) => one.service === service)
        .flatMap(({ reals }) => reals.filter((real) => real.server === server))
        .map((real) => connections(service, real)),
    )
    .reduce((sum, count) => sum + count, 0);
  return { open, text: open === 0 ? "drained" : `${open} connections left` };
}

/** ip_vs counts what is not TCP as inactive while it goes on. */
function connections(service: string, { inTable }: RealStatus): number {
  if (inTable === undefined) return 0;
  const { activeConnections, inactiveConnections } = inTable;
  return service.startsWith("tcp ") ? activeConnections : activeConnections + inactiveConnections;
}
