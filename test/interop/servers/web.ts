/** nginx and tinyproxy: http, https, http_proxy. */
import { CERTIFICATE, type ServerProgram } from "./server.js";

export const nginx: ServerProgram = {
  name: "nginx",
  files: {
    "/etc/nginx/test.conf": `
      daemon off; master_process off; error_log stderr; pid /run/nginx.pid;
      events {}
      http {
        access_log off;
        server {
          listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
          ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${CERTIFICATE};
          default_type text/plain;
          location = /check.html { return 200 "all is OK\\n"; }
          location = /secret { return 401; }
          location = /broken { return 500; }
          location = /moved { return 302 /check.html; }
          location = /away { return 302 http://$server_addr:8081/nobody; }
          location = /loop { return 302 /loop; }
          location = /nothing { return 204; }
          location = /part { return 206 "a part\\n"; }
          location = /unchanged { return 304; }
          location = /busy { return 503; }
          location = /moved301 { return 301 /check.html; }
          location = /moved303 { return 303 /check.html; }
          location = /moved307 { return 307 /check.html; }
          location = /moved308 { return 308 /check.html; }
          location = "/with blank" { return 200 "blank is OK\\n"; }
          location = /big { root /srv/www; }
        }
        server {
          listen 80; listen 443 ssl; server_name www.example.test;
          ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${CERTIFICATE};
          default_type text/plain;
          location / { return 200 "you asked for $host by $ssl_server_name\\n"; }
        }
      }`,
  },
  // More than is read of an answer; what is asked for stands at its beginning.
  prepare:
    "mkdir -p /srv/www && { echo 'begins OK'; head -c 3000000 /dev/zero | tr '\\0' x; echo 'ends OK'; } >/srv/www/big",
  command: ["nginx", "-c", "/etc/nginx/test.conf"],
  ports: [80, 443],
};

export const tinyproxy: ServerProgram = {
  name: "tinyproxy",
  files: {
    "/etc/tinyproxy/test.conf":
      "User root\nGroup root\nPort 3128\nTimeout 60\nMaxClients 50\nLogLevel Critical\n",
  },
  command: ["tinyproxy", "-d", "-c", "/etc/tinyproxy/test.conf"],
  ports: [3128],
};
