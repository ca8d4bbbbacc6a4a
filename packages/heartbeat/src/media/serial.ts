/**
 * `serial <device>`: a cable between two nodes. Only classic framing travels on it, because only that shows in the
 * middle of noise where a message begins (`>>>`) and ends (`<<<`).
 */
import { type Clock, plus, seconds } from "@systole/machine";
import { openSerial, type SerialLine } from "@systole/sys";
import type { MediumConfig } from "../config/ha-cf.js";
import { type FailureCount, failureCount } from "./failure-count.js";
import type { Medium, MediumHandlers } from "./medium.js";
import { messageSplitter } from "./message-splitter.js";

const RETRY_PAUSE = seconds(1);

export interface SerialMediumDependencies {
  readonly clock: Clock;
  readonly handlers: MediumHandlers;
}

type SerialConfig = Extract<MediumConfig, { kind: "serial" }>;

/** Never fails: a line that cannot be opened says so and goes on trying. */
export function openSerialMedium(config: SerialConfig, dependencies: SerialMediumDependencies): Medium {
  const medium = new SerialMedium(config, dependencies);
  medium.open();
  return medium;
}

class SerialMedium implements Medium {
  readonly name: string;
  readonly description: string;
  readonly framing = "classic";
  readonly #baud: number;
  readonly #world: SerialMediumDependencies;
  readonly #opening: FailureCount;
  readonly #sending: FailureCount;
  #line: SerialLine | undefined;
  #closed = false;
  #callOff = () => {};

  constructor({ device, baud }: SerialConfig, dependencies: SerialMediumDependencies) {
    this.name = device;
    this.description = `serial ${device}`;
    this.#baud = baud;
    this.#world = dependencies;
    this.#opening = failureCount(`${this.description}: open`);
    this.#sending = failureCount(`${this.description}: send`);
  }

  get ready(): boolean {
    return this.#line !== undefined;
  }

  open(): void {
    const { handlers } = this.#world;
    const split = messageSplitter((message) => handlers.received(message, this));
    try {
      this.#line = openSerial(this.name, this.#baud, {
        onBytes: split,
        onGone: (problem) => this.#failed(problem),
      });
      tell(handlers.info, this.#opening.worked());
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #failed(problem: string): void {
    const { clock, handlers } = this.#world;
    this.#line = undefined;
    tell(handlers.warn, this.#opening.failed(problem));
    if (this.#closed) return;
    this.#callOff();
    this.#callOff = clock.at(plus(clock.now(), RETRY_PAUSE), () => this.open());
  }

  /** What a slow line does not take is lost: the receiver finds the next beginning. */
  send(datagram: Uint8Array): void {
    const line = this.#line;
    if (line === undefined) return;
    const { handlers } = this.#world;
    try {
      const taken = line.write(datagram);
      if (taken === datagram.length) tell(handlers.info, this.#sending.worked());
      else
        tell(
          handlers.warn,
          this.#sending.failed(`the line is too slow, it took ${taken} of ${datagram.length} bytes`),
        );
    } catch (error) {
      line.close();
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    this.#line?.close();
    this.#line = undefined;
  }
}

function tell(log: (text: string) => void, line: string | undefined): void {
  if (line !== undefined) log(line);
}
