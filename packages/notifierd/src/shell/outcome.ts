/** What came of one attempt to hand over a letter, by whatever channel. */
import type { Answer } from "../core/queue.js";

export type Outcome =
  | {
      readonly type: "answered";
      readonly server: string;
      readonly answers: readonly Answer[];
      readonly tls: boolean;
    }
  /** No server took a decision. `alarm`: a person has to mend something, waiting will not. */
  | { readonly type: "unreachable"; readonly problem: string; readonly alarm: boolean };
