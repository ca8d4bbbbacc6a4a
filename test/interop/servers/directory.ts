/** named, slapd and freeradius: dns, ldap, ldaps, radius; sipp and vsftpd: sip, ftp. */
import { LOGIN, PASSWORD, type ServerProgram } from "./server.js";

export const SECRET = "xyzzy5461";

export const named: ServerProgram = {
  name: "named",
  files: {
    "/etc/bind/test.conf": `
      options { directory "/var/cache/bind"; recursion no; listen-on { any; }; listen-on-v6 { any; }; };
      zone "example.test" { type primary; file "/etc/bind/db.example.test"; };
      zone "2.0.192.in-addr.arpa" { type primary; file "/etc/bind/db.192.0.2"; };`,
    "/etc/bind/db.example.test": `$TTL 60
@ IN SOA ns.example.test. root.example.test. 1 60 60 60 60
@ IN NS ns.example.test.
ns IN A 192.0.2.53
www IN A 192.0.2.80
alias IN CNAME www.example.test.
six IN AAAA 2001:db8::80
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

export const sipp: ServerProgram = {
  name: "sipp",
  files: {
    "/etc/test/options.xml": `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="answers OPTIONS">
  <recv request="OPTIONS"/>
  <send><![CDATA[

    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
`,
  },
  command: ["sipp", "-sf", "/etc/test/options.xml", "-p", "5060", "-t", "u1", "-nostdin"],
  ports: ["5060/udp"],
};

export const vsftpd: ServerProgram = {
  name: "vsftpd",
  files: {
    "/etc/vsftpd.test.conf": `listen=YES
background=NO
anonymous_enable=YES
local_enable=YES
anon_root=/srv/ftp
secure_chroot_dir=/run/vsftpd/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
pam_service_name=vsftpd
`,
    "/srv/ftp/check.txt": "all is OK\n",
  },
  prepare: `mkdir -p /run/vsftpd/empty && chmod 755 /srv /srv/ftp && echo 'home is OK' >/home/${LOGIN}/check.txt`,
  command: ["vsftpd", "/etc/vsftpd.test.conf"],
  ports: [21],
};
