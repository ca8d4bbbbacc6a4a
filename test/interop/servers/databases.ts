/** mariadb and postgresql: mysql, pgsql. */
import { LOGIN, PASSWORD, type ServerProgram } from "./server.js";

export const mariadb: ServerProgram = {
  name: "mariadb",
  files: {
    "/etc/test/mariadb.sql": `
create database shop;
create table shop.items (name varchar(10));
insert into shop.items values ('hat');
create user '${LOGIN}'@'%' identified by '${PASSWORD}';
grant select on shop.* to '${LOGIN}'@'%';
flush privileges;
`,
  },
  prepare: `
    mkdir -p /run/mysqld /var/lib/mysql-test && chown mysql:mysql /run/mysqld /var/lib/mysql-test
    mariadb-install-db --user=mysql --datadir=/var/lib/mysql-test --skip-test-db --skip-name-resolve >/dev/null 2>&1`,
  command: [
    "mariadbd",
    "--no-defaults",
    "--user=mysql",
    "--datadir=/var/lib/mysql-test",
    "--socket=/run/mysqld/test.sock",
    "--skip-name-resolve",
    "--bind-address=*",
    "--init-file=/etc/test/mariadb.sql",
  ],
  ports: [3306],
};

const bin = "$(ls -d /usr/lib/postgresql/*/bin)";

export const postgresql: ServerProgram = {
  name: "postgresql",
  files: {
    "/etc/test/postgres.sql": `create role ${LOGIN} login password '${PASSWORD}';
create database shop owner ${LOGIN};
`,
  },
  prepare: `
    mkdir -p /var/lib/pg-test /run/postgresql && chown postgres:postgres /var/lib/pg-test /run/postgresql
    su postgres -c "${bin}/initdb -D /var/lib/pg-test --auth-host=scram-sha-256 --auth-local=trust -N" >/dev/null
    echo 'host all all all scram-sha-256' >>/var/lib/pg-test/pg_hba.conf
    su postgres -c "${bin}/postgres --single -D /var/lib/pg-test postgres" </etc/test/postgres.sql >/dev/null`,
  command: [
    "bash",
    "-c",
    `exec setpriv --reuid postgres --regid postgres --init-groups ${bin}/postgres -D /var/lib/pg-test -c listen_addresses='*'`,
  ],
  ports: [5432],
};
