/** /var/lib/heartbeat/hb_uuid: 16 raw bytes that name this node for good, made once. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hex } from "@systole/wire";
import { replaceFile } from "./generation-file.js";

export interface NodeUuid {
  readonly uuid: Uint8Array;
  /** There was none, so a new one was made. */
  readonly fresh: boolean;
}

const LENGTH = 16;

/** Reads the uuid, or makes and stores one. */
export async function loadUuid(path: string): Promise<NodeUuid> {
  try {
    const uuid = await readFile(path);
    if (uuid.length === LENGTH) return { uuid, fresh: false };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const uuid = hex(randomUUID().replaceAll("-", ""));
  await replaceFile(path, uuid);
  return { uuid, fresh: true };
}
