/**
 * The orders of operators on disk, so that they outlive the daemon: one JSON file, replaced as a whole.
 *
 * A file that cannot be read is said in the log and is not used; it is kept under another name.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Instant, milliseconds, plus } from "@systole/machine";
import type { OperatorOrder, Override, Overrides } from "../core/override.js";

interface Stored {
  readonly service: string;
  readonly real: string;
  readonly order: OperatorOrder;
  readonly by: string;
  readonly why?: string;
  readonly sinceMs: number;
  readonly untilMs?: number;
}

export interface Moment {
  readonly now: Instant;
  readonly wallMs: number;
}

/** `/var/lib/systole/ldirectord/overrides.json`, or below `SYSTOLE_STATE`. */
export const overridesPath = (
  daemon: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string => `${environment.SYSTOLE_STATE ?? "/var/lib/systole"}/${daemon}/overrides.json`;

/** What was kept; orders whose time is over are left out. `problem`: the file is no such file. */
export function readOverrides(
  path: string,
  { now, wallMs }: Moment,
): { readonly overrides: Overrides; readonly problem: string | undefined } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { overrides: new Map(), problem: missing ? undefined : String(error) };
  }
  const stored = parse(text);
  if (stored === undefined) {
    const aside = `${path}.unreadable`;
    try {
      renameSync(path, aside);
    } catch {
      // it stays where it is, and is replaced by the next order
    }
    return { overrides: new Map(), problem: `not a file of orders; kept as ${aside}` };
  }
  const overrides = new Map<string, Map<string, Override>>();
  for (const { service, real, why, untilMs, ...rest } of stored) {
    if (untilMs !== undefined && untilMs <= wallMs) continue;
    const until = untilMs === undefined ? undefined : plus(now, milliseconds(untilMs - wallMs));
    const reals = overrides.get(service) ?? new Map<string, Override>();
    overrides.set(service, reals.set(real, { ...rest, why, untilMs, until }));
  }
  return { overrides, problem: undefined };
}

/** @throws Error if the disk does not take it */
export function writeOverrides(path: string, overrides: Overrides): void {
  const orders = [...overrides].flatMap(([service, reals]) =>
    [...reals].map(([real, { order, by, why, sinceMs, untilMs }]): Stored => {
      const more = { ...(why === undefined ? {} : { why }), ...(untilMs === undefined ? {} : { untilMs }) };
      return { service, real, order, by, sinceMs, ...more };
    }),
  );
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ version: 1, orders }, undefined, 2)}\n`, {
    mode: 0o644,
    flush: true,
  });
  renameSync(temporary, path);
}

function parse(text: string): readonly Stored[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("orders" in value)) return undefined;
    const { orders } = value;
    return Array.isArray(orders) && orders.every(isStored) ? orders : undefined;
  } catch {
    return undefined;
  }
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null) return false;
  // each of them is looked at below
  const { service, real, order, by, why, sinceMs, untilMs } = value as Record<keyof Stored, unknown>;
  return (
    [service, real, by].every((text) => typeof text === "string") &&
    (why === undefined || typeof why === "string") &&
    typeof sinceMs === "number" &&
    (untilMs === undefined || typeof untilMs === "number") &&
    isOrder(order)
  );
}

function isOrder(value: unknown): value is OperatorOrder {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "drain" || value.kind === "maint") return true;
  return value.kind === "weight" && "weight" in value && isWeight(value.weight);
}

/** What the kernel takes as a weight. */
export const isWeight = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535;
