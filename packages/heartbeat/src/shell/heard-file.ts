/**
 * /var/lib/heartbeat/systole_peers: up to where each node of ours was heard, for the process after us.
 *
 * Without it a heartbeat that starts anew would take recorded datagrams of a peer for the peer itself, and wait for a
 * dead one for ever. One line a node: name, generation, sequence. Losing the file loses only that protection.
 */
import { readFileSync } from "node:fs";
import { type Clock, type Instant, plus, seconds } from "@systole/machine";
import type { NodeName, Place } from "../core/message.js";
import type { ClusterState } from "../core/state.js";
import { replaceFile } from "./generation-file.js";

export type HeardPlaces = ReadonlyMap<NodeName, Place>;

/** What is written at least; a new life of a peer is written at once. */
const EACH = seconds(60);

/** Nothing if there is no file; lines that make no sense are nothing, too. */
export function readHeard(path: string): HeardPlaces {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return new Map(); // the first start, or somebody removed it
  }
  const places = new Map<NodeName, Place>();
  for (const line of text.split("\n").slice(0, 100)) {
    const parts = /^(\S+) (\d{1,15}) (\d{1,15})$/.exec(line);
    if (parts !== null) places.set(parts[1]!, { generation: Number(parts[2]), sequence: Number(parts[3]) });
  }
  return places;
}

export interface HeardKeeper {
  /** Called with each status of ours: writes if it is time. */
  look(state: ClusterState): void;
  /** Writes what is known now, at the end. */
  close(state: ClusterState): Promise<void>;
}

export interface HeardKeeperDependencies {
  readonly path: string;
  readonly clock: Clock;
  readonly background: (what: string, work: Promise<unknown>) => void;
}

export function createHeardKeeper({ path, clock, background }: HeardKeeperDependencies): HeardKeeper {
  let lives = "";
  let nextAt: Instant = clock.now();
  let writing: Promise<void> | undefined;

  function write(state: ClusterState): Promise<void> {
    const lines = [...heardOf(state)].map(
      ([node, { generation, sequence }]) => `${node} ${generation} ${sequence}\n`,
    );
    return replaceFile(path, Buffer.from(lines.join("")));
  }

  return {
    look(state) {
      const now = clock.now();
      const present = [...heardOf(state)].map(([node, { generation }]) => `${node} ${generation}`).join();
      if (present === "" || writing !== undefined || (present === lives && now < nextAt)) return;
      lives = present;
      nextAt = plus(now, EACH);
      writing = write(state).finally(() => {
        writing = undefined;
      });
      background("storing what was heard", writing);
    },
    async close(state) {
      await writing;
      if (lives !== "") await write(state);
    },
  };
}

/** Only of our own nodes: a real heartbeat cannot prove that a lower generation is its present one. */
function heardOf(state: ClusterState): HeardPlaces {
  const places = new Map<NodeName, Place>();
  for (const { node, said, reception } of state.peers.values()) {
    if (said.ours === true && reception.generation !== undefined)
      places.set(node, { generation: reception.generation, sequence: reception.last });
  }
  return places;
}
