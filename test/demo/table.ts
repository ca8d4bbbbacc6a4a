/** The table of a director, as ldirectord read it from the kernel. */
export interface TableRow {
  readonly server: string;
  readonly forwarding: string;
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
}

export interface TableService {
  readonly service: string;
  readonly scheduler: string;
  readonly reals: readonly TableRow[];
}

/** What `status` of ldirectord answers, as far as we need it. @throws Error if it has no table. */
export function tableOf(status: unknown): readonly TableService[] {
  const table: unknown =
    typeof status === "object" && status !== null ? Reflect.get(status, "table") : undefined;
  if (!Array.isArray(table)) throw new Error(`ldirectord's status has no table: ${JSON.stringify(status)}`);
  return table;
}

export function weightOf(status: unknown, server: string): number | undefined {
  return tableOf(status)
    .flatMap(({ reals }) => reals)
    .find((row) => row.server === server)?.weight;
}

/** In the way of `ipvsadm -Ln`. */
export function tableLines(status: unknown): string[] {
  return tableOf(status).flatMap(({ service, scheduler, reals }) => [
    `${service} ${scheduler}`,
    ...reals.map(
      ({ server, forwarding, weight, activeConnections, inactiveConnections }) =>
        `  -> ${server.padEnd(21)} ${forwarding.padEnd(5)} weight ${weight}` +
        `  active ${activeConnections}  inactive ${inactiveConnections}`,
    ),
  ]);
}
