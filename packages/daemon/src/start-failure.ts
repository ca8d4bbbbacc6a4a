/** The daemon cannot start, for a reason that a person has to mend: no stack trace, an exit code of its own. */
export class StartFailure extends Error {
  readonly exitCode: number;
  /** What the reason was has been printed already. */
  readonly told: boolean;

  constructor(message: string, exitCode = 1, options: ErrorOptions & { readonly told?: boolean } = {}) {
    super(message, options);
    this.name = "StartFailure";
    this.exitCode = exitCode;
    this.told = options.told ?? false;
  }
}
