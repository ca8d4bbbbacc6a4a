/** A daemon for the tests of the kit: what it does is said by its first argument. */
import { type Parsed, type Source, words } from "@systole/config";
import { runDaemon } from "../src/index.js";

const [behaviour = "", file = ""] = process.argv.slice(2);

/** One line with one number; anything else is an error. */
function parse(source: Source): Parsed<number> {
  const [word] = words({ number: 1, text: source.text.split("\n")[0]! });
  if (word !== undefined && /^\d+$/.test(word.text)) return { value: Number(word.text), diagnostics: [] };
  const span = word ?? { line: 1, column: 1, length: 1 };
  const message = `"${word?.text ?? ""}" is not a number`;
  return {
    value: undefined,
    diagnostics: [
      { path: source.path, span, severity: "error", code: "bad-number", message, hint: "write 3" },
    ],
  };
}

await runDaemon(
  "sample",
  {
    version: "1.0",
    exitCode: 5,
    stopLimitMs: 200,
    pidfile: { path: `${process.env.SYSTOLE_RUN}/sample.pid` },
  },
  async (daemon) => {
    let value = file === "" ? 0 : await daemon.load(file, parse);
    daemon.onStop(async () => daemon.log.info("first started, last stopped"));
    daemon.onStop(async () => daemon.log.info("last started, first stopped"));
    if (behaviour === "hang") daemon.onStop(() => new Promise(() => {}));
    daemon.onReload(async () => {
      value = (await daemon.reload(file, parse)) ?? value;
    });
    await daemon.serve({ value: { changes: false, run: () => value } });
    if (behaviour === "throw") setImmediate(() => JSON.parse("{"));
    if (behaviour === "background") daemon.background("the watch", Promise.reject(new Error("it ended")));
    daemon.ready("all is well");
  },
);
