/**
 * Programs of others: resource scripts, OCF agents, what switches a node off.
 *
 * They may need anything root may do, which heartbeat itself may not. Under systemd each runs as a transient unit;
 * where there is no service manager, or it does not answer, as our child: rather hampered than not at all.
 */
import type { Clock } from "@systole/machine";
import { type ProgramCall, type ProgramResult, runProgram } from "./child-process.js";
import { runUnit } from "./transient-unit.js";

export interface ForeignCall extends ProgramCall {
  /** A few words, for the name of the unit: `apache start`. */
  readonly what: string;
  /** It may come every few seconds: the service manager logs nothing of it unless something is wrong. */
  readonly quiet?: boolean;
}

/** @throws ResourceError `script-missing` if it cannot be run; what `signal` says. */
export type RunForeign = (
  call: ForeignCall,
  signal: AbortSignal,
  printed: (line: string) => void,
) => Promise<ProgramResult>;

export interface ForeignDependencies {
  readonly clock: Clock;
  /** Does the service manager run, and may programs be units of it? */
  readonly asUnits: () => boolean;
  /** A folder of ours for `runUnit`. */
  readonly pipes: string;
  /** The service manager did not start it, with what was said. */
  readonly refused: (what: string, why: string) => void;
}

export function foreignPrograms({ clock, asUnits, pipes, refused }: ForeignDependencies): RunForeign {
  let count = 0;
  return async (call, signal, printed) => {
    if (asUnits()) {
      count++;
      const unit = { ...call, name: unitName(call.what, count) };
      const outcome = await runUnit(unit, signal, { clock, printed, pipes });
      if (!("refused" in outcome)) return outcome;
      refused(call.what, outcome.refused);
    }
    return runProgram(call, signal, { clock, printed });
  };
}

/** Unique, of letters that the name of a unit may have. @param count how many units of this kind there were. */
export const unitName = (what: string, count: number): string =>
  `heartbeat-${what.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 100)}-${process.pid}-${count}`;
