#!/usr/bin/env node
/** ldirectord: which real servers serve. */
import { openKernel } from "@systole/kernel";
import { runProgram } from "../shell/program.js";

process.exitCode = await runProgram(process.argv.slice(2), () => openKernel());
