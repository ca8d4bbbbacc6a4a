/** ResourceManager, req_resource, mach_down, hb_addnode and the like: verbs and exit codes of the original. */
import { describe, expect, test } from "vitest";
import { parseHaresources } from "../src/config/haresources.js";
import type { HeartbeatStatus } from "../src/shell/commands.js";
import { machDown, reqResource } from "../src/shell/group-requests.js";
import { membershipTool } from "../src/shell/membership-tools.js";
import { resourceManager } from "../src/shell/resource-manager.js";

const FILE = "lb1 web IPaddr2::192.0.2.10/24/eth0\nlb2 mail 192.0.2.11\n";
const RUNNING = ["web", "192.0.2.11"];

async function manage(line: string, held?: boolean) {
  const out: string[] = [];
  const error: string[] = [];
  const exit = await resourceManager(line.split(" ").filter(Boolean), {
    node: "LB1",
    groups: () => parseHaresources({ path: "haresources", text: FILE }).value,
    async runs({ script, text }) {
      if (script === "nosuch") throw new Error("Cannot locate resource script nosuch");
      return RUNNING.includes(text);
    },
    move: async ({ key }, action) => (key === "mail" ? `${key} does not ${action}` : undefined),
    held: async () => held,
    out: (text) => out.push(text),
    error: (text) => error.push(text),
  });
  return { exit, out: out.join("\n"), error: error.join("\n") };
}

describe("ResourceManager", () => {
  test.each([
    { line: "listkeys lb1", exit: 0, out: "web" },
    { line: "listkeys LB2", exit: 0, out: "mail" },
    { line: "listkeys .*", exit: 0, out: "web\nmail" },
    { line: "listkeys lb", exit: 0, out: "" },
    { line: "listkeys [", exit: 0, out: "" },
    { line: "allkeys", exit: 0, out: "web\nmail" },
    { line: "ourkeys", exit: 0, out: "web IPaddr2::192.0.2.10/24/eth0 " },
    { line: "otherkeys", exit: 0, out: "mail 192.0.2.11 " },
    { line: "status web", exit: 0, out: "" },
    { line: "status mail", exit: 3, out: "" },
    { line: "status nosuch", exit: 3, out: "" },
    { line: "status", exit: 3, out: "" },
    { line: "verifyallidle", exit: 1, out: "" },
    { line: "takegroup web", exit: 0, out: "" },
    { line: "takegroup mail", exit: 1, out: "" },
    { line: "givegroup nosuch", exit: 0, out: "" },
    { line: "", exit: 1, out: "" },
    { line: "frobnicate", exit: 1, out: "" },
  ])("$line: exit $exit", async ({ line, exit, out }) => {
    expect(await manage(line)).toMatchObject({ exit, out });
  });

  test("statgroup says how much of it runs", async () => {
    expect((await manage("statgroup web")).error).toBe("SOME");
    expect((await manage("statgroup nosuch")).error).toBe("NONE");
  });

  test("beside a running heartbeat it changes nothing", async () => {
    expect((await manage("takegroup web", true)).exit).toBe(0);
    expect((await manage("givegroup web", false)).exit).toBe(0);
    expect(await manage("givegroup web", true)).toMatchObject({
      exit: 1,
      error: expect.stringContaining("hb_standby"),
    });
    expect(await manage("takegroup web", false)).toMatchObject({
      exit: 1,
      error: expect.stringContaining("hb_takeover"),
    });
  });
});

const STATUS = {
  node: "lb1",
  nodes: [
    { node: "lb1", state: "active" },
    { node: "lb2", state: "active" },
    { node: "lb3", state: "dead" },
  ],
  groups: [
    { group: "web", preferred: "lb1", here: "running", owner: "lb1" },
    { group: "home", preferred: "lb1", here: "none", owner: "lb2" },
    { group: "mail", preferred: "lb2", here: "none", owner: "lb2" },
  ],
} as unknown as HeartbeatStatus; // what these tools look at

describe("tools that ask a running heartbeat", () => {
  const world = (running = true) => {
    const asked: string[] = [];
    return {
      asked,
      status: async () => (running ? STATUS : undefined),
      takeover: async (set: string) => void asked.push(set),
      call: async (verb: string, args: object) => void asked.push(`${verb} ${JSON.stringify(args)}`),
      out: () => {},
      error: () => {},
    };
  };

  test.each([
    { key: "web", exit: 0, asks: [] },
    { key: "home", exit: 0, asks: ["local"] },
    { key: "mail", exit: 1, asks: [] },
    { key: "nosuch", exit: 1, asks: [] },
  ])("req_resource $key: exit $exit", async ({ key, exit, asks }) => {
    const at = world();
    expect(await reqResource([key], at)).toBe(exit);
    expect(at.asked).toEqual(asks);
    expect(await reqResource([key], world(false))).toBe(1);
  });

  test.each([
    ["lb3", 0],
    ["nosuch", 0],
    ["lb2", 1],
    ["lb1", 1],
  ])("mach_down %s: exit %i", async (node, exit) => expect(await machDown([node], world())).toBe(exit));

  test.each([
    { line: "hb_addnode lb2", exit: 0, asks: [] },
    { line: "hb_addnode lb4", exit: 1, asks: [] },
    { line: "hb_delnode lb4", exit: 0, asks: [] },
    { line: "hb_delnode lb4 LB3", exit: 1, asks: [] },
    { line: "hb_setweight lb2 50", exit: 0, asks: ['set-weight {"node":"lb2","weight":"50"}'] },
    { line: "hb_setsite lb2 cellar", exit: 0, asks: ['set-site {"node":"lb2","site":"cellar"}'] },
    { line: "hb_setsite lb2", exit: 1, asks: [] },
    { line: "hb_addnode", exit: 1, asks: [] },
  ])("$line: exit $exit", async ({ line, exit, asks }) => {
    const [tool, ...args] = line.split(" ");
    const at = world();
    expect(await membershipTool(tool as "hb_addnode", args, at)).toBe(exit);
    expect(at.asked).toEqual(asks);
  });
});
