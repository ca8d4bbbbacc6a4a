/** A real Exim and Postfix's smtp-sink on a node, and a notifierd on another one that sends to them. */
import type { LabNode } from "../lab/node.js";
import type { Peer } from "../lab/peer.js";
import type { Running } from "../lab/process.js";
import { until } from "../lab/until.js";

const DIR = "/srv/exim";
export const EXIM_PORT = 2602;
export const SINK_PORT = 2601;
export const CERTIFICATE = `${DIR}/cert.pem`;

/**
 * Takes mail for anybody but: `greylisted` is put off, `nobody-here` is refused; login `ha`, password `s3cret`, offered
 * under TLS only; DSN.
 */
const EXIM_CONF = `
primary_hostname = mx.test
spool_directory = ${DIR}/spool
log_file_path = ${DIR}/log/%slog
pid_file_path = ${DIR}/exim.pid
exim_user = 65534
exim_group = 65534
never_users =
keep_environment =
deliver_drop_privilege = true
daemon_smtp_ports = ${EXIM_PORT}
local_interfaces = 0.0.0.0
host_lookup =
rfc1413_query_timeout = 0s
log_selector = +tls_cipher +smtp_protocol_error +dnssec
tls_advertise_hosts = *
tls_certificate = ${CERTIFICATE}
tls_privatekey = ${DIR}/key.pem
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
dsn_advertise_hosts = *
begin acl
acl_rcpt:
  defer  local_parts = greylisted
         message = 451 4.7.1 greylisted, try again
  deny   local_parts = nobody-here
         message = 550 5.1.1 no such user
  accept
acl_data:
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  file = ${DIR}/mail/all
  user = 65534
  group = 65534
  envelope_to_add
begin retry
* * F,1h,5s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{$auth2}{ha}}{eq{$auth3}{s3cret}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = \${if and{{eq{$auth1}{ha}}{eq{$auth2}{s3cret}}}}
  server_set_id = $auth1
`;

export async function startExim(peer: Peer): Promise<Running> {
  peer.put(`${DIR}/exim.conf`, EXIM_CONF);
  const subject = '-subj /CN=mx.test -addext "subjectAltName=DNS:mx.test"';
  await peer.sh(
    `cd ${DIR} && mkdir -p spool log mail && openssl req -x509 -newkey rsa:2048 -nodes -days 2 ${subject} ` +
      "-keyout key.pem -out cert.pem 2>/dev/null && chown -R 65534:65534 . && chown 0:0 exim.conf",
  );
  const exim = await peer.spawn(["exim4", "-C", `${DIR}/exim.conf`, "-bdf", "-q10s"]);
  await until("exim to listen", async () => (await peer.sh(`ss -Hltn sport = :${EXIM_PORT}`)).stdout !== "");
  return exim;
}

/** All that Exim has delivered, one after the other. */
export const mailbox = (peer: Peer): string =>
  peer.has(`${DIR}/mail/all`) ? peer.read(`${DIR}/mail/all`) : "";
export const eximLog = (peer: Peer): string => peer.read(`${DIR}/log/mainlog`);

/** Each mail becomes a file in `directory` of the peer. */
export async function startSink(peer: Peer, directory: string): Promise<Running> {
  await peer.sh(`mkdir -p ${directory} && chown 65534:65534 ${directory}`);
  const libraries = "LD_LIBRARY_PATH=/opt/postfix/usr/lib/postfix:/opt/postfix/usr/lib";
  const command = `cd ${directory} && exec env ${libraries} /opt/postfix/usr/sbin/smtp-sink -u nobody -h sink.test -D sink.%M%S. 0.0.0.0:${SINK_PORT} 50`;
  const sink = await peer.spawn(["bash", "-c", command]);
  await until(
    "smtp-sink to listen",
    async () => (await peer.sh(`ss -Hltn sport = :${SINK_PORT}`)).stdout !== "",
  );
  return sink;
}

const PROGRAMS = "packages/notifierd/dist/bin";

/** Writes the configuration and starts notifierd with it. */
export async function startNotifierd(node: LabNode, smtp: readonly string[], rest = ""): Promise<Running> {
  const recipient = "[recipient ops]\naddress = ops@test\n";
  node.put(
    "/etc/systole/notifier.ini",
    `[smtp]\nfrom = systole@test\n${smtp.join("\n")}\n${recipient}${rest}`,
  );
  const daemon = await node.spawn([process.execPath, `${PROGRAMS}/notifierd.js`]);
  const started = () => daemon.lines.some((line) => line.includes("notifierd started"));
  await until("notifierd to start", started, { limitMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${daemon.lines.join("\n")}`);
  });
  return daemon;
}

/** `notifier ARGUMENT...`: exit code and all that it wrote. */
export async function notifier(
  node: LabNode,
  ...args: readonly string[]
): Promise<{ code: number; text: string }> {
  const { status, stdout, stderr } = await node.run([process.execPath, `${PROGRAMS}/notifier.js`, ...args], {
    check: false,
  });
  return { code: status ?? -1, text: stdout + stderr };
}
