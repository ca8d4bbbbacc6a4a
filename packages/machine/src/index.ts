export { type Clock, systemClock } from "./clock.js";
export { type Combined, combine, type Members, type Of } from "./combine.js";
export { type Driven, drive } from "./drive.js";
export type { Machine, Step, Tick } from "./machine.js";
export {
  between,
  earliest,
  type Instant,
  instant,
  type Millis,
  milliseconds,
  plus,
  seconds,
} from "./time.js";
