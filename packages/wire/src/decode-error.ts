/** Bytes that are not what they should be: which format, at which offset, and what is wrong there. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly format: string;
  readonly offset: number;
  readonly problem: string;

  constructor(format: string, offset: number, problem: string) {
    super(`${format}: ${problem} at byte ${offset}`);
    this.format = format;
    this.offset = offset;
    this.problem = problem;
  }
}
