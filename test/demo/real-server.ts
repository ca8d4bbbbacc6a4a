/**
 * A real server: answers every request with its name, and `/alive.html` with the page that ldirectord checks.
 * Arguments: port, file of the page. The page is read anew for each request, so that a test can change it.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname } from "node:os";

const [port = "80", page = "/var/www/alive.html"] = process.argv.slice(2);
const name = hostname();

const server = createServer((request, response) => {
  response.setHeader("X-Server", name);
  response.end(request.url === "/alive.html" ? readFileSync(page, "utf8") : `${name}\n`);
});
server.keepAliveTimeout = 0; // connections live as long as the client wants
server.headersTimeout = 0;
server.requestTimeout = 0;
server.listen(Number(port), "::");
