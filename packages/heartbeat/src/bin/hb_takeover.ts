#!/usr/bin/env node
/** hb_takeover: this node asks for resource groups, the other gives them up. */
import { runCli } from "@systole/daemon";
import { handOverProgram } from "../shell/hand-over-program.js";

const SUMMARY = "take resource groups; the other node gives them up";

await runCli(handOverProgram("hb_takeover", "takeover", SUMMARY));
