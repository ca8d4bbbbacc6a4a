/** exim and dovecot: smtp, submission, pop, pops, imap, imaps; innd: nntp. */
import { CERTIFICATE, LOGIN, PASSWORD, type ServerProgram } from "./server.js";

export const exim: ServerProgram = {
  name: "exim",
  files: {
    "/etc/exim4/exim4.conf": `
primary_hostname = mail.example.test
daemon_smtp_ports = 25 : 587 : 2525 : 2526 : 2527
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = accept
acl_smtp_connect = connected
acl_smtp_helo = greeted
begin acl
connected:
  deny condition = \${if ={$received_port}{2525}}
       message = closed for today
  defer condition = \${if ={$received_port}{2526}}
       message = busy
  accept
greeted:
  deny condition = \${if and{{={$received_port}{2527}}{match{$smtp_command}{\\N^(?i)ehlo\\N}}}}
       message = no extensions here
  accept
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
  ports: [25, 587, 2525, 2526, 2527],
};

const dovecotConf = (baseDirectory: string, more: string): string => `
protocols = imap pop3
base_dir = ${baseDirectory}
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
# No penalty: it lets all logins of an address wait, up to 15 s, after one with a wrong password. A case has one.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${more}`;

export const dovecot: ServerProgram = {
  name: "dovecot",
  files: { "/etc/dovecot/test.conf": dovecotConf("/run/dovecot/", "") },
  prepare: "mkdir -p /run/dovecot /var/mail && chown mail:mail /var/mail",
  command: ["dovecot", "-F", "-c", "/etc/dovecot/test.conf"],
  ports: [110, 143, 993, 995],
};

/** One whose banner has the time stamp of APOP; it has a greeting of its own for IMAP. */
export const apopDovecot: ServerProgram = {
  name: "dovecot-apop",
  files: {
    "/etc/dovecot/apop.conf": dovecotConf(
      "/run/dovecot-apop/",
      `
auth_mechanisms = plain apop
service pop3-login {
  inet_listener pop3 {
    port = 1110
  }
  inet_listener pop3s {
    port = 0
  }
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = 0
  }
}
`,
    ),
  },
  prepare: "mkdir -p /run/dovecot-apop",
  command: ["dovecot", "-F", "-c", "/etc/dovecot/apop.conf"],
  ports: [1110],
};

export const innd: ServerProgram = {
  name: "innd",
  files: {
    // The director may read, by IPv4: who is not named here is greeted with 502.
    "/etc/news/readers.conf": `auth "director" {
    hosts: "10.0.2.0/24"
    default: "<director>"
}
access "director" {
    users: "<director>"
    newsgroups: "*"
    access: R
}
`,
  },
  prepare: `
    chown news:news /etc/news/readers.conf
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
