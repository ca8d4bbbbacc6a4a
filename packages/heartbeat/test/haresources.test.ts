import { headline } from "@systole/config";
import { expect, test } from "vitest";
import { parseHaresources } from "../src/config/haresources.js";

const parse = (text: string) => parseHaresources({ path: "haresources", text }, ["lb1", "lb2"]);

test("a group over several lines, comments between", () => {
  const { value, diagnostics } = parse(
    "# the web\nLB1 \\\n  ldirectord::ldirectord.cf \\\n\tIPaddr2::192.0.2.10/24/eth0/192.0.2.255 # the VIP\nlb2 192.0.2.11/24 apache\n",
  );
  expect(diagnostics).toEqual([]);
  expect(
    value?.map(({ key, preferred, resources }) => [
      key,
      preferred,
      ...resources.map(({ script, args }) => [script, ...args]),
    ]),
  ).toEqual([
    [
      "ldirectord::ldirectord.cf",
      "lb1",
      ["ldirectord", "ldirectord.cf"],
      ["IPaddr2", "192.0.2.10/24/eth0/192.0.2.255"],
    ],
    ["192.0.2.11/24", "lb2", ["IPaddr", "192.0.2.11/24"], ["apache"]],
  ]);
});

test("a comment on a continuation line does not become resources", () => {
  const { value } = parse("lb1 a \\\n b # not c \\\n d\n");
  expect(value?.[0]?.resources.map((each) => each.text)).toEqual(["a", "b", "d"]);
});

test("an empty file is fine", () => expect(parse("\n# nothing\n")).toEqual({ value: [], diagnostics: [] }));

test("a resource knows its place also on a continuation line", () => {
  expect(parse("lb1 \\\n  apache").value?.[0]?.resources[0]?.at).toEqual({ line: 2, column: 3, length: 6 });
});

test("all mistakes in one run", () => {
  const { value, diagnostics } = parse("lb11 apache\nlb2\nlb1 apache\nlb1 ::x\n");
  expect(value).toBeUndefined();
  expect(diagnostics.map((each) => [headline(each), each.hint])).toEqual([
    ["haresources:1:1: error: bad node name in haresources [lb11] [bad-node]", "did you mean lb1?"],
    [
      "haresources:2:1: warning: lb2 is preferred for nothing [empty-group]",
      "name at least one resource behind the node",
    ],
    [
      "haresources:3:5: error: two groups begin with apache [duplicate-group]",
      "line 1 begins with it, too: put another resource first, or join the groups",
    ],
    ["haresources:4:5: error: a resource begins with a name [bad-resource]", undefined],
  ]);
});
