/**
 * The directives of TLS, ours: they stand globally and in sections, and are off unless written. A section's own word
 * comes before the global one.
 */
import type { TlsSettings } from "../core/configured.js";
import { valueSpan } from "./complaints.js";
import type { Surroundings } from "./surroundings.js";
import { type Reading, readMaybeQuoted, readNumber, readYesNo } from "./values.js";

/** As written; undefined where nothing was said. */
export interface SslSettings {
  verify?: boolean;
  caFile?: string;
  serverName?: string;
  expiryDays?: number;
  certFile?: string;
  keyFile?: string;
}

type Reader = (reading: Reading, settings: { readonly ssl: SslSettings }, surroundings: Surroundings) => void;

const file =
  (key: "caFile" | "certFile" | "keyFile"): Reader =>
  (reading, { ssl }, surroundings) => {
    const path = readMaybeQuoted(reading);
    if (path === undefined) return;
    if (surroundings.isFile(path)) ssl[key] = path;
    else {
      const { statement, complaints } = reading;
      complaints.error(valueSpan(statement), "no-file", `${statement.name}: ${path} is not a file`);
    }
  };

export const SSL_DIRECTIVES: Readonly<Record<string, Reader>> = {
  sslverify(reading, { ssl }) {
    const verify = readYesNo(reading);
    if (verify !== undefined) ssl.verify = verify;
  },
  sslcafile: file("caFile"),
  sslservername(reading, { ssl }) {
    const name = readMaybeQuoted(reading)?.trim();
    if (name === undefined) return;
    if (/^[A-Za-z0-9._-]+$/.test(name)) ssl.serverName = name;
    else
      reading.complaints.error(
        valueSpan(reading.statement),
        "bad-host",
        `sslservername: "${name}" is not a name`,
      );
  },
  sslexpirewarn(reading, { ssl }) {
    const days = readNumber(reading);
    if (days !== undefined) ssl.expiryDays = days;
  },
  sslcertfile: file("certFile"),
  sslkeyfile: file("keyFile"),
};

/** What holds for one section. A key that is in the file of its certificate need not be named. */
export function tlsSettings(section: SslSettings, globals: SslSettings): TlsSettings {
  const { verify = false, caFile, serverName, expiryDays, certFile, keyFile } = { ...globals, ...section };
  return {
    verify,
    caFile,
    serverName,
    expiryDays,
    certificate: certFile === undefined ? undefined : { certFile, keyFile: keyFile ?? certFile },
  };
}
