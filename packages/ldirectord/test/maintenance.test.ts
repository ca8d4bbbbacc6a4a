/** Names of maintenance files: what is looked for, and how often the resolver is asked. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { milliseconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { parseIp } from "@systole/wire";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMaintenance } from "../src/shell/maintenance.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "maintenance-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const turns = () => new Promise(setImmediate);
const place = (address: string) => ({ directory, address: parseIp(address)!, port: 80 });

test.each([
  {
    address: "192.0.2.21",
    files: ["192.0.2.21:80", "192.0.2.21", "web1.example.test:80", "web1.example.test", "web1:80", "web1"],
  },
  { address: "2001:db8::21", files: ["[2001:db8::21]:80", "[2001:db8::21]", "web1.example.test"] },
])("$address is out of service by each of $files", async ({ address, files }) => {
  const maintenance = createMaintenance(fakeClock(), async () => "web1.example.test");
  maintenance.fileFor(place(address));
  await turns();
  for (const other of ["192.0.2.21:81", "web1:81", "web2"]) writeFileSync(join(directory, other), "");
  expect(maintenance.fileFor(place(address))).toBeUndefined();
  for (const file of files) {
    writeFileSync(join(directory, file), "");
    expect(maintenance.fileFor(place(address))).toBe(join(directory, file));
    rmSync(join(directory, file));
  }
});

test("a name is asked for once a minute, two at a time, and the old one holds until the answer", async () => {
  const clock = fakeClock();
  const asked: string[] = [];
  const answers: ((name: string) => void)[] = [];
  const maintenance = createMaintenance(clock, (address) => {
    asked.push(address);
    return new Promise((answer) => answers.push(answer));
  });
  const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
  for (let check = 0; check < 3; check++) for (const each of addresses) maintenance.fileFor(place(each));
  expect(asked).toEqual(["192.0.2.1", "192.0.2.2"]);
  answers[0]!("web1.example.test");
  await turns();
  expect(asked).toEqual(addresses);
  writeFileSync(join(directory, "web1"), "");
  expect(maintenance.fileFor(place("192.0.2.1"))).toBe(join(directory, "web1"));
  for (const answer of answers) answer("late.example.test");
  await turns();
  clock.advance(milliseconds(60_001));
  expect(maintenance.fileFor(place("192.0.2.1"))).toBe(join(directory, "web1"));
  expect(asked).toHaveLength(4);
});

test("names are learnt before the first check; one that nobody answers for delays it two seconds at most", async () => {
  const clock = fakeClock();
  let learnt = false;
  const slow = createMaintenance(clock, () => new Promise(() => {}));
  void slow.learn([place("192.0.2.21")]).then(() => {
    learnt = true;
  });
  clock.advance(milliseconds(1999));
  await turns();
  expect(learnt).toBe(false);
  clock.advance(milliseconds(1));
  await turns();
  expect(learnt).toBe(true);

  const quick = createMaintenance(fakeClock(), async () => "web1.example.test");
  await quick.learn(["192.0.2.21", "192.0.2.22", "192.0.2.23"].map(place));
  await quick.learn([]);
  writeFileSync(join(directory, "web1"), "");
  expect(quick.fileFor(place("192.0.2.23"))).toBe(join(directory, "web1"));
});

test("a name server that fails takes no real server back into service, one that knows no name does", async () => {
  const clock = fakeClock();
  let code: string | undefined;
  const maintenance = createMaintenance(clock, async () => {
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return "web1.example.test";
  });
  writeFileSync(join(directory, "web1"), "");
  const out = async () => {
    await maintenance.learn([place("192.0.2.21")]);
    return maintenance.fileFor(place("192.0.2.21")) !== undefined;
  };
  expect(await out()).toBe(true);
  for (const [next, still] of [
    ["EAI_AGAIN", true],
    ["ENOTFOUND", false],
  ] as const) {
    code = next;
    clock.advance(milliseconds(60_001));
    expect(await out()).toBe(still);
  }
});
