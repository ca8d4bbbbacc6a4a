/** A way heartbeats travel: every message goes out on every medium, and what comes in is told by medium. */

export interface Medium {
  /** The device's name: two ucast lines on one device are one link. */
  readonly name: string;
  /** For people: `ucast eth1 10.67.0.2`. */
  readonly description: string;
  /** The only framing that it can carry; undefined: any. */
  readonly framing?: "classic";
  /** Is there a socket at present? A device that vanished comes back by itself. */
  readonly ready: boolean;
  /** Leaves the process before it returns, or counts as a failure in the log. Nothing is queued. */
  send(datagram: Uint8Array): void;
  close(): void;
}

export interface MediumHandlers {
  /** A datagram as it came, from anybody: only its signature counts. Valid during the call only. */
  received(datagram: Uint8Array, medium: Medium): void;
  /** A line for the log. The medium itself keeps their number in bounds. */
  warn(problem: string): void;
  info(text: string): void;
}
