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
        }
        server {
          listen 80; listen 443 ssl; server_name www.example.test;
          ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${CERTIFICATE};
          default_type text/plain;
          location / { return 200 "you asked for $host by $ssl_server_name\\n"; }
        }
      }`,
  },
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
