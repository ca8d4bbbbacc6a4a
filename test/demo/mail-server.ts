/**
 * A mail server that takes everything: each letter becomes one JSON line `{"from","to","text"}` in a file.
 * Arguments: port, file.
 */
import { appendFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";

const [port = "25", file = "/var/mail/all.jsonl"] = process.argv.slice(2);
const LETTER_LIMIT_BYTES = 1024 * 1024;

createServer(converse).listen(Number(port), "::");

function converse(socket: Socket): void {
  let rest = "";
  let from = "";
  let to: string[] = [];
  let letter: string[] | undefined; // the lines so far, between DATA and the dot
  const answer = (line: string) => socket.write(`${line}\r\n`);
  const data = (line: string, body: string[]) => {
    if (line !== ".") {
      body.push(line.startsWith(".") ? line.slice(1) : line);
      return;
    }
    appendFileSync(file, `${JSON.stringify({ from, to, text: body.join("\n") })}\n`);
    letter = undefined;
    answer("250 2.0.0 taken");
  };
  const command = (line: string) => {
    const [verb = ""] = line.toUpperCase().split(/[ :]/);
    if (verb === "EHLO") socket.write("250-mail\r\n250-8BITMIME\r\n250 SIZE 1048576\r\n");
    else if (verb === "MAIL") [from, to] = [line.slice(10), []];
    else if (verb === "RCPT") to.push(line.slice(8));
    else if (verb === "DATA") letter = [];
    if (verb === "QUIT") socket.end("221 2.0.0 bye\r\n");
    else if (verb === "DATA") answer("354 end with a dot");
    else if (verb !== "EHLO")
      answer(/^(HELO|MAIL|RCPT|RSET|NOOP)$/.test(verb) ? "250 2.0.0 ok" : "502 5.5.1 what?");
  };
  socket.setEncoding("utf8");
  socket.on("error", () => {}); // the sender went away
  socket.on("data", (chunk: string) => {
    rest += chunk;
    if (rest.length > LETTER_LIMIT_BYTES) return void socket.destroy();
    for (let end = rest.indexOf("\r\n"); end !== -1; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (letter === undefined) command(line);
      else data(line, letter);
    }
  });
  answer("220 mail ESMTP");
}
