/** ipfail between us (lb2, which has the group) and a real heartbeat; keepalive 1 s, deadping 2 s. */
import { seconds } from "@systole/machine";
import { expect, test } from "vitest";
import type { ClusterSettings } from "../../src/core/settings.js";
import { type Beside, besideReal, met, type Said, statuses } from "./beside-real.js";

const WORDS: Beside["words"] = ["num_ping_nodes", "you_are_dead", "abort_giveup", "ask_resources"];
const pinged = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index + 0.5);
const ours: Partial<ClusterSettings> = {
  ipFail: true,
  pings: { nodes: ["gateway"], deadtime: seconds(2) },
  groups: [{ key: "web", preferred: "lb2", resources: ["web"] }],
};
const real: Said[] = [...statuses(1, 30), ...met("none")];
const count = (second: number, many: number): Said => [second, { type: "num_ping_nodes", count: many }];

test.each<{ name: string; said: Said[]; answered: number[]; settings?: object; expected: string[] }>([
  {
    name: "we lose our ping node, the other does not: told that we are dead, we offer everything two keepalives later",
    said: [
      count(2.1, 1),
      [12.8, { type: "you_are_dead" }],
      [15.2, { type: "ask_resources", set: "all", info: "other" }],
    ],
    answered: pinged(0, 10),
    expected: [
      ...["1 num_ping_nodes 1", "2 start", "2.1 abort_giveup", "12.5 num_ping_nodes 0"],
      ...["14.8 ask all me", "15.2 stop", "15.2 ask all done"],
    ],
  },
  {
    name: "the ping node itself has died: the other says so in time, and nobody gives up",
    said: [[12.8, { type: "you_are_dead" }], count(13.4, 0)],
    answered: pinged(0, 10),
    expected: ["1 num_ping_nodes 1", "2 start", "12.5 num_ping_nodes 0", "13.4 abort_giveup"],
  },
  {
    name: "the other is answered by more: the same as being told",
    said: [count(12.8, 1)],
    answered: pinged(0, 10),
    expected: ["1 num_ping_nodes 1", "2 start", "12.5 num_ping_nodes 0", "14.8 ask all me"],
  },
  {
    name: "the other is answered by fewer: it is told that it is dead, we keep what we have",
    said: [count(12.8, 0)],
    answered: pinged(0, 30),
    expected: ["1 num_ping_nodes 1", "2 start", "12.8 you_are_dead"],
  },
  {
    name: "as many again, auto_failback on: what prefers the other goes back",
    said: [count(12.8, 1)],
    answered: pinged(0, 30),
    settings: { autoFailback: "on", groups: [{ key: "web", preferred: "lb1", resources: ["web"] }] },
    expected: ["1 num_ping_nodes 1", "12.8 abort_giveup"],
  },
  {
    name: "auto_failback legacy: the original does not run it, nor do we",
    said: [[12.8, { type: "you_are_dead" }]],
    answered: pinged(0, 10),
    settings: { autoFailback: "legacy" },
    expected: [],
  },
  {
    name: "not asked for in ha.cf: nothing is said and nothing happens",
    said: [[12.8, { type: "you_are_dead" }]],
    answered: pinged(0, 10),
    settings: { ipFail: false },
    expected: ["2 start"],
  },
])("$name", ({ said, answered, settings = {}, expected }) => {
  const options = { settings: { ...ours, ...settings }, pinged: answered, words: WORDS };
  expect(besideReal([...real, ...said], 20, options)).toEqual(expected);
});
