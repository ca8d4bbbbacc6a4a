/**
 * Reads haresources: one resource group a line, the preferred node first, then its resources from left to right.
 *
 * `#` starts a comment anywhere, a backslash at the end of a line continues it. `script::arg::arg` calls a script with
 * arguments; what looks like an IPv4 address is `IPaddr::<text>`. A group's key is its first resource as written.
 * Source: specification of heartbeat, section 4.1.
 */
import {
  type Diagnostic,
  hasErrors,
  lines,
  type Parsed,
  type Source,
  type Span,
  suggest,
  type Word,
  words,
} from "@systole/config";

export interface Resource {
  /** As written: `IPaddr2::192.0.2.10/24/eth0`, `192.0.2.10`. */
  readonly text: string;
  /** The script's or built-in resource's name: `IPaddr2`. */
  readonly script: string;
  readonly args: readonly string[];
  readonly at: Span;
}

export interface ResourceGroup {
  readonly key: string;
  /** Lower case. */
  readonly preferred: string;
  /** In the order they are started; stopped from the right. */
  readonly resources: readonly Resource[];
}

export type Haresources = readonly ResourceGroup[];

const LOOKS_LIKE_IPV4 = /^[0-9].*\.[0-9].*\.[0-9].*\.[0-9]/;

/**
 * @param nodes the nodes of ha.cf, lower case: a group's preferred node must be one of them. Without, any name will do:
 * for tools that only look into the file.
 */
export function parseHaresources(source: Source, nodes?: readonly string[]): Parsed<Haresources> {
  const diagnostics: Diagnostic[] = [];
  const complain = (code: string, span: Span, message: string, hint?: string) => {
    const severity = code === "empty-group" ? "warning" : "error"; // it starts nothing, as in the original
    const base = { path: source.path, span, severity, code, message } as const;
    diagnostics.push(hint === undefined ? base : { ...base, hint });
  };
  const groups: ResourceGroup[] = [];
  const keys = new Map<string, Span>();
  for (const [node, ...rest] of logicalLines(source)) {
    if (node === undefined) continue;
    const preferred = node.text.toLowerCase();
    if (nodes !== undefined && !nodes.includes(preferred)) {
      const meant = suggest(preferred, nodes);
      const hint = meant === undefined ? `nodes of ha.cf: ${nodes.join(" ")}` : `did you mean ${meant}?`;
      complain("bad-node", node, `bad node name in haresources [${node.text}]`, hint);
    }
    const resources = rest.map(toResource);
    for (const { script, at } of resources)
      if (script === "") complain("bad-resource", at, "a resource begins with a name");
    const first = resources[0];
    if (first === undefined) {
      complain(
        "empty-group",
        node,
        `${node.text} is preferred for nothing`,
        "name at least one resource behind the node",
      );
      continue;
    }
    const earlier = keys.get(first.text);
    if (earlier !== undefined) {
      const hint = `line ${earlier.line} begins with it, too: put another resource first, or join the groups`;
      complain("duplicate-group", first.at, `two groups begin with ${first.text}`, hint);
    }
    keys.set(first.text, first.at);
    groups.push({ key: first.text, preferred, resources });
  }
  return { value: hasErrors(diagnostics) ? undefined : groups, diagnostics };
}

/** The words of each line, its continuation lines joined; each word keeps the place where it stands. */
function logicalLines(source: Source): readonly (readonly Word[])[] {
  const logical: Word[][] = [];
  let current: Word[] = [];
  for (const line of lines(source)) {
    const comment = line.text.indexOf("#");
    const text = comment === -1 ? line.text : line.text.slice(0, comment);
    const continued = line.text.endsWith("\\");
    current.push(...words({ ...line, text: continued && comment === -1 ? text.slice(0, -1) : text }));
    if (continued) continue;
    logical.push(current);
    current = [];
  }
  logical.push(current);
  return logical;
}

function toResource(word: Word): Resource {
  const at = { line: word.line, column: word.column, length: word.length };
  if (LOOKS_LIKE_IPV4.test(word.text)) return { text: word.text, script: "IPaddr", args: [word.text], at };
  const [script = "", ...args] = word.text.split("::");
  return { text: word.text, script, args, at };
}
