/** What others need of ctsyncd: its core, for the simulation. */
export { compileFilter, type Filter, type Passes } from "./core/filter.js";
export { Session, sessionMachine } from "./core/session.js";
export type {
  Answer,
  Command,
  Report,
  SessionAction,
  SessionEvent,
  SessionOptions,
} from "./core/session.types.js";
