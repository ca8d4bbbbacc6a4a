/** What tests in the guest share. Programs are one file each, made by test/vm/run: the guest opens files slowly. */
import { resolve } from "node:path";

export const LDIRECTORD = resolve(".cache/vm/ldirectord.mjs");

/** The long form of a test, for `npm run nightly`: minutes here are many there. */
export const LONG = process.env.SYSTOLE_GUEST_LONG !== undefined;
