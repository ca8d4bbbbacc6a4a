/** Outside of the guest, where it is 20 times faster: the packages and programs that tests of this folder need. */
import { setup } from "../../packages/set-up.js";

await setup();
