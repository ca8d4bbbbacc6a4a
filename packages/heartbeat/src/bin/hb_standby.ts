#!/usr/bin/env node
/** hb_standby: this node gives up resource groups, the other takes them. */
import { runCli } from "@systole/daemon";
import { handOverProgram } from "../shell/hand-over-program.js";

const SUMMARY = "give up resource groups of this node; the other node takes them";

await runCli(handOverProgram("hb_standby", "standby", SUMMARY));
