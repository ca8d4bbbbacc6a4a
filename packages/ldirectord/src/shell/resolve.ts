/** Names, services and files as this machine knows them, for judging ldirectord.cf. */
import { lookup } from "node:dns/promises";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Source } from "@systole/config";
import { type Family, type IpAddress, parseIp } from "@systole/wire";
import { parseLdirectordCf } from "../config/ldirectord-cf.js";
import type { Surroundings } from "../config/surroundings.js";

/** Answers what the file asks of names, resolved beforehand and once. */
export async function surroundingsOf(source: Source): Promise<Surroundings> {
  const here = machine();
  const addresses = new Map<string, IpAddress>();
  const names = namesIn(source, here);
  await Promise.all(
    names.map(async ({ name, family }) => {
      const address = await resolve(name, family);
      if (address !== undefined) addresses.set(`${family} ${name}`, address);
    }),
  );
  return { ...here, address: (name, family) => addresses.get(`${family} ${name}`) };
}

interface Name {
  readonly name: string;
  readonly family: Family;
}

/** Every name that the parser asks for, found by letting it ask. */
function namesIn(source: Source, here: Surroundings): readonly Name[] {
  const asked = new Map<string, Name>();
  parseLdirectordCf(source, {
    ...here,
    address(name, family) {
      asked.set(`${family} ${name}`, { name, family });
      return undefined;
    },
  });
  return [...asked.values()];
}

async function resolve(name: string, family: Family): Promise<IpAddress | undefined> {
  try {
    const { address } = await lookup(name, { family: family === "inet" ? 4 : 6 });
    return parseIp(address);
  } catch {
    return undefined; // no such name: the parser complains about it at its place
  }
}

function hasPackage(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

function machine(): Surroundings {
  const services = servicesDatabase();
  return {
    address: () => undefined,
    port: (name, protocol) => services.get(`${name}/${protocol}`),
    unwritable,
    isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
    hasPackage,
    hostName: process.env.HOSTNAME ?? hostname(),
  };
}

/** Why nobody could append to this file. Nothing is created by asking. */
function unwritable(path: string): string | undefined {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) return "is a directory";
    accessSync(there === undefined ? dirname(path) : path, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" ? "No such file or directory" : "Permission denied";
  }
}

/** Known also where /etc/services is not installed. */
const WELL_KNOWN =
  "ftp 21 ssh 22 telnet 23 smtp 25 domain 53 http 80 pop3 110 nntp 119 ntp 123 imap2 143 snmp 161 ldap 389 https 443 " +
  "submission 587 ldaps 636 imaps 993 pop3s 995 mysql 3306 postgresql 5432 sip 5060 radius 1812";

function servicesDatabase(): ReadonlyMap<string, number> {
  const words = WELL_KNOWN.split(" ");
  const ports = new Map<string, number>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    for (const protocol of ["tcp", "udp"]) ports.set(`${words[at]}/${protocol}`, Number(words[at + 1]));
  }
  for (const line of readServices().split("\n")) {
    const [name, place, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const parts = /^(\d+)\/(tcp|udp)$/.exec(place ?? "");
    if (name === undefined || parts === null) continue;
    for (const each of [name, ...aliases]) ports.set(`${each}/${parts[2]}`, Number(parts[1]));
  }
  return ports;
}

function readServices(): string {
  try {
    return readFileSync("/etc/services", "utf8");
  } catch {
    return "";
  }
}
