/**
 * What an administrator asked for, every default filled in and every name resolved.
 *
 * The grammars of `config/` make it, the machines of `core/` live by it. Two endpoints of a real server matter: the one
 * that was written (its port is checked, its text is logged) and the one the table has, because ip_vs gives real
 * servers of `gate` and `ipip` the port of the virtual service.
 */
import type { Forwarding, RealServer, VirtualService } from "@systole/kernel";
import type { Millis } from "@systole/machine";
import type { Endpoint, IpAddress } from "@systole/wire";

export interface DirectorConfig {
  /** In file order; no two have the same key. */
  readonly services: readonly ServiceConfig[];
  readonly reconcile: {
    /** How often the table is read again without a reason of our own; undefined for never. */
    readonly every: Millis | undefined;
    /** Also put back a single real server or weight that somebody changed by hand. */
    readonly strict: boolean;
  };
}

export interface ServiceConfig {
  /** `tcp:192.0.2.10:80`, `fwm:7`, `fwm6:7`: the identity that log lines and status use. */
  readonly key: string;
  readonly virtual: VirtualService;
  readonly quiescent: boolean;
  /** A real server that goes down and is not in the table is added with weight 0. */
  readonly readdQuiescent: boolean;
  readonly cleanStop: boolean;
  readonly fallback: FallbackConfig | undefined;
  /** Shell command, run with ` start|stop ADDR:PORT PROTOCOL` when the last real server goes and the first comes. */
  readonly fallbackCommand: string | undefined;
  /** No two have the same table endpoint. */
  readonly reals: readonly RealConfig[];
}

export interface FallbackConfig {
  readonly configured: Endpoint;
  readonly endpoint: Endpoint;
  readonly forwarding: Forwarding;
}

export interface RealConfig {
  /** `10.0.0.11:80`, as the table has it; unique within its service. */
  readonly key: string;
  readonly configured: Endpoint;
  readonly endpoint: Endpoint;
  readonly forwarding: Forwarding;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnel?: NonNullable<RealServer["tunnel"]>;
  readonly check: CheckConfig;
}

/** How it is found out whether a real server serves. */
export type CheckConfig =
  /** `checktype=on`, `service=none`: up without asking. */
  | { readonly kind: "always" }
  /** `checktype=off`: never asked; stays as it was found in the table. */
  | { readonly kind: "never" }
  | PeriodicCheck;

export interface PeriodicCheck {
  readonly kind: "periodic";
  /** Start to start. */
  readonly interval: Millis;
  /** Failures in a row until the real server is down; at least 1. */
  readonly failureCount: number;
  /** Successes in a row until one that is down is up again; at least 1. */
  readonly successCount: number;
  readonly spec: CheckSpec;
  /** `checktype=N`: after a success of `spec`, this many of these, then `spec` again. */
  readonly between?: { readonly spec: CheckSpec; readonly count: number };
  /** Directory of the files that take a real server out of service by hand. */
  readonly maintenance?: {
    readonly directory: string;
    readonly address: IpAddress;
    readonly port: number;
  };
}

/** Service types that are asked in a dialogue of ours. */
export type DialogueService =
  | "dns"
  | "ftp"
  | "http"
  | "https"
  | "http_proxy"
  | "imap"
  | "imaps"
  | "nntp"
  | "pop"
  | "pops"
  | "radius"
  | "simpletcp"
  | "sip"
  | "smtp"
  | "submission";

/** Service types that a library speaks. */
export type ClientService = "ldap" | "ldaps" | "mysql" | "oracle" | "pgsql";

/** One check, ready to be done. `limit` is for the whole of it. */
export type CheckSpec =
  | { readonly type: "connect"; readonly target: Endpoint; readonly limit: Millis }
  | { readonly type: "ping"; readonly address: IpAddress; readonly tries: number; readonly limit: Millis }
  | {
      readonly type: "external";
      /** Program and its own arguments; the four addresses follow. */
      readonly command: readonly string[];
      /** Virtual address or mark, virtual port or 0, real address, real port. */
      readonly args: readonly string[];
      readonly limit: Millis;
    }
  | NegotiateSpec
  /** Something that can only fail, such as a connect check without a port. */
  | { readonly type: "impossible"; readonly reason: string };

export type NegotiateSpec = DialogueSpec | ClientSpec;

export interface DialogueSpec extends Negotiation {
  readonly service: DialogueService;
}

export interface ClientSpec extends Negotiation {
  readonly service: ClientService;
}

interface Negotiation {
  readonly type: "negotiate";
  readonly transport: "tcp" | "udp";
  readonly target: Endpoint;
  readonly limit: Millis;
  /** As written, without the `/` that the grammar puts before a path. */
  readonly request: string | undefined;
  /** A Perl regular expression; undefined: not compared. */
  readonly receive: string | undefined;
  readonly virtualHost: string | undefined;
  readonly method: "GET" | "HEAD";
  readonly login: string;
  readonly password: string;
  /** `""`: none was written. */
  readonly database: string;
  /** Shared with a server of radius. */
  readonly secret: string;
  readonly tls: TlsSettings;
  /** Follow redirects of http; up to 7. */
  readonly redirects: boolean;
}

/** How TLS is spoken in a check; the first value of each is what the original did, or meant to. */
export interface TlsSettings {
  /** False: whoever answers is taken. True: chain and name of the certificate are verified. */
  readonly verify: boolean;
  /** Authorities that count instead of the usual ones. */
  readonly caFile: string | undefined;
  /** SNI and the name to verify; undefined: what the service type says. */
  readonly serverName: string | undefined;
  /** Warn when the certificate of the server ends within so many days. */
  readonly expiryDays: number | undefined;
  /** Our own, for servers that ask for one. */
  readonly certificate: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** What came out of one check. */
export type CheckResult =
  | {
      readonly up: true;
      readonly message: string;
      readonly tookMs: number;
      /** What is going to be a failure, such as a certificate that ends soon: a sentence without its subject. */
      readonly warning?: string;
    }
  | {
      readonly up: false;
      /** A sentence without a full stop. */
      readonly reason: string;
      readonly tookMs: number;
      /** What was said on the connection, bounded, control characters escaped. */
      readonly transcript?: string;
      /** By hand: down at once, failures are not counted. */
      readonly maintenance?: true;
    };
