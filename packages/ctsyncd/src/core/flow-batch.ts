/**
 * Many message bodies in one memory, each with a number that says what is to be done with it: how flows travel between
 * shell and core. Made once and used again: no object per flow.
 */
import { LARGEST_BODY } from "../wire/attribute.js";

/** What our kernel told of a flow; the numbers are the kernel's kinds. */
export const BORN = 0;
export const CHANGED = 1;
export const ENDED = 2;
/** Added to these three: a request of our own caused it. */
export const OWN = 4;
/** Added to an entry of a survey: its windows are judged liberally. */
export const LIBERAL = 8;

/** What our kernel is asked to do with a flow. */
export const CREATE = 0;
export const UPDATE = 1;
export const REMOVE = 2;

export class FlowBatch {
  #bytes: Uint8Array = new Uint8Array(16 * 1024);
  #starts = new Int32Array(256);
  #kinds = new Uint8Array(256);
  #count = 0;
  #end = 0;

  get count(): number {
    return this.#count;
  }
  /** The memory: bodies lie at `from` to `to`. It is another one after `room`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
  /** Where the next body is to be written. */
  get end(): number {
    return this.#end;
  }

  /** Memory with room for one more body behind `end`. */
  room(): Uint8Array {
    if (this.#bytes.length - this.#end < LARGEST_BODY) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  /** The body that was written behind `end` ends at `to`: it is one of the batch now. */
  add(kind: number, to: number): void {
    if (this.#count + 1 >= this.#starts.length) this.#grow();
    this.#kinds[this.#count] = kind;
    this.#count += 1;
    this.#starts[this.#count] = to;
    this.#end = to;
  }

  /** Copies a body in. */
  copy(kind: number, bytes: Uint8Array, from: number, to: number): void {
    const into = this.room();
    into.set(bytes.subarray(from, to), this.#end);
    this.add(kind, this.#end + to - from);
  }

  kind(index: number): number {
    return this.#kinds[index]!;
  }
  from(index: number): number {
    return this.#starts[index]!;
  }
  to(index: number): number {
    return this.#starts[index + 1]!;
  }

  clear(): void {
    this.#count = 0;
    this.#end = 0;
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const kinds = new Uint8Array(this.#kinds.length * 2);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
  }
}
