/** A real server program of Debian, as the tests of checks want it: its files, how it is started, when it serves. */
import type { Peer } from "../../lab/peer.js";

export interface ServerProgram {
  readonly name: string;
  /** Files by path inside the root of peers. */
  readonly files?: Readonly<Record<string, string>>;
  /** Shell lines that are run once, before the start. */
  readonly prepare?: string;
  readonly command: readonly string[];
  /** Ports that it listens on once it serves; with `/udp` behind them for datagrams. */
  readonly ports: readonly (number | `${number}/udp`)[];
}

export const LOGIN = "checker";
export const PASSWORD = "geheim-5461";
export const CERTIFICATE = "/etc/test/server.pem";

/** A certificate of an authority that nobody knows, for www.example.test, in one file with its key. */
export const certificate = (peer: Peer) =>
  peer.sh(`
    mkdir -p /etc/test && cd /etc/test
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 20 \
      -subj "/CN=www.example.test" -addext "subjectAltName=DNS:www.example.test" 2>/dev/null
    cat cert.pem key.pem >server.pem
    chmod 644 server.pem key.pem
    getent passwd ${LOGIN} >/dev/null || useradd -m -s /bin/bash ${LOGIN}
    echo "${LOGIN}:${PASSWORD}" | chpasswd`);

/** Numbers of ports that somebody listens on, as /proc/net writes them. */
export async function listens(peer: Peer, { ports }: ServerProgram): Promise<boolean> {
  const table = async (protocol: "tcp" | "udp") =>
    (await peer.sh(`cat /proc/net/${protocol} /proc/net/${protocol}6`)).stdout;
  const [tcp, udp] = [await table("tcp"), await table("udp")];
  return ports.every((port) => {
    const [number = "", datagrams] = String(port).split("/");
    const hex = Number(number).toString(16).toUpperCase().padStart(4, "0");
    return new RegExp(`:${hex} [0-9A-F:]+ ${datagrams === undefined ? "0A" : "07"} `).test(
      datagrams === undefined ? tcp : udp,
    );
  });
}
