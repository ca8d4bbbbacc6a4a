/** conntrackd.conf while it is being read, with the original's defaults. */
import type { Word } from "@systole/config";
import type { Configuration, SyncLink } from "./configuration.js";

export type Mode = Configuration["mode"];

type Settings = Omit<Configuration, "mode" | "links">;

export type Draft = { -readonly [Field in keyof Settings]: Settings[Field] } & {
  mode: Mode | undefined;
  links: SyncLink[];
  defaultLink: SyncLink | undefined;
  linkKinds: Set<string>;
  sync: Word | undefined;
  stats: Word | undefined;
  /** Accepted without effect. */
  ignored: Word[];
};

export const emptyDraft = (): Draft => ({
  mode: undefined,
  links: [],
  defaultLink: undefined,
  linkKinds: new Set(),
  localCache: true,
  peerCache: true,
  refreshSeconds: 60,
  cacheTimeoutSeconds: 180,
  expectations: "none",
  resendLimit: 131_072,
  ackWindow: 300,
  commitTimeoutSeconds: undefined,
  purgeTimeoutSeconds: 60,
  windowTracking: false,
  cacheLimit: 262_144,
  filter: {},
  eventBufferBytes: undefined,
  reliableEvents: false,
  controlPath: undefined,
  lockFile: undefined,
  scheduling: undefined,
  logFile: undefined,
  syslogFacility: undefined,
  sync: undefined,
  stats: undefined,
  ignored: [],
});
