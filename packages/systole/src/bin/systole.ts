#!/usr/bin/env node
/** systole: asks and tells the daemons of this director. */
import { runCli } from "@systole/daemon";
import { program } from "../program.js";

await runCli(program());
