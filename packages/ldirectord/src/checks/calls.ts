/** Which dialogue a service type speaks. */
import type { DialogueSpec } from "../core/configured.js";
import type { Call } from "./conversation.js";
import { dnsCall } from "./dns.js";
import { httpCall } from "./http.js";
import { imapCall, popCall, smtpCall } from "./mail-protocols.js";
import { radiusCall } from "./radius.js";
import { ftpCall, nntpCall, simpleTcpCall } from "./simple-protocols.js";
import { sipCall } from "./sip.js";

/** The same call serves any number of checks. */
export function callFor(spec: DialogueSpec): Call {
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
      return dnsCall(spec);
    case "radius":
      return radiusCall(spec);
    case "sip":
      return sipCall(spec);
  }
}
