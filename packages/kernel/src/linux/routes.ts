/** Routes over rtnetlink. */
import {
  decodeRoute,
  dumpRoutes,
  type NetlinkConnection,
  type RouteRecord,
  RTM_NEWROUTE,
  RTN_UNICAST,
  replaceRoute,
} from "@systole/node-netlink";
import { DecodeError } from "@systole/wire";
import { kernelError } from "../kernel-error.js";
import type { DeviceRoute, Routes } from "../routes.js";
import type { LinuxLinks } from "./links.js";

const RT_TABLE_MAIN = 254;

interface LinuxRoute extends DeviceRoute {
  readonly record: RouteRecord;
}

export function linuxRoutes(route: NetlinkConnection, links: LinuxLinks): Routes<LinuxRoute> {
  return {
    async list() {
      try {
        const records = await route.dump(dumpRoutes(), ({ type, payload }) =>
          type === RTM_NEWROUTE ? ofMainTable(payload) : undefined,
        );
        return records.flatMap((record) => {
          const device = record?.outInterface && links.nameOf(record.outInterface);
          return record === undefined || typeof device !== "string" ? [] : [named(record, device)];
        });
      } catch (error) {
        throw kernelError("list routes", error);
      }
    },
    async setSource({ record, device }, source) {
      const operation = `let the route over ${device} have the source ${source ?? "of the kernel's choice"}`;
      try {
        await route.request(replaceRoute({ ...record, preferredSource: source }));
      } catch (error) {
        throw kernelError(operation, error);
      }
    },
  };
}

/** Of other families there may be routes, too; they are none of ours. */
function ofMainTable(payload: Uint8Array): RouteRecord | undefined {
  try {
    const record = decodeRoute(payload);
    return record.table === RT_TABLE_MAIN && record.type === RTN_UNICAST ? record : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const named = (record: RouteRecord, device: string): LinuxRoute => ({
  record,
  device,
  family: record.family,
  destination: record.destination,
  prefixLength: record.destinationLength,
  gateway: record.gateway,
  source: record.preferredSource,
});
