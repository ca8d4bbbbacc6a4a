/** exim and dovecot: smtp, submission, pop, pops, imap, imaps; innd: nntp. */
import { CERTIFICATE, LOGIN, PASSWORD, type ServerProgram } from "./server.js";

export const exim: ServerProgram = {
  name: "exim",
  files: {
    "/etc/exim4/exim4.conf": `
primary_hostname = mail.example.test
daemon_smtp_ports = 25 : 587
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = accept
begin acl
begin routers
nobody:
  driver = redirect
  data = :blackhole:
begin transports
`.trimStart(),
  },
  prepare:
    "mkdir -p /var/spool/exim4/input /var/log/exim4 /run/exim4 && chown -R Debian-exim: /var/spool/exim4 /var/log/exim4 /run/exim4",
  command: ["exim4", "-bdf", "-q30m"],
  ports: [25, 587],
};

export const dovecot: ServerProgram = {
  name: "dovecot",
  files: {
    "/etc/dovecot/test.conf": `
protocols = imap pop3
base_dir = /run/dovecot/
log_path = /dev/stderr
disable_plaintext_auth = no
ssl = yes
ssl_cert = <${CERTIFICATE}
ssl_key = <${CERTIFICATE}
mail_location = maildir:/var/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
passdb {
  driver = static
  args = user=${LOGIN} password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=mail gid=mail home=/var/mail/%u
}
`,
  },
  prepare: "mkdir -p /run/dovecot /var/mail && chown mail:mail /var/mail",
  command: ["dovecot", "-F", "-c", "/etc/dovecot/test.conf"],
  ports: [110, 143, 993, 995],
};

export const innd: ServerProgram = {
  name: "innd",
  prepare: `
    mkdir -p /run/news && chown news:news /run/news
    sed -i '/^#*domain:/d; /^#*nnrpdloadlimit:/d' /etc/news/inn.conf
    printf 'domain: example.test\\nnnrpdloadlimit: 0\\n' >>/etc/news/inn.conf
    sysctl -qw net.ipv4.ip_unprivileged_port_start=0`,
  command: [
    "setpriv",
    "--reuid",
    "news",
    "--regid",
    "news",
    "--init-groups",
    "/usr/lib/news/bin/innd",
    "-f",
    "-P",
    "119",
  ],
  ports: [119],
};
