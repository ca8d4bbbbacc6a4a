/** Debian 12, whose Node.js is too old: the packages bring their own. */
import { life } from "./life.js";

life("bookworm");
