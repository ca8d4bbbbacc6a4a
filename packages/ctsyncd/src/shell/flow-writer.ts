/**
 * Carries out a batch on our kernel's table, with a second and a third try where one may help: what is in the way is
 * removed first, what was to change and is not there is made, and a helper that is not loaded here is left out.
 */
import type { FlowTable } from "@systole/kernel";
import { errnoName, RequestBatch } from "@systole/node-netlink";
import { CREATE, type FlowBatch, REMOVE, UPDATE } from "../core/flow-batch.js";
import { AttributeIndex, CT, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { FlowToKernel, type RestoreOptions } from "../wire/flow-to-kernel.js";

export interface WriteResult {
  readonly written: number;
  readonly updated: number;
  readonly removed: number;
  readonly failed: number;
  readonly error?: string;
}

const EEXIST = 17;
const ENOENT = 2;

/** How a flow is asked for. */
type Way = "create" | "update" | "remove" | "replace" | "create without helper";

interface Attempt {
  readonly index: number;
  readonly way: Way;
}

const FIRST_WAY: ReadonlyMap<number, Way> = new Map([
  [CREATE, "create"],
  [UPDATE, "update"],
  [REMOVE, "remove"],
]);

/** Returns the function that carries out one batch before it returns. */
export function flowWriter(table: FlowTable, options: RestoreOptions): (batch: FlowBatch) => WriteResult {
  const requests = new RequestBatch();
  const toKernel = new FlowToKernel(requests, options);
  const body = new AttributeIndex(FLOW_ATTRIBUTES);

  /** One round of requests. @returns the errno of each attempt. */
  function send(batch: FlowBatch, attempts: readonly Attempt[]): number[] {
    requests.clear();
    const answers: number[] = [];
    for (const { index, way } of attempts) {
      body.scan(batch.bytes, batch.from(index), batch.to(index));
      if (way === "update") toKernel.update(body);
      else if (way === "remove") toKernel.remove(body);
      else {
        if (way === "replace") toKernel.remove(body);
        toKernel.create(body, way !== "create without helper");
      }
      answers.push(requests.count - 1); // of a replacement the outcome of the creation counts
    }
    const outcomes = table.send(requests);
    return answers.map((answer) => outcomes[answer]!);
  }

  function hasHelper(batch: FlowBatch, index: number): boolean {
    return body.scan(batch.bytes, batch.from(index), batch.to(index)).has(CT.HELPER_NAME);
  }

  /** What to try next after a refusal; undefined: nothing helps. */
  function next(batch: FlowBatch, { index, way }: Attempt, errno: number): Way | undefined {
    if (way === "update") return errno === ENOENT ? "create" : "replace";
    if (way === "create" && errno === EEXIST) return "replace";
    if ((way === "create" || way === "replace") && hasHelper(batch, index)) return "create without helper";
    return undefined;
  }

  return (batch) => {
    const result = { written: 0, updated: 0, removed: 0, failed: 0 };
    let error: string | undefined;
    let attempts: Attempt[] = [];
    for (let index = 0; index < batch.count; index++) {
      attempts.push({ index, way: FIRST_WAY.get(batch.kind(index)) ?? "create" });
    }
    while (attempts.length > 0) {
      const outcomes = send(batch, attempts);
      const again: Attempt[] = [];
      for (const [at, attempt] of attempts.entries()) {
        const errno = outcomes[at]!;
        if (attempt.way === "remove" && (errno === 0 || errno === ENOENT)) result.removed += 1;
        else if (errno === 0) result[attempt.way === "update" ? "updated" : "written"] += 1;
        else {
          const way = next(batch, attempt, errno);
          if (way !== undefined) again.push({ index: attempt.index, way });
          else {
            result.failed += 1;
            error ??= `refused by the kernel (${errnoName(errno)})`;
          }
        }
      }
      attempts = again;
    }
    return { ...result, ...(error !== undefined && { error }) };
  };
}
