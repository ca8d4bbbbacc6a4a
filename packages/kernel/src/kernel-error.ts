/** What the kernel refused, of any part of `Kernel`. */
export interface KernelErrorDetails {
  /** Name of the errno: `EEXIST`, `ENODEV`. */
  readonly code: string;
  /** The kernel's own words, if it had any. */
  readonly kernelMessage?: string | undefined;
  readonly cause?: unknown;
}

/** The one error class of this package: `add virtual service tcp 192.0.2.10:80: refused by the kernel (EEXIST)`. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly operation: string;
  readonly code: string;

  constructor(operation: string, { code, kernelMessage, cause }: KernelErrorDetails) {
    super(`${operation}: ${kernelMessage || "refused by the kernel"} (${code})`, { cause });
    this.operation = operation;
    this.code = code;
  }
}

/** The error's errno name; undefined if it has none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Any error as a KernelError of this operation; one that is a KernelError already stays. */
export function kernelError(operation: string, error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const code = errorCode(error) ?? "EIO";
  const told = error instanceof Error && "kernelMessage" in error ? error.kernelMessage : undefined;
  const kernelMessage = typeof told === "string" && told !== "" ? told : undefined;
  const words = kernelMessage ?? (errorCode(error) === undefined ? String(error) : undefined);
  return new KernelError(operation, { code, kernelMessage: words, cause: error });
}
