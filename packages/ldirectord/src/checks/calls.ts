/** Which dialogue a service type speaks. */
import type { NegotiateSpec } from "../core/configured.js";
import type { Call } from "./conversation.js";
import { dnsCall } from "./dns.js";
import { httpCall } from "./http.js";
import { imapCall, popCall, smtpCall } from "./mail-protocols.js";
import { ftpCall, nntpCall, simpleTcpCall } from "./simple-protocols.js";
import { sipCall } from "./sip.js";

/** @param random hexadecimal digits, at least 32, different each time */
export function callFor(spec: NegotiateSpec, random: string): Call {
  switch (spec.service) {
    case "http":
    case "https":
    case "http_proxy":
      return httpCall(spec);
    case "smtp":
    case "submission":
      return smtpCall(spec);
    case "pop":
    case "pops":
      return popCall(spec);
    case "imap":
    case "imaps":
      return imapCall(spec);
    case "nntp":
      return nntpCall(spec);
    case "simpletcp":
      return simpleTcpCall(spec);
    case "ftp":
      return ftpCall(spec);
    case "dns":
      return dnsCall(spec, Number.parseInt(random.slice(0, 4), 16));
    case "sip":
      return sipCall(spec, random);
  }
}
