/** named, slapd and freeradius: dns, ldap, ldaps, radius; sipp and vsftpd: sip, ftp. */
import { LOGIN, PASSWORD, type ServerProgram } from "./server.js";

export const SECRET = "xyzzy5461";

export const named: ServerProgram = {
  name: "named",
  files: {
    "/etc/bind/test.conf": `
      options { directory "/var/cache/bind"; recursion no; listen-on { any; }; listen-on-v6 { any; }; };
      zone "example.test" { type primary; file "/etc/bind/db.example.test"; };
      zone "2.0.192.in-addr.arpa" { type primary; file "/etc/bind/db.192.0.2"; };
      zone "8.b.d.0.1.0.0.2.ip6.arpa" { type primary; file "/etc/bind/db.2001.db8"; };
      zone "gone.test" { type secondary; primaries { 192.0.2.1; }; file "gone"; };`,
    "/etc/bind/db.2001.db8": `$TTL 60
@ IN SOA ns.example.test. root.example.test. 1 60 60 60 60
@ IN NS ns.example.test.
0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 IN PTR six.example.test.
`,
    "/etc/bind/db.example.test": `$TTL 60
@ IN SOA ns.example.test. root.example.test. 1 60 60 60 60
@ IN NS ns.example.test.
ns IN A 192.0.2.53
www IN A 192.0.2.80
alias IN CNAME www.example.test.
six IN AAAA 2001:db8::80
both IN A 192.0.2.81
both IN A 192.0.2.82
mail IN MX 10 www
`,
    "/etc/bind/db.192.0.2": `$TTL 60
@ IN SOA ns.example.test. root.example.test. 1 60 60 60 60
@ IN NS ns.example.test.
80 IN PTR www.example.test.
`,
  },
  prepare: "mkdir -p /run/named /var/cache/bind && chown bind:bind /run/named /var/cache/bind",
  command: ["named", "-g", "-u", "bind", "-c", "/etc/bind/test.conf"],
  ports: [53, "53/udp"],
};

export const slapd: ServerProgram = {
  name: "slapd",
  files: {
    "/etc/ldap/test.conf": `
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /run/slapd.pid
TLSCertificateFile /etc/test/cert.pem
TLSCertificateKeyFile /etc/test/key.pem
database mdb
suffix "dc=example,dc=test"
rootdn "cn=${LOGIN},dc=example,dc=test"
rootpw ${PASSWORD}
directory /var/lib/ldap-test
`,
    "/etc/ldap/test.ldif": `dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: Example
`,
  },
  prepare: "mkdir -p /var/lib/ldap-test && slapadd -f /etc/ldap/test.conf -l /etc/ldap/test.ldif",
  command: ["slapd", "-d", "0", "-h", "ldap:/// ldaps:///", "-f", "/etc/ldap/test.conf"],
  ports: [389, 636],
};

export const freeradius: ServerProgram = {
  name: "freeradius",
  files: {
    "/etc/freeradius/3.0/clients.conf": ["ipaddr = 0.0.0.0/0", "ipv6addr = ::/0"]
      .map((place, index) => `client test${index} {\n  ${place}\n  secret = ${SECRET}\n}\n`)
      .join(""),
    "/etc/freeradius/3.0/mods-config/files/authorize": `${LOGIN} Cleartext-Password := "${PASSWORD}"\n`,
  },
  command: ["freeradius", "-f", "-l", "stdout"],
  ports: ["1812/udp"],
};

/** @param answer the first line of what it says to OPTIONS */
const sipScenario = (answer: string): string => `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="answers OPTIONS">
  <recv request="OPTIONS"/>
  <send><![CDATA[

    ${answer}
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
`;

const sippOn = (port: number, answer: string, transport: "u1" | "t1"): ServerProgram => ({
  name: `sipp-${port}-${transport}`,
  files: { [`/etc/test/options${port}.xml`]: sipScenario(answer) },
  command: ["sipp", "-sf", `/etc/test/options${port}.xml`, "-p", String(port), "-t", transport, "-nostdin"],
  ports: [transport === "u1" ? `${port}/udp` : port],
});

/** By UDP and by TCP, and one that does not know whom it is asked for. */
export const sipps: readonly ServerProgram[] = [
  sippOn(5060, "SIP/2.0 200 OK", "u1"),
  sippOn(5062, "SIP/2.0 200 OK", "t1"),
  sippOn(5064, "SIP/2.0 404 Not Found", "u1"),
];

/** By IPv6, which takes IPv4, too. */
const vsftpdConf = (more: string): string => `listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
local_enable=YES
anon_root=/srv/ftp
secure_chroot_dir=/run/vsftpd/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
pam_service_name=vsftpd
${more}`;

export const vsftpd: ServerProgram = {
  name: "vsftpd",
  files: {
    "/etc/vsftpd.test.conf": vsftpdConf(""),
    "/srv/ftp/check.txt": "all is OK\n",
  },
  prepare: `mkdir -p /run/vsftpd/empty && chmod 755 /srv /srv/ftp && echo 'home is OK' >/home/${LOGIN}/check.txt`,
  command: ["vsftpd", "/etc/vsftpd.test.conf"],
  ports: [21],
};

/** One that knows active mode only. */
export const activeVsftpd: ServerProgram = {
  name: "vsftpd-active",
  files: { "/etc/vsftpd.active.conf": vsftpdConf("listen_port=2121\npasv_enable=NO\n") },
  command: ["vsftpd", "/etc/vsftpd.active.conf"],
  ports: [2121],
};
