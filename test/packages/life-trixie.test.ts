/** Debian 13, on its own Node.js. */
import { life } from "./life.js";

life("trixie");
