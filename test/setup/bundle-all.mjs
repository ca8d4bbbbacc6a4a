// node bundle-all.mjs NAME FILE...: see bundle.mjs. "daemons" as a FILE stands for all daemons.
import { bundle, daemons } from "./bundle.mjs";

const [name, ...files] = process.argv.slice(2);
await bundle(
  name,
  files.flatMap((file) => (file === "daemons" ? daemons : [file])),
);
