/**
 * A copy of one of the kernel's tables that follows its events, so that a change is told once and as what it is.
 *
 * rtnetlink says "new" for an address that is there already whenever it is renewed; only who knows what was there can
 * tell. After an overrun the table is read again and the differences are told.
 */
import { listenToEvents, type NetlinkMessage, type NetlinkSocket } from "@systole/node-netlink";

export interface MirrorSource<Entry> {
  /** A socket that has joined the table's groups. */
  readonly socket: NetlinkSocket;
  readonly dump: () => Promise<readonly Entry[]>;
  /** What a message says; undefined if it is of no interest. */
  readonly decode: (message: NetlinkMessage) => { readonly entry: Entry; readonly gone: boolean } | undefined;
  readonly key: (entry: Entry) => string;
  /** Two entries of one key differ in nothing that a listener wants to hear of. */
  readonly same: (before: Entry, after: Entry) => boolean;
}

export interface Mirror<Entry> {
  /** The copy, as of the last event that was read. */
  entries(): readonly Entry[];
  watch(listener: (entry: Entry, gone: boolean) => void): () => void;
  close(): void;
}

/** Listens first and reads then, so that nothing falls in between. */
export async function openMirror<Entry>(source: MirrorSource<Entry>): Promise<Mirror<Entry>> {
  const { key, same } = source;
  const copy = new Map<string, Entry>();
  const listeners = new Set<{ readonly hear: (entry: Entry, gone: boolean) => void }>();
  /** What events said while a dump was under way: it is newer than the dump. */
  let touched: Set<string> | undefined;
  let closed = false;

  function learn(entry: Entry, gone: boolean): void {
    const before = copy.get(key(entry));
    if (gone) copy.delete(key(entry));
    else copy.set(key(entry), entry);
    const news = gone ? before !== undefined : before === undefined || !same(before, entry);
    if (news) for (const { hear } of [...listeners]) hear(entry, gone);
  }

  async function readAgain(): Promise<void> {
    const newer = new Set<string>();
    touched = newer;
    try {
      const entries = await source.dump();
      if (closed) return;
      const keys = new Set(entries.map(key));
      for (const entry of entries) if (!newer.has(key(entry))) learn(entry, false);
      for (const [known, entry] of [...copy]) if (!keys.has(known) && !newer.has(known)) learn(entry, true);
    } finally {
      if (touched === newer) touched = undefined;
    }
  }

  const stop = listenToEvents(
    source.socket,
    (message) => {
      const told = source.decode(message);
      if (told === undefined) return;
      touched?.add(key(told.entry));
      learn(told.entry, told.gone);
    },
    () => {
      // The dump repeats itself inside the connection; if it fails all the same, the next event or overrun mends it.
      readAgain().catch(() => undefined);
    },
  );
  try {
    await readAgain();
  } catch (error) {
    stop();
    throw error;
  }
  return {
    entries: () => [...copy.values()],
    watch(hear) {
      const listener = { hear };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      closed = true;
      listeners.clear();
      stop();
    },
  };
}
