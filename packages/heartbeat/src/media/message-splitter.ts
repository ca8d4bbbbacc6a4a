/** Finds classic messages in a stream of bytes: from `>>>` to `<<<`, each on a line of its own. The rest is noise. */
import { CLASSIC_END, CLASSIC_START } from "../wire/classic.js";
import { byteString, bytesOf } from "../wire/field.js";

/** Longer ones are noise that began like a message. */
const LONGEST = 64 * 1024;

/** @returns a function that takes what arrives, in any pieces. */
export function messageSplitter(onMessage: (message: Uint8Array) => void): (bytes: Uint8Array) => void {
  let rest = "";
  return (bytes) => {
    rest += byteString(bytes);
    for (;;) {
      const end = rest.indexOf(`\n${CLASSIC_END}`);
      if (end === -1) break;
      const whole = rest.slice(0, end + 1 + CLASSIC_END.length);
      rest = rest.slice(whole.length);
      const start = whole.lastIndexOf(CLASSIC_START);
      if (start !== -1) onMessage(bytesOf(whole.slice(start)));
    }
    if (rest.length > LONGEST) rest = rest.slice(-CLASSIC_START.length);
  };
}
