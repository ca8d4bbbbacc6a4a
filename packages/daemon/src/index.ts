export type { Caller, DaemonContext, Verb } from "./context.js";
