/** Another ldirectord where this one would be: the same file under another name, or another file of the same name. */
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import type { Instance } from "./instance.js";

const ANSWER_LIMIT_MS = 5000;

/**
 * The configuration of the one that answers on this instance's control socket; undefined if nobody is there.
 * One that is there but does not answer in time is taken for one with this configuration: it must not be doubled.
 */
export async function configurationInUse({ daemon, path }: Instance): Promise<string | undefined> {
  try {
    const answer = await controlClient(controlPath(daemon), { limitMs: ANSWER_LIMIT_MS }).call("status");
    return (answer as { readonly config: string }).config; // `statusOf`, of any version
  } catch (error) {
    return error instanceof ControlError && error.code === "unreachable" ? undefined : path;
  }
}
