/**
 * TLS of a check. Nobody's certificate is verified unless `sslverify=yes`: whether the server serves is the question,
 * not who signed it. The files of an authority and of our own certificate are read at most once a minute.
 */
import { readFileSync } from "node:fs";
import { isIP, type Socket } from "node:net";
import {
  type ConnectionOptions,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  TLSSocket,
} from "node:tls";
import type { TlsSettings } from "../core/configured.js";

/** What a connection needs to know to speak TLS. */
export interface TlsWish {
  /** Sent as SNI, and what a verified certificate must name, if it is a name and not an address. */
  readonly serverName: string | undefined;
  readonly settings: TlsSettings;
}

export interface TlsContexts {
  /** Options of node:tls. @throws Error when a file cannot be read or does not hold what it should. */
  optionsFor(wish: TlsWish): ConnectionOptions;
  /** What is to be said about the certificate of a server that was just reached. */
  warning(wish: TlsWish, socket: Socket): string | undefined;
}

const KEEP_MS = 60_000;
/** Different settings in one configuration: far fewer; a wall against a leak over many reloads. */
const MOST_CONTEXTS = 1000;

/**
 * @param now milliseconds of a monotonic clock
 * @param wallClock milliseconds since 1970
 */
export function createTlsContexts(now: () => number, wallClock: () => number): TlsContexts {
  const kept = new Map<string, { readonly context: SecureContext; readonly until: number }>();

  function contextFor({ caFile, certificate }: TlsSettings): SecureContext {
    const key = JSON.stringify([caFile, certificate]);
    const known = kept.get(key);
    if (known !== undefined && known.until > now()) return known.context;
    if (kept.size >= MOST_CONTEXTS) kept.clear();
    const context = createSecureContext({
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      ...(certificate === undefined
        ? {}
        : { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }),
    });
    kept.set(key, { context, until: now() + KEEP_MS });
    return context;
  }

  return {
    optionsFor({ serverName, settings }) {
      return {
        secureContext: contextFor(settings),
        rejectUnauthorized: settings.verify,
        ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
      };
    },
    warning({ settings: { expiryDays } }, socket) {
      if (expiryDays === undefined || !(socket instanceof TLSSocket)) return undefined;
      return expiryWarning(socket.getPeerCertificate(), expiryDays, wallClock());
    },
  };
}

/** A sentence if the certificate ends within so many days, or has ended. */
export function expiryWarning(
  certificate: Pick<PeerCertificate, "valid_to">,
  days: number,
  wallClock: number,
): string | undefined {
  const ends = Date.parse(certificate.valid_to ?? "");
  if (Number.isNaN(ends)) return undefined;
  const left = (ends - wallClock) / 86_400_000;
  if (left > days) return undefined;
  const until = new Date(ends).toISOString().slice(0, 10);
  return left < 0
    ? `its certificate ended on ${until}`
    : `its certificate ends on ${until}, in ${Math.floor(left)} days`;
}
