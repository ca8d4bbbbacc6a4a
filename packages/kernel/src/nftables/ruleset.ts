/** What `nft -j list ...` prints of our two tables: which objects there are, and the comments of a chain. Pure. */

/** Names of what stands in one table. */
export interface TableObjects {
  readonly chains: ReadonlySet<string>;
  readonly maps: ReadonlySet<string>;
}

type Json = { readonly [key: string]: unknown };

/** The objects of one table, such as `inet systole`. */
export function objectsOf(documents: readonly Json[], tableName: string): TableObjects {
  const [family, table] = tableName.split(" ");
  const ours = (kind: string) =>
    documents.flatMap((document) => {
      const object = document[kind];
      return isJson(object) && object.family === family && object.table === table ? [object] : [];
    });
  const nameOf = (object: Json) => String(object.name);
  return {
    chains: new Set(ours("chain").map(nameOf)),
    maps: new Set(ours("map").map(nameOf)),
  };
}

/** The comments of all rules listed, in order. */
export function commentsOf(documents: readonly Json[]): readonly string[] {
  return documents.flatMap(({ rule }) =>
    isJson(rule) && typeof rule.comment === "string" ? [rule.comment] : [],
  );
}

/** How many elements of the listed maps lead to each mark. */
export function countByMark(documents: readonly Json[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { map } of documents) {
    if (!isJson(map) || !Array.isArray(map.elem)) continue;
    for (const element of map.elem) {
      const mark: unknown = Array.isArray(element) ? element[1] : undefined;
      if (typeof mark === "number") counts.set(mark, (counts.get(mark) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * The objects in nft's answer: one JSON document per listing, one line each.
 * @throws SyntaxError if it is not JSON.
 */
export function parseListing(text: string): readonly Json[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    const document: unknown = JSON.parse(line);
    const objects = isJson(document) ? document.nftables : undefined;
    return Array.isArray(objects) ? objects.filter(isJson) : [];
  });
}

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
