/** smtp, submission, pop, pops, imap, imaps: greeting, login where one is given, good-bye. */
import { createHash } from "node:crypto";
import type { NegotiateSpec } from "../core/configured.js";
import { type Call, down, line, reply, shortened, type Turn, up } from "./conversation.js";

const OUR_NAME = "localhost.localdomain";

const callTo = (spec: NegotiateSpec, tls: boolean, first: Turn): Call => ({
  host: spec.target.address,
  port: spec.target.port,
  transport: "tcp",
  tls: tls ? { serverName: spec.tls.serverName ?? spec.virtualHost, settings: spec.tls } : undefined,
  begin: () => first,
});

/** Up when the greeting is 2xx and EHLO, or HELO after a 5xx, is taken. */
export function smtpCall(spec: NegotiateSpec): Call {
  const done = (text: string): Turn => ({ say: "QUIT\r\n", ...up(shortened(text)) });
  const helo = reply((code, text) =>
    code < 300 ? done(text) : down(`HELO refused: ${code} ${shortened(text)}`),
  );
  const ehlo = reply((code, text) => {
    if (code >= 200 && code < 300) return done(text);
    if (code >= 500) return { say: `HELO ${OUR_NAME}\r\n`, next: helo };
    return down(`EHLO refused: ${code} ${shortened(text)}`);
  });
  const greeting = reply((code, text) =>
    code >= 200 && code < 300
      ? { say: `EHLO ${OUR_NAME}\r\n`, next: ehlo }
      : down(`greeted with ${code} ${shortened(text)}`),
  );
  return callTo(spec, false, { next: greeting });
}

/** RFC 1939. Up: a banner +OK and, with a login, the login taken: APOP where the banner has a time stamp. */
export function popCall(spec: NegotiateSpec): Call {
  const { login, password } = spec;
  const quit = (text: string): Turn => ({ say: "QUIT\r\n", ...up(shortened(text)) });
  const positive = (what: string, then: (text: string) => Turn) =>
    line((text) => (text.startsWith("+OK") ? then(text) : down(`${what}: "${shortened(text)}"`)));
  const stat: Turn = { say: "STAT\r\n", next: positive("STAT refused", quit) };
  const user: Turn = {
    say: `USER ${login}\r\n`,
    next: positive("USER refused", () => ({
      say: `PASS ${password}\r\n`,
      secret: true,
      next: positive("login refused", () => stat),
    })),
  };
  const banner = positive("banner", (text) => {
    if (login === "") return quit(text);
    const stamp = /<[^<>\s]+@[^<>\s]+>/.exec(text)?.[0];
    if (stamp === undefined) return user;
    const digest = createHash("md5")
      .update(stamp + password, "latin1")
      .digest("hex");
    return { say: `APOP ${login} ${digest}\r\n`, secret: true, next: positive("login refused", () => stat) };
  });
  return callTo(spec, spec.service === "pops", { next: banner });
}

/** RFC 3501. Up: a banner OK or PREAUTH and, with a login, a tagged OK. Nothing is expunged. */
export function imapCall(spec: NegotiateSpec): Call {
  const { login, password } = spec;
  const logout = (tag: number, text: string): Turn => ({ say: `${tag} LOGOUT\r\n`, ...up(shortened(text)) });
  const quoted = (text: string) => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;
  const tagged = line((text) => {
    if (/^0 OK\b/i.test(text)) return logout(1, text);
    return /^0 /.test(text) ? down(`login refused: "${shortened(text)}"`) : { next: tagged };
  });
  const banner = line((text) => {
    if (!/^\* (?:OK|PREAUTH)\b/i.test(text)) return down(`banner: "${shortened(text)}"`);
    if (login === "") return logout(0, text);
    return { say: `0 LOGIN ${login} ${quoted(password)}\r\n`, secret: true, next: tagged };
  });
  return callTo(spec, spec.service === "imaps", { next: banner });
}
