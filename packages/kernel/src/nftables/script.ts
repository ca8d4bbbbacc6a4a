/**
 * One `nft -f` transaction from what stands in the kernel to a wanted layout. Pure.
 *
 * All of it happens at once or not at all. What did not change is not touched: its turn of round robin, its counters
 * and its remembered clients stay.
 */
import { serviceKey } from "../balancer.js";
import { writeDefinition } from "./definition.js";
import { directFrame, directService, GATE_TABLE } from "./direct.js";
import { type Layout, names, type PlacedService } from "./layout.js";
import type { TableObjects } from "./ruleset.js";
import {
  DEFINITION,
  deleteElement,
  isDirect,
  renewal,
  TABLE,
  translateFrame,
  translateService,
} from "./translate.js";
import type { Routes } from "./way.js";

/** What stands in the kernel now. */
export interface Standing {
  readonly layout: Layout;
  readonly inet: TableObjects;
  readonly netdev: TableObjects;
}

export interface Surroundings {
  readonly routes: Routes;
  /** Interfaces on which packets for a VIP may arrive. */
  readonly devices: readonly string[];
}

/** The script, without a line if nothing is to be done. */
export function transaction(standing: Standing, wanted: Layout, around: Surroundings): readonly string[] {
  if (wanted.length === 0) return deleteTables(standing);
  const damaged = !standing.inet.chains.has(DEFINITION);
  const now: Standing = damaged ? nothingStands : standing;
  const direct = wanted.filter((placed) => isDirect(placed, around.routes));
  const touched = touchedServices(now, wanted, around.routes);
  const usesGate = direct.length > 0 || now.netdev.chains.size > 0;
  return [
    ...(damaged ? deleteTables(standing) : []),
    ...translateFrame(),
    ...(usesGate ? directFrame(around.devices) : []),
    ...touched.flatMap((placed) => translateService(placed, around.routes)),
    ...direct.flatMap((placed) => directService(placed, around.routes)),
    ...renewal(wanted),
    ...goneElements(now, wanted, direct),
    ...sweep(TABLE, now.inet, neededObjects(translateText(wanted, around.routes))),
    ...(usesGate ? sweep(GATE_TABLE, now.netdev, neededObjects(directText(direct, around))) : []),
    ...definition(wanted),
  ];
}

const noObjects: TableObjects = { chains: new Set(), maps: new Set(), counters: new Map() };
const nothingStands: Standing = { layout: [], inet: noObjects, netdev: noObjects };

function deleteTables({ inet, netdev }: Standing): readonly string[] {
  return [
    ...(inet.chains.size > 0 ? [`delete table ${TABLE}`] : []),
    ...(netdev.chains.size > 0 ? [`delete table ${GATE_TABLE}`] : []),
  ];
}

/** Services that are new or differ, and those whose way depends on routes, which may have changed meanwhile. */
function touchedServices(now: Standing, wanted: Layout, routes: Routes): Layout {
  const standing = new Set(now.layout.map((placed) => writeDefinition([placed]).join("\n")));
  const gates = ({ reals }: PlacedService) => reals.some(({ real }) => real.forwarding === "gate");
  return wanted.filter(
    (placed) =>
      !standing.has(writeDefinition([placed]).join("\n")) || gates(placed) || isDirect(placed, routes),
  );
}

function goneElements(now: Standing, wanted: Layout, direct: Layout): readonly string[] {
  const keep = (layout: Layout) => new Set(layout.map(({ service }) => serviceKey(service.id)));
  const wantedKeys = keep(wanted);
  const directKeys = keep(direct);
  return now.layout.flatMap((placed) => {
    const key = serviceKey(placed.service.id);
    const inNetdev = now.netdev.chains.has(names.service(placed));
    return [
      ...(wantedKeys.has(key) ? [] : [deleteElement(TABLE, placed)]),
      ...(inNetdev && !directKeys.has(key) ? [deleteElement(GATE_TABLE, placed)] : []),
    ];
  });
}

const translateText = (wanted: Layout, routes: Routes): readonly string[] => [
  ...translateFrame(),
  ...wanted.flatMap((placed) => translateService(placed, routes)),
];

const directText = (direct: Layout, around: Surroundings): readonly string[] => [
  ...directFrame(around.devices),
  ...direct.flatMap((placed) => directService(placed, around.routes)),
];

/** Every object that a script adds, as `chain s_0a1b2c3d`. */
function neededObjects(script: readonly string[]): ReadonlySet<string> {
  return new Set(
    script.flatMap((line) => {
      const [verb, kind, , , name] = line.split(" ");
      return verb === "add" && (kind === "chain" || kind === "map" || kind === "counter")
        ? [`${kind} ${name}`]
        : [];
    }),
  );
}

/** Removes what stands and is needed no more: first all rules, so that nothing refers to anything. */
function sweep(table: string, standing: TableObjects, needed: ReadonlySet<string>): readonly string[] {
  const gone = (kind: string, all: Iterable<string>) =>
    [...all].filter((name) => !needed.has(`${kind} ${name}`) && name !== DEFINITION);
  const chains = gone("chain", standing.chains);
  return [
    ...chains.map((name) => `flush chain ${table} ${name}`),
    ...chains.map((name) => `delete chain ${table} ${name}`),
    ...gone("map", standing.maps).map((name) => `delete map ${table} ${name}`),
    ...gone("counter", standing.counters.keys()).map((name) => `delete counter ${table} ${name}`),
  ];
}

function definition(wanted: Layout): readonly string[] {
  return [
    `add chain ${TABLE} ${DEFINITION}`,
    `flush chain ${TABLE} ${DEFINITION}`,
    ...writeDefinition(wanted).map((line) => `add rule ${TABLE} ${DEFINITION} continue comment "${line}"`),
  ];
}
