/** Why a request on a control socket was not carried out. */

/**
 * `code` for programs: `unknown-verb`, `bad-request`, `not-permitted`, `too-long`, `busy`, `failed` from the kit;
 * `unreachable`, `time-limit`, `disconnected` on the client's side; a daemon's verbs add their own.
 */
export class ControlError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ControlError";
    this.code = code;
  }
}
