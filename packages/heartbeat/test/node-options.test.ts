import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NODE_OPTIONS } from "../src/shell/node-options.js";

test("the unit starts node as the background does", () => {
  const unit = readFileSync(new URL("../../../systemd/heartbeat.service", import.meta.url), "utf8");
  const words = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(" ");
  expect(words).toEqual(expect.arrayContaining([...NODE_OPTIONS]));
});
