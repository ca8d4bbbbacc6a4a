/** Interfaces in memory. */
import { type MacAddress, macFromBytes } from "@systole/wire";
import type { Link, Links } from "../links.js";
import { type FakeContext, listeners, perform } from "./act.js";

export interface FakeLinks extends Links {
  /** `list`, at once. */
  listNow(): readonly Link[];
  find(name: string): Link | undefined;
  /** Adds an interface, up and with carrier unless told otherwise. */
  add(name: string, is?: { up?: boolean; carrier?: boolean; mac?: MacAddress }): Link;
  /** Somebody sets the interface up or down, or its cable comes or goes. */
  set(name: string, is: { up?: boolean; carrier?: boolean }): void;
  /** The interface disappears. */
  remove(name: string): void;
}

export function fakeLinks(context: FakeContext): FakeLinks {
  const links = new Map<string, Link>();
  const { add: watch, tell } = listeners<[Link, boolean]>();
  let lastIndex = 0;

  const put = (link: Link) => {
    links.set(link.name, link);
    tell(link, false);
    return link;
  };

  return {
    async list() {
      return [...links.values()];
    },
    listNow: () => [...links.values()],
    find: (name) => links.get(name),
    async up(name) {
      perform(context, { type: "link-up", device: name }, `set ${name} up`, () => {
        const link = links.get(name);
        if (link === undefined) return "ENODEV";
        if (!link.up) put({ ...link, up: true });
        return undefined;
      });
    },
    watch,
    add(name, { up = true, carrier = true, mac } = {}) {
      const index = ++lastIndex;
      const loopback = name === "lo";
      const own = loopback ? undefined : macFromBytes(Uint8Array.from([2, 0, 0, 0, index >> 8, index & 255]));
      return put({ index, name, mac: mac ?? own, up, carrier, loopback });
    },
    set(name, is) {
      const link = links.get(name);
      if (link !== undefined) put({ ...link, ...is });
    },
    remove(name) {
      const link = links.get(name);
      links.delete(name);
      if (link !== undefined) tell(link, true);
    },
  };
}
