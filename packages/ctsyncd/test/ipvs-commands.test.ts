import { expect, test } from "vitest";
import { readSyncDaemon } from "../src/shell/ipvs-commands.js";

const plain = { maxLength: undefined, group: undefined, port: undefined, ttl: undefined };

test.each([
  { words: "master", options: {}, means: { ...plain, state: "master", interface: "eth0", syncId: 0 } },
  {
    words: "backup",
    options: { interface: "eth2", syncid: "7", maxlen: "1400", group: "224.0.0.82", port: "8849", ttl: "2" },
    means: {
      state: "backup",
      interface: "eth2",
      syncId: 7,
      maxLength: 1400,
      group: "224.0.0.82",
      port: 8849,
      ttl: 2,
    },
  },
])("ctsync ipvs-start $words $options", ({ words, options, means }) => {
  expect(readSyncDaemon({ positionals: [words], options })).toEqual(means);
});

test.each([
  { words: "primary", options: {}, says: 'master or backup, not "primary"' },
  { words: "master", options: { syncid: "256" }, says: '--syncid: a number from 0 to 255, not "256"' },
  { words: "master", options: { group: "nowhere" }, says: '--group: "nowhere" is not an address' },
])("$says", ({ words, options, says }) => {
  expect(() => readSyncDaemon({ positionals: [words], options })).toThrow(says);
});
