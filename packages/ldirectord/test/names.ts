/** The names of the test vectors: documentation addresses, and the ports that the files name. */
import { parseIp } from "@systole/wire";
import type { Surroundings } from "../src/config/surroundings.js";

export const HOSTS: readonly (readonly [string, string])[] = [
  ["localhost", "127.0.0.1"],
  ["localhost6", "::1"],
  ["vip.example.test", "192.0.2.10"],
  ["web1.example.test", "192.0.2.21"],
  ["web2.example.test", "192.0.2.22"],
  ["web3.example.test", "192.0.2.23"],
  ["my_host.example.test", "192.0.2.30"],
  ["host.example.test", "192.0.2.31"],
  ["vip6.example.test", "2001:db8::10"],
  ["web1v6.example.test", "2001:db8::21"],
  ["dual.example.test", "192.0.2.40"],
  ["dual.example.test", "2001:db8::40"],
];

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, domain: 53, smtp: 25 };

export const testSurroundings: Surroundings = {
  address(name, family) {
    const found = HOSTS.filter(([host]) => host === name).map(([, text]) => parseIp(text)!);
    return found.find((address) => address.includes(":") === (family === "inet6"));
  },
  port: (name) => PORTS[name],
  unwritable: (path) => (path.startsWith("/nonexistent/") ? "No such file or directory" : undefined),
  isDirectory: (path) => path === "/tmp",
  isFile: (path) => path === "/bin/true",
  hasPackage: () => false,
  hostName: "lb1.example.test",
};
