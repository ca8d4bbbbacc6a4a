/**
 * ldirectord.cf: from text to what the director shall do.
 *
 * Every mistake of the file is told in one run. Lines are judged where they are read; names and addresses of a section
 * after all of its lines, because its protocol must be known: fallback, virtual address, real servers, duplicates.
 */
import { hasErrors, type Parsed, type Source } from "@systole/config";
import { seconds } from "@systole/machine";
import type { DirectorConfig } from "../core/configured.js";
import { complaintsAbout } from "./complaints.js";
import {
  defaultGlobals,
  GLOBAL_DIRECTIVES,
  type GlobalSettings,
  readGlobal,
  type WrittenFallback,
} from "./global.js";
import { type Place, resolveFallback } from "./resolved.js";
import { type VirtualConfig, virtualConfig } from "./service-config.js";
import { outline } from "./statement.js";
import type { Surroundings } from "./surroundings.js";
import { defaultSection, readInSection, SECTION_DIRECTIVES } from "./virtual.js";

export interface LdirectordConfig {
  readonly path: string;
  readonly globals: Readonly<GlobalSettings>;
  /** In file order, as the services of `director`. */
  readonly virtuals: readonly VirtualConfig[];
  readonly director: DirectorConfig;
}

const GLOBAL_NAMES: ReadonlySet<string> = new Set([...Object.keys(GLOBAL_DIRECTIVES), "virtual", "virtual6"]);

export function parseLdirectordCf(source: Source, surroundings: Surroundings): Parsed<LdirectordConfig> {
  const complaints = complaintsAbout(source.path);
  const { globals: statements, sections } = outline(source);
  const globals = defaultGlobals();
  for (const statement of statements) {
    readGlobal(statement, globals, complaints, surroundings, SECTION_DIRECTIVES);
  }
  judgeGlobalFallback(globals.fallback, "inet");
  judgeGlobalFallback(globals.fallback6, "inet6");
  const seen = new Map<string, number>();
  const virtuals: VirtualConfig[] = [];
  for (const section of sections) {
    const settings = defaultSection(section.head.name === "virtual6" ? "inet6" : "inet");
    for (const statement of section.body) {
      readInSection(statement, settings, complaints, surroundings, GLOBAL_NAMES);
    }
    const virtual = virtualConfig({ section, settings, globals, complaints, surroundings, seen });
    if (virtual !== undefined) virtuals.push(virtual);
  }
  const { seconds: every, strict } = globals.reconcile;
  const director: DirectorConfig = {
    services: virtuals.map(({ service }) => service),
    reconcile: { every: every === undefined ? undefined : seconds(every), strict },
  };
  const value = { path: source.path, globals, virtuals, director };
  return { value: hasErrors(complaints.all) ? undefined : value, diagnostics: complaints.all };

  /** The place it is used at may have no section at all: it is judged by itself, for either protocol. */
  function judgeGlobalFallback(fallback: WrittenFallback | undefined, family: Place["family"]): void {
    if (fallback === undefined) return;
    resolveFallback(fallback, {
      family,
      port: undefined,
      protocols: ["tcp", "udp"],
      complaints,
      surroundings,
    });
  }
}
