/**
 * What the original did with 105 scenarios, against our core in virtual time.
 *
 * The table after each step must be equal, and in steps where a server changes the calls per real server, too. Where
 * the original is wrong (class `fix`) the corrected tables stand here.
 */
import { expect, test } from "vitest";
import { IN_PROCESSES, type Scenario, type Step, scenarios } from "./behaviour.js";
import { callText, normalCall, readCall, sortedTable, tableText } from "./ipvsadm.js";
import { makeWorld, type World } from "./world.js";

/** Of class `fix`, and of the state after a step, where the recorded table is the defect. */
const FIXED: Readonly<Record<string, Readonly<Record<number, readonly string[]>>>> = {
  "autoreload-broken": {
    2: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 0", "  192.0.2.22:80 Masq 7"],
    3: [],
  },
  "reload-broken-config": {
    3: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 0", "  192.0.2.22:80 Masq 7"],
    4: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 0", "  192.0.2.22:80 Masq 0"],
    5: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 0", "  192.0.2.22:80 Masq 0"],
  },
  "persistence-zero": { 0: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 1"] },
  "http-wire": {
    0: [
      "TCP 198.51.100.10:80 wrr",
      "  192.0.2.21:80 Route 1",
      "  192.0.2.22:8080 Masq 1",
      "  192.0.2.24:80 Route 1",
    ],
  },
  "svc-pop-tarpit": { 1: [] },
  "table-flushed": {
    // A transition of a real server notices the loss before the reconcile interval is over.
    2: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 0", "  192.0.2.22:80 Masq 7"],
    3: ["TCP 198.51.100.10:80 wrr", "  192.0.2.21:80 Route 5", "  192.0.2.22:80 Masq 7"],
  },
};

/** Whose calls differ on purpose, with the same tables. */
const OTHER_CALLS: Readonly<Record<string, string>> = {
  "same-real-twice": "of two lines for one real server the last counts, and only that",
  "two-virtuals-share-a-real": "the port that ip_vs would put in is written at once",
};

const REFUSED_AT_LOAD = ["http-bad-receive-regex", "threshold-lower-without-upper"];

const played = scenarios.filter(
  ({ name }) => IN_PROCESSES[name] === undefined && !REFUSED_AT_LOAD.includes(name),
);

test("all 105 are here, and each is played or has a reason", () => {
  expect(scenarios.length).toBe(105);
  expect(played.length + Object.keys(IN_PROCESSES).length + REFUSED_AT_LOAD.length).toBe(105);
});

test.each(scenarios.filter(({ name }) => REFUSED_AT_LOAD.includes(name)))("$name: $ours", ({ config }) => {
  expect(makeWorld().configure(config)).toBe(false);
});

test.each(played)("$name ($class)", async (scenario) => {
  const world = makeWorld();
  prepare(world, scenario);
  let text = scenario.config;
  for (const [index, step] of scenario.steps.entries()) {
    const before = world.changes.length;
    text = await play(world, step, text);
    await world.advance((step.settle ?? 2.6) * 1000);
    const where = `step ${index}, ${step.do}`;
    expect({ where, table: tableText(world.kernel.balancer.readNow()) }).toEqual({
      where,
      table: sortedTable(expectedTable(scenario, index)),
    });
    if (scenario.class === "keep" && step.do === "server" && OTHER_CALLS[scenario.name] === undefined) {
      const calls = world.changes.slice(before).map(callText);
      expect({ where, calls: calls.toSorted() }).toEqual({
        where,
        calls: (step.observed.calls ?? []).map(normalCall).toSorted(),
      });
    }
  }
});

/** `up` and `down` in `ours` are about the only real server of a scenario, after its start. */
function expectedTable(scenario: Scenario, index: number): readonly string[] {
  const recorded = scenario.steps[index]!.observed.table ?? [];
  const fixed = FIXED[scenario.name]?.[index];
  if (fixed !== undefined) return fixed;
  if (index > 0 || scenario.ours === undefined) return recorded;
  const [head = ""] = recorded;
  if (scenario.ours.startsWith("down")) return [head];
  if (!scenario.ours.startsWith("up")) return recorded;
  const place = /real=(\S+) gate/.exec(scenario.config)![1]!;
  return [head, `  ${place} Route 1`];
}

function prepare(world: World, { ipvs = [], servers = {}, name }: Scenario): void {
  const results = world.kernel.balancer.applyNow(ipvs.map(readCall));
  expect(results.map(({ error }) => error)).toEqual(ipvs.map(() => undefined));
  world.changes.length = 0;
  for (const [place, spec] of Object.entries(servers)) world.servers.set(place, spec);
  if (name === "check-connect-udp-is-ping") world.pingable.answer = () => true;
}

async function play(world: World, step: Step, text: string): Promise<string> {
  switch (step.do) {
    case "start":
      world.configure(text);
      await world.request("activate");
      return text;
    case "server":
      for (const [place, spec] of Object.entries(step.set ?? {})) world.servers.set(place, spec);
      return text;
    case "config":
      if (/^autoreload=yes/m.test(text)) world.configure(step.text ?? "");
      return step.text ?? text;
    case "signal":
      if (step.sig === "HUP") world.configure(text);
      else await world.request("deactivate");
      return text;
    case "cmd":
      await command(world, String(step.args?.[0]), text);
      return text;
    case "ipvs":
      manual(world, String(step.args));
      return text;
    case "sh":
      shell(world, step);
      return text;
    case "file":
      if (step.path === "code") world.external.answer = () => ({ up: false, reason: "exit code 1" });
      else world.files.add(String(step.path).replace("maint/", ""));
      return text;
    case "rm":
      world.files.delete(String(step.path).replace("maint/", ""));
      return text;
    case "wait":
      return text;
  }
}

async function command(world: World, action: string, text: string): Promise<void> {
  if (action === "stop") await world.request("deactivate");
  if (action === "restart" || action === "try-restart") {
    await world.request("deactivate");
    await world.request("activate");
  }
  if (action === "reload" || action === "force-reload") world.configure(text);
  if (action === "start") await world.request("activate");
}

function manual(world: World, call: string): void {
  if (call === "-C") {
    const all = world.kernel.balancer
      .readNow()
      .map(({ service }) => ({ type: "remove-service", id: service.id }) as const);
    world.kernel.balancer.applyNow(all);
  } else world.kernel.balancer.applyNow([readCall(call)]);
}

/** The two kinds of shell commands in the vectors: a packet filter for echo requests, and its end. */
function shell(world: World, step: Step): void {
  const dropped = /ip daddr (\S+) icmp/.exec(step.run ?? "")?.[1];
  world.pingable.answer = (address) => address !== dropped;
}
