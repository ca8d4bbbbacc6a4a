/** `ctsyncd -e | head`: who reads has had enough. That is no error, and worth no stack trace. */

/** From now on the program ends quietly, with the exit code it has so far, when nobody reads its output any more. */
export function endOnBrokenPipe(): void {
  const broken = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  };
  process.stdout.on("error", broken);
  process.stderr.on("error", broken);
}
