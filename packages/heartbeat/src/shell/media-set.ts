/** All media of ha.cf at once. A reload opens what is new and closes what is gone; what stays is not touched. */
import type { MediumConfig } from "../config/ha-cf.js";
import type { Medium } from "../media/medium.js";
import { describeMedium, type MediumDependencies, openMedium } from "../media/open-medium.js";
import type { MediumView } from "./commands.js";

export interface MediaSet {
  /** Opens and closes until exactly these are open. */
  use(configs: readonly MediumConfig[]): Promise<void>;
  /** The same message on every medium; `classic` makes the datagram for those that carry only that. */
  send(datagram: Uint8Array, classic: () => Uint8Array): void;
  view(): readonly MediumView[];
  close(): void;
}

export function createMediaSet(dependencies: MediumDependencies): MediaSet {
  const open = new Map<string, Medium>();
  return {
    async use(configs) {
      const wanted = new Map(configs.map((config) => [keyOf(config), config]));
      for (const [key, medium] of open) {
        if (wanted.has(key)) continue;
        medium.close();
        open.delete(key);
      }
      for (const [key, config] of wanted) {
        if (!open.has(key)) open.set(key, await openMedium(config, dependencies));
      }
    },
    send(datagram, classic) {
      for (const medium of open.values()) medium.send(medium.framing === "classic" ? classic() : datagram);
    },
    view: () =>
      [...open.values()].map(({ description, name, ready }) => ({
        medium: description,
        device: name,
        ready,
      })),
    close() {
      for (const medium of open.values()) medium.close();
      open.clear();
    },
  };
}

/** Everything of a medium but its place in the file. */
const keyOf = (config: MediumConfig): string => JSON.stringify({ ...config, at: describeMedium(config) });
