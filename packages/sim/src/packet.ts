/** What travels between simulated hosts: heartbeat's messages as values, the codec left out. */
import type { Message } from "@systole/heartbeat";

export interface Packet {
  readonly from: string;
  readonly generation: number;
  readonly sequence: number | undefined;
  readonly dest: string | undefined;
  readonly message: Message;
  /** What signs it; absent where all have the same. */
  readonly key?: string;
  /** Sent once more because somebody asked. */
  readonly again?: true;
}
