/** Requests to the running daemon: what `ctsyncd -c` and its like do. */
import { type ControlClient, ControlError } from "@systole/daemon";
import type { Request } from "./command-line.js";
import { STATISTICS } from "./statistics.js";
import type { Status } from "./status.js";

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** A commit of a million flows takes less. */
const COMMIT_LIMIT_MS = 600_000;

/** Carries out one request. @returns the exit code: 0, or 1 if the daemon could not be asked or refused. */
export async function runRequest(
  request: Request,
  json: boolean,
  client: ControlClient,
  terminal: Terminal,
): Promise<number> {
  try {
    switch (request.kind) {
      case "statistics":
        return await statistics(request.about, json, client, terminal);
      case "list":
        return await list(request, json, client, terminal);
      case "commit":
        await client.call("commit", { limitMs: COMMIT_LIMIT_MS }, { limitMs: COMMIT_LIMIT_MS + 5000 });
        return 0;
      case "flush":
        await client.call("flush", { cache: request.cache });
        return 0;
      default:
        await client.call(request.kind);
        return 0;
    }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    if (error.code === "unreachable") {
      terminal.error("can't connect: is conntrackd running? appropriate permissions?");
    }
    terminal.error(`ctsyncd: ${error.message}`);
    return 1;
  }
}

async function statistics(
  about: string,
  json: boolean,
  client: ControlClient,
  { out }: Terminal,
): Promise<number> {
  // The daemon of the same version answers `status` with exactly this.
  const status = (await client.call("status")) as Status;
  const text = STATISTICS[about];
  if (json || text === undefined) out(JSON.stringify(status, undefined, 2));
  else if (text(status) !== "") out(text(status).replace(/\n$/, ""));
  return 0;
}

async function list(
  { cache, about, xml }: Extract<Request, { readonly kind: "list" }>,
  json: boolean,
  client: ControlClient,
  { out, error }: Terminal,
): Promise<number> {
  // The daemon of the same version answers `list` with exactly this.
  const { lines, total } = (await client.call("list", { cache, about, xml }, { limitMs: 60_000 })) as {
    lines: string[];
    total: number;
  };
  if (json) out(JSON.stringify(lines, undefined, 2));
  else if (lines.length > 0) out(lines.join("\n"));
  if (total > lines.length) error(`ctsyncd: the first ${lines.length} of ${total} entries`);
  return 0;
}
