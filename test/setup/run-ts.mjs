// node run-ts.mjs FILE.ts [ARG]...: bundles a TypeScript program of the tests and runs it in this process.
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const [file, ...rest] = process.argv.slice(2);
const [program] = await bundle(`run-${basename(dirname(file))}`, [file]);
process.argv = [process.argv[0], program, ...rest];
await import(pathToFileURL(program));
