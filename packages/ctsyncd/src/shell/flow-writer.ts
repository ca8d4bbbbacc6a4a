/**
 * Carries out a batch on our kernel's table, with a second and a third try where one may help: what is in the way is
 * removed first, what was to change and is not there is made, and a helper that is not loaded here is left out.
 */
import type { FlowTable } from "@systole/kernel";
import { errnoName, RequestBatch } from "@systole/node-netlink";
import { type FlowBatch, REMOVE, UPDATE } from "../core/flow-batch.js";
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

/** How a flow is asked for first. */
const firstWay = (kind: number): Way => (kind === UPDATE ? "update" : kind === REMOVE ? "remove" : "create");

/** Returns the function that carries out one batch before it returns. */
export function flowWriter(table: FlowTable, options: RestoreOptions): (batch: FlowBatch) => WriteResult {
  const requests = new RequestBatch();
  const toKernel = new FlowToKernel(requests, options);
  const body = new AttributeIndex(FLOW_ATTRIBUTES);

  /** @returns the number of the request whose outcome counts: of a replacement that is the creation. */
  function ask(batch: FlowBatch, index: number, way: Way): number {
    body.scan(batch.bytes, batch.from(index), batch.to(index));
    if (way === "update") toKernel.update(body);
    else if (way === "remove") toKernel.remove(body);
    else {
      if (way === "replace") toKernel.remove(body);
      toKernel.create(body, way !== "create without helper");
    }
    return requests.count - 1;
  }

  /** Every flow once, one request each: nearly always the only round, so it makes no object per flow. */
  function firstRound(batch: FlowBatch): Int32Array {
    requests.clear();
    for (let index = 0; index < batch.count; index++) ask(batch, index, firstWay(batch.kind(index)));
    return table.send(requests);
  }

  /** One more round. @returns the errno of each attempt. */
  function nextRound(batch: FlowBatch, attempts: readonly Attempt[]): number[] {
    requests.clear();
    const answers = attempts.map(({ index, way }) => ask(batch, index, way));
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
    let again: Attempt[] = [];
    const judge = (index: number, way: Way, errno: number): void => {
      if (way === "remove" && (errno === 0 || errno === ENOENT)) result.removed += 1;
      else if (errno === 0) result[way === "update" ? "updated" : "written"] += 1;
      else {
        const other = next(batch, { index, way }, errno);
        if (other !== undefined) again.push({ index, way: other });
        else {
          result.failed += 1;
          error ??= `refused by the kernel (${errnoName(errno)})`;
        }
      }
    };
    const outcomes = firstRound(batch);
    for (let index = 0; index < batch.count; index++) {
      judge(index, firstWay(batch.kind(index)), outcomes[index]!);
    }
    while (again.length > 0) {
      const attempts = again;
      again = [];
      for (const [at, errno] of nextRound(batch, attempts).entries()) {
        judge(attempts[at]!.index, attempts[at]!.way, errno);
      }
    }
    return { ...result, ...(error !== undefined && { error }) };
  };
}
