/** What makes sure that a node is off: `stonith`, `stonith_host`, and `watchdog` for this node itself. */
import type { Word } from "@systole/config";
import type { FenceDevice } from "./ha-cf.types.js";
import type { Directive, Reading } from "./ha-cf-values.js";

/** `stonith TYPE FILE`: one device, its parameters in a file. */
export const stonith: Directive = {
  takes: "line",
  apply([type, file], reading) {
    const { complain, around, name } = reading;
    const usage = "stonith TYPE FILE";
    if (type === undefined) return complain("error", "bad-fence", name, "stonith names no type", usage);
    if (!isKnown(type, reading)) return;
    if (file === undefined) complain("error", "bad-fence", type, "stonith names no file", usage);
    else if (around.fileKind(file.text) === "missing")
      complain("error", "bad-fence", file, `stonith: ${file.text} does not exist`);
    else use(type, { file: file.text }, reading);
  },
};

/** `stonith_host FROM TYPE PARAMETER...`; a line for another node is not even looked at. */
export const stonithHost: Directive = {
  takes: "line",
  apply([from, type, ...parameters], reading) {
    const { complain, around, name } = reading;
    const usage = "stonith_host FROM TYPE PARAMETER...";
    if (from === undefined) return complain("error", "bad-fence", name, "stonith_host names no node", usage);
    if (from.text !== "*" && from.text.toLowerCase() !== around.localNode.toLowerCase()) return;
    if (type === undefined) return complain("error", "bad-fence", from, "stonith_host names no type", usage);
    if (!isKnown(type, reading)) return;
    if (parameters.length === 0)
      complain("error", "bad-fence", type, `stonith_host: ${type.text} has no parameters`, usage);
    else use(type, { text: parameters.map(({ text }) => text).join(" ") }, reading);
  },
};

function isKnown(type: Word, { complain, around, name }: Reading): boolean {
  const known = around.isFenceType(type.text);
  const hint = '"stonith -L" lists the types; fence agents go by their own name, such as fence_ipmilan';
  if (!known)
    complain("error", "unknown-fence-type", type, `${name.text}: unknown type "${type.text}"`, hint);
  return known;
}

/** There is one device; of several the last one counts, as in the original. */
function use(type: Word, parameters: FenceDevice["parameters"], { draft, complain }: Reading): void {
  const at = { line: type.line, column: type.column, length: type.length };
  if (draft.fenceDevice !== undefined)
    complain("warning", "second-fence", type, "a second fence device: this one counts, the other does not");
  draft.fenceDevice = { type: type.text, parameters, at };
}

/** The device is opened when heartbeat starts; whether that works is seen then. */
export const watchdog: Directive = {
  takes: "option",
  apply(word, { draft, complain }) {
    const at = { line: word.line, column: word.column, length: word.length };
    if (draft.watchdog !== undefined)
      complain("error", "given-twice", word, "watchdog can be given once only");
    else draft.watchdog = { device: word.text, at };
  },
};
