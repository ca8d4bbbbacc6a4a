/** A mail server that says what it is told to: for the tests of the deliverer. Listens on the loopback only. */
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, dots unstuffed, lines ending in LF. */
  readonly text: string;
  readonly tls: boolean;
  readonly user: string | undefined;
}

/** What it says; everything is accepted where nothing is said. */
export interface Script {
  greeting?: string;
  /** Answer to RCPT TO. */
  rcpt?: (address: string) => string;
  /** Answer to the end of the message; "drop" hangs up instead, after the message was kept. */
  message?: (mail: Mail) => string;
  /** So long before the answer to the end of a message. */
  delayMs?: number;
  starttls?: boolean;
  /** Hears each command of a transaction, and that a message was taken: `250`, right after it was said. */
  watch?: (what: "command" | "250") => void;
  /** Needed before MAIL FROM. */
  login?: { readonly user: string; readonly pass: string };
}

export interface SmtpServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  readonly script: Script;
  /** Commands in the order they came, without the text of messages. */
  readonly commands: readonly string[];
  /** How many are connected. */
  conversations(): number;
  /** To all who are connected, out of turn. */
  say(text: string): void;
  close(): Promise<void>;
  /** Listens again on the same port. */
  reopen(): Promise<void>;
  /** Resolves when so many mails have come. */
  received(count: number): Promise<void>;
}

const pem = (name: string) => readFileSync(new URL(`certificate/${name}.pem`, import.meta.url));
export const CERTIFICATE = new URL("certificate/cert.pem", import.meta.url).pathname;

export async function startSmtpServer(script: Script = {}): Promise<SmtpServer> {
  const mails: Mail[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let server: Server;
  let port = 0;

  function keep(mail: Mail): void {
    mails.push(mail);
    for (const { count, resolve } of waiting) if (mails.length >= count) resolve();
  }

  async function listen(): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
      socket.write(`${script.greeting ?? "220 mail.test ESMTP"}\r\n`);
      converse(socket, false);
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port; // a TCP server's address has this shape
  }

  function converse(socket: Socket, tls: boolean): void {
    let rest = "";
    let from = "";
    let to: string[] = [];
    let user: string | undefined;
    let body: string[] | undefined;
    const say = (line: string) => socket.write(`${line}\r\n`);
    const answer = (reply: string) => {
      say(reply);
      if (reply.startsWith("2")) script.watch?.("250");
    };
    const endOfMessage = (lines: readonly string[]) => {
      const mail = { from, to, text: lines.join("\n"), tls, user };
      const reply = script.message?.(mail) ?? "250 2.0.0 taken";
      if (reply === "drop" || reply.startsWith("2")) keep(mail);
      if (reply === "drop") socket.destroy();
      else if ((script.delayMs ?? 0) > 0) setTimeout(() => answer(reply), script.delayMs);
      else answer(reply);
    };
    const command = (line: string) => {
      commands.push(line);
      if (line !== "QUIT") script.watch?.("command");
      const [verb = ""] = line.toUpperCase().split(/[ :]/);
      const argument = /<(.*)>/.exec(line)?.[1] ?? "";
      if (verb === "EHLO") {
        const offers = [script.starttls === true && !tls ? "STARTTLS" : "", script.login ? "AUTH PLAIN" : ""];
        for (const offer of offers.filter((word) => word !== "")) say(`250-${offer}`);
        say("250 8BITMIME");
      } else if (verb === "STARTTLS" && script.starttls !== true) {
        say("502 5.5.1 what?");
      } else if (verb === "STARTTLS") {
        say("220 go ahead");
        socket.removeAllListeners("data");
        const secret = new TLSSocket(socket, { isServer: true, cert: pem("cert"), key: pem("key") });
        secret.on("error", () => {});
        converse(secret, true);
      } else if (verb === "AUTH") {
        const [, name, pass] = Buffer.from(line.split(" ")[2] ?? "", "base64")
          .toString("utf8")
          .split("\0");
        if (name === script.login?.user && pass === script.login?.pass) user = name;
        say(user === undefined ? "535 5.7.8 wrong" : "235 2.7.0 welcome");
      } else if (verb === "MAIL") {
        [from, to] = [argument, []];
        say(script.login !== undefined && user === undefined ? "530 5.7.0 who are you?" : "250 2.1.0 ok");
      } else if (verb === "RCPT") {
        const reply = script.rcpt?.(argument) ?? "250 2.1.5 ok";
        if (reply.startsWith("2")) to.push(argument);
        say(reply);
      } else if (verb === "DATA") {
        body = [];
        say("354 end with a dot");
      } else if (verb === "QUIT") socket.end("221 2.0.0 bye\r\n");
      else say("250 ok");
    };
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1");
      for (let end = rest.indexOf("\r\n"); end !== -1; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (body === undefined) command(line);
        else if (line === ".") {
          const lines = body;
          body = undefined;
          endOfMessage(lines);
        } else body.push(line.startsWith(".") ? line.slice(1) : line);
      }
    });
  }

  await listen();
  return {
    ...{ mails, commands, script },
    get port() {
      return port;
    },
    conversations: () => sockets.size,
    say(text) {
      for (const socket of sockets) socket.write(text);
    },
    reopen: listen,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
    received: (count) =>
      new Promise((resolve) => {
        if (mails.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

/** A header of a mail, unfolded. */
export function header(mail: Mail, name: string): string | undefined {
  const head = mail.text.split("\n\n")[0]!.replaceAll(/\n[ \t]+/g, " ");
  return head
    .split("\n")
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    ?.slice(name.length + 1)
    .trim();
}
