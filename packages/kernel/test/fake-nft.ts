/**
 * Plays `nft` for the commands that the nftables data plane uses, and refuses what the kernel would: a rule that names
 * what is not there, the end of what a rule still names. A script that fails changes nothing.
 */
import { KernelError } from "../src/kernel-error.js";
import type { Nft } from "../src/nftables/program.js";

interface Table {
  readonly chains: Map<string, string[]>;
  readonly maps: Map<string, Map<string, string>>;
  readonly counters: Set<string>;
}
type Tables = Map<string, Table>;

export interface FakeNft {
  readonly nft: Nft;
  /** Every script that was carried out, as lines. */
  readonly scripts: string[][];
  /** Somebody runs `nft flush ruleset`. */
  flush(): void;
  /** Everything that stands, to compare. */
  snapshot(): unknown;
  /** The rules of a chain, such as `inet systole choose`. */
  rules(chain: string): readonly string[] | undefined;
  /** The elements of a map, such as `inet systole svc4`. */
  elements(map: string): ReadonlyMap<string, string> | undefined;
}

export function fakeNft(): FakeNft {
  let tables: Tables = new Map();
  const scripts: string[][] = [];
  const at = (path: string) => {
    const [family, table, name] = path.split(" ");
    return { table: tables.get(`${family} ${table}`), name: name! }; // tests name all three
  };
  return {
    scripts,
    flush: () => tables.clear(),
    snapshot: () => structuredClone(tables),
    rules: (path) => at(path).table?.chains.get(at(path).name),
    elements: (path) => at(path).table?.maps.get(at(path).name),
    async nft(operation, args, input = "") {
      if (args[0] === "-j") return list(tables, args.at(-1)!, operation);
      const lines = input.trimEnd().split("\n");
      const copy = cloneOf(tables);
      for (const line of lines) carryOut(copy, line, operation);
      for (const [name, table] of copy) checkReferences(name, table, operation);
      tables = copy;
      scripts.push(lines);
      return "";
    },
  };
}

const cloneOf = (tables: Tables): Tables => structuredClone(tables);

function fail(operation: string, line: string, code = "ENOENT"): never {
  throw new KernelError(operation, { code, kernelMessage: line });
}

function carryOut(tables: Tables, line: string, operation: string): void {
  const [, verb, kind, tableName, rest = ""] =
    /^(add|flush|delete) (table|chain|map|counter|rule|element) (\S+ \S+) ?(.*)$/.exec(line) ??
    fail(operation, line, "EINVAL");
  if (kind === "table") {
    if (verb === "add") tables.set(tableName!, tables.get(tableName!) ?? emptyTable());
    else if (!tables.delete(tableName!)) fail(operation, line);
    return;
  }
  const table = tables.get(tableName!) ?? fail(operation, line);
  const [, name, tail = ""] = /^(\S+) ?(.*)$/.exec(rest) ?? fail(operation, line, "EINVAL");
  change(table, `${verb} ${kind}`, name!, tail, () => fail(operation, line));
}

function change(table: Table, what: string, name: string, tail: string, missing: () => never): void {
  const { chains, maps, counters } = table;
  switch (what) {
    case "add chain":
      if (!chains.has(name)) chains.set(name, []);
      return;
    case "flush chain":
      if (!chains.has(name)) missing();
      chains.set(name, []);
      return;
    case "delete chain":
      if (!chains.delete(name)) missing();
      return;
    case "add rule":
      (chains.get(name) ?? missing()).push(tail);
      if (!referencesStand(table, tail)) missing();
      return;
    case "add map":
      if (!maps.has(name)) maps.set(name, new Map());
      return;
    case "delete map":
      if (!maps.delete(name)) missing();
      return;
    case "add counter":
      counters.add(name);
      return;
    case "delete counter":
      if (!counters.delete(name)) missing();
      return;
    case "add element": {
      const [key, target] = tail.slice(2, -2).split(" : goto ");
      (maps.get(name) ?? missing()).set(key!, target!); // as addElement writes it
      return;
    }
    case "delete element":
      if (!(maps.get(name) ?? missing()).delete(tail.slice(2, -2))) missing();
      return;
    default:
      missing();
  }
}

/** What a rule names is there. */
function referencesStand({ chains, maps, counters }: Table, rule: string): boolean {
  const all = (pattern: RegExp, there: { has(name: string): boolean }) =>
    [...rule.matchAll(pattern)].every(([, name]) => there.has(name!)); // each pattern has one group
  return (
    all(/@(\w+)/g, maps) && all(/(?:goto|jump) (\w+)/g, chains) && all(/counter name "(\w+)"/g, counters)
  );
}

function checkReferences(name: string, table: Table, operation: string): void {
  for (const [chain, rules] of table.chains)
    for (const rule of rules)
      if (!referencesStand(table, rule)) fail(operation, `${name} ${chain}: ${rule.slice(0, 80)}`, "EBUSY");
  for (const [map, elements] of table.maps)
    for (const target of elements.values())
      if (!table.chains.has(target)) fail(operation, `${name} ${map} leads to ${target}`, "EBUSY");
}

const emptyTable = (): Table => ({ chains: new Map(), maps: new Map(), counters: new Set() });

function list(tables: Tables, commands: string, operation: string): string {
  return commands
    .split("; ")
    .map((command) =>
      JSON.stringify({ nftables: [{ metainfo: {} }, ...listOne(tables, command, operation)] }),
    )
    .join("\n");
}

function listOne(tables: Tables, command: string, operation: string): readonly object[] {
  const objects = [...tables].flatMap(([path, { chains, maps, counters }]) => {
    const [family, table] = path.split(" ");
    const named = (name: string) => ({ family, table, name });
    return [
      ...[...chains.keys()].map((name) => ({ chain: named(name) })),
      ...[...maps.keys()].map((name) => ({ map: named(name) })),
      ...[...counters].map((name) => ({ counter: { ...named(name), packets: 0, bytes: 0 } })),
    ];
  });
  const all = /^list (chain|map|counter)s$/.exec(command);
  if (all !== null) return objects.filter((object) => all[1]! in object);
  const [, kind, path, name] =
    /^list (chain|map) (\S+ \S+) (\S+)$/.exec(command) ?? fail(operation, command, "EINVAL");
  const table = tables.get(path!) ?? fail(operation, command);
  if (kind === "map") return table.maps.has(name!) ? [{ map: { name } }] : fail(operation, command);
  const rules = table.chains.get(name!) ?? fail(operation, command);
  return rules.map((rule) => ({ rule: { comment: /comment "(.*)"$/.exec(rule)?.[1] } }));
}
