/** An address and a port, printed as every LVS tool prints them: `192.0.2.10:80`, `[2001:db8::1]:80`. */
import { type IpAddress, isIpv6, parseIp } from "./address.js";

export interface Endpoint {
  readonly address: IpAddress;
  /** 0 to 65535. */
  readonly port: number;
}

export const formatEndpoint = ({ address, port }: Endpoint): string =>
  isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

/** Reads what `formatEndpoint` prints; undefined for a name, a missing port or a port above 65535. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const address = parseIp(parts[1] ?? parts[2]!);
  const port = Number(parts[3]);
  const rightForm = address !== undefined && isIpv6(address) === (parts[1] !== undefined);
  return rightForm && port <= 65535 ? { address, port } : undefined;
}
