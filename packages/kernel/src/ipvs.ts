/**
 * The kernel's ip_vs over generic netlink: the default data plane.
 *
 * The family's number changes when the module is loaded anew, and a request with the old one is ENOENT, which has other
 * meanings, too: after an ENOENT the number is asked again, and only if it is another one, so is the request.
 */
import {
  decodeDestination,
  decodeFamilyId,
  decodeService,
  deleteDestination,
  deleteService,
  dumpDestinations,
  dumpServices,
  getFamily,
  IPVS_GENL_NAME,
  type NetlinkConnection,
  type NetlinkRequest,
  newDestination,
  newService,
  setDestination,
  setService,
} from "@systole/node-netlink";
import type { Balancer, BalancerChange, BalancerTable, ChangeResult } from "./balancer.js";
import { fromDestination, fromService, toDestination, toId, toService } from "./ipvs/convert.js";
import { errorCode, kernelError } from "./kernel-error.js";
import { describeChange, familyOfService } from "./service-table.js";

/** The number of the family IPVS; undefined if this kernel has no ip_vs. Asking loads the module. */
export async function ipvsFamily(generic: NetlinkConnection): Promise<number | undefined> {
  try {
    const [family] = await generic.request(getFamily(IPVS_GENL_NAME), decodeFamilyId);
    return family;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw kernelError("find ip_vs", error);
  }
}

export function ipvsBalancer(generic: NetlinkConnection, firstFamily: number): Balancer {
  let family = firstFamily;

  /** True if the module was loaded anew: the family has another number now. */
  async function familyMoved(): Promise<boolean> {
    const now = await ipvsFamily(generic);
    if (now === undefined || now === family) return false;
    family = now;
    return true;
  }

  async function read(): Promise<BalancerTable> {
    const services = await generic.dump(dumpServices(family), ({ payload }) => decodeService(payload));
    return Promise.all(
      services.map(async (service) => {
        const reals = await generic.dump(dumpDestinations(family, service.id), ({ payload }) =>
          decodeDestination(payload, familyOfService(fromService(service).id)),
        );
        return { service: fromService(service), reals: reals.map(fromDestination) };
      }),
    );
  }

  async function send(changes: readonly BalancerChange[]): Promise<readonly ChangeResult[]> {
    const outcomes = await generic.requestAll(changes.map((change) => requestOf(change, family)));
    return changes.map((change, index) => ({
      change,
      error: outcomes[index] && kernelError(describeChange(change), outcomes[index]),
    }));
  }

  return {
    kind: "ip_vs",
    limitations: () => [],
    async read() {
      try {
        return await read().catch(async (error: unknown) => {
          if (errorCode(error) === "ENOENT" && (await familyMoved())) return read();
          throw error;
        });
      } catch (error) {
        throw kernelError("read the IPVS table", error);
      }
    },
    async apply(changes) {
      const results = await send(changes);
      const lost = results.some(({ error }) => errorCode(error) === "ENOENT");
      if (!lost || !(await familyMoved())) return results;
      // Under the old number none of the changes arrived, so that all of them are sent again, in order.
      return send(changes);
    },
  };
}

function requestOf(change: BalancerChange, family: number): NetlinkRequest {
  switch (change.type) {
    case "add-service":
      return newService(family, toService(change.service));
    case "change-service":
      return setService(family, toService(change.service));
    case "remove-service":
      return deleteService(family, toId(change.id));
    case "add-real":
      return newDestination(family, toId(change.id), toDestination(change.real));
    case "change-real":
      return setDestination(family, toId(change.id), toDestination(change.real));
    case "remove-real":
      return deleteDestination(family, toId(change.id), change.real);
  }
}
