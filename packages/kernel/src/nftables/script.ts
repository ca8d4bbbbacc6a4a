/**
 * One `nft -f` transaction from what stands in the kernel to a wanted layout. Pure.
 *
 * All of it happens at once or not at all. What did not change is not touched: its turn of round robin, its counters
 * and its remembered clients stay.
 */
import { serviceKey } from "../balancer.js";
import { writeDefinition } from "./definition.js";
import { directFrame, directObjects, directService, GATE_TABLE } from "./direct.js";
import { type Layout, type NeededObjects, names, type PlacedService } from "./layout.js";
import type { TableObjects } from "./ruleset.js";
import {
  DEFINITION_CHAIN,
  DEFINITION_TABLE,
  deleteElement,
  isDirect,
  renewal,
  TABLE,
  translateFrame,
  translateObjects,
  translateService,
} from "./translate.js";
import type { Routes } from "./way.js";

/** What stands in the kernel now. */
export interface Standing {
  /** What both the definition and the rules have. */
  readonly layout: Layout;
  readonly inet: TableObjects;
  readonly netdev: TableObjects;
  readonly definition: TableObjects;
}

export interface Surroundings {
  readonly routes: Routes;
  /** Interfaces on which packets for a VIP may arrive. */
  readonly devices: readonly string[];
}

/** The script, without a line if nothing is to be done. */
export function transaction(standing: Standing, wanted: Layout, around: Surroundings): readonly string[] {
  if (wanted.length === 0) return deleteTables(standing);
  // Whose rules are there without a definition nobody knows: begin anew.
  const damaged = standing.layout.length === 0;
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
    ...sweep(
      TABLE,
      now.inet,
      wanted.map((placed) => translateObjects(placed, around.routes)),
    ),
    ...sweep(
      GATE_TABLE,
      now.netdev,
      direct.map((placed) => directObjects(placed, around.routes)),
    ),
    ...definition(wanted),
  ];
}

const noObjects: TableObjects = { chains: new Set(), maps: new Set() };
const nothingStands: Standing = {
  layout: [],
  inet: noObjects,
  netdev: noObjects,
  definition: noObjects,
};

function deleteTables({ inet, netdev, definition: defined }: Standing): readonly string[] {
  return [
    ...(inet.chains.size > 0 ? [`delete table ${TABLE}`] : []),
    ...(netdev.chains.size > 0 ? [`delete table ${GATE_TABLE}`] : []),
    ...(defined.chains.size > 0 ? [`delete table ${DEFINITION_TABLE}`] : []),
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

/** Removes what stands and is needed no more: first all rules, so that nothing refers to anything. */
function sweep(table: string, standing: TableObjects, needed: readonly NeededObjects[]): readonly string[] {
  const keepChains = new Set(needed.flatMap(({ chains }) => chains));
  const keepMaps = new Set(needed.flatMap(({ maps }) => maps));
  const chains = [...standing.chains].filter((name) => OF_A_SERVICE.test(name) && !keepChains.has(name));
  const maps = [...standing.maps].filter((name) => OF_A_SERVICE.test(name) && !keepMaps.has(name));
  return [
    ...chains.map((name) => `flush chain ${table} ${name}`),
    ...chains.map((name) => `delete chain ${table} ${name}`),
    ...maps.map((name) => `delete map ${table} ${name}`),
    ...chains.filter((name) => COUNTED.test(name)).map((name) => `delete counter ${table} ${name}`),
  ];
}

/** Names of `names`; the others are of the frame and stay. */
const OF_A_SERVICE = /^[srnpf]_/;
const COUNTED = /^[rn]_/;

function definition(wanted: Layout): readonly string[] {
  return [
    `add table ${DEFINITION_TABLE}`,
    `add chain ${DEFINITION_TABLE} ${DEFINITION_CHAIN}`,
    `flush chain ${DEFINITION_TABLE} ${DEFINITION_CHAIN}`,
    ...writeDefinition(wanted).map(
      (line) => `add rule ${DEFINITION_TABLE} ${DEFINITION_CHAIN} continue comment "${line}"`,
    ),
  ];
}
