/**
 * mysql, pgsql, oracle: logs in and asks `request`; up when at least one row comes back.
 *
 * oracledb is not installed with us: its thin mode is JavaScript, but its package brings machine code for the other.
 * Whoever checks Oracle installs it beside us; without it configuration makes a connect check of it, with a warning.
 */
import type { Answer, Ask } from "./client.js";

const rowsOf = (count: number): Answer =>
  count > 0
    ? { up: true, message: `${count} rows` }
    : { up: false, reason: "the request has no row as its answer" };

export const askMysql: Ask = async (spec, { connect }) => {
  const { createConnection } = await import("mysql2");
  const connection = createConnection({
    stream: connect(),
    user: spec.login,
    password: spec.password,
    ...(spec.database === "" ? {} : { database: spec.database }),
    // The limit of the whole check is ours.
    connectTimeout: 0,
  });
  return await new Promise<Answer>((resolve, reject) => {
    connection.on("error", reject);
    connection.query(spec.request ?? "", (error, rows) => {
      if (error !== null) return reject(error);
      connection.end(() => {});
      resolve(rowsOf(Array.isArray(rows) ? rows.length : 0));
    });
  });
};

export const askPgsql: Ask = async (spec, { socket }) => {
  const { Client } = await import("pg");
  const { target, login } = spec;
  // Everything is said, so that neither PGHOST nor ~/.pgpass of whoever runs us has a say.
  const client = new Client({
    host: target.address,
    port: target.port,
    user: login,
    password: spec.password,
    database: spec.database === "" ? login : spec.database,
    ssl: false,
    stream: socket,
    application_name: "ldirectord",
  });
  return await new Promise<Answer>((resolve, reject) => {
    client.on("error", reject);
    const ask = async () => {
      await client.connect();
      const { rows } = await client.query(spec.request ?? "");
      return rowsOf(rows.length);
    };
    ask().then(resolve, reject);
  });
};

/** What we use of the package oracledb, 5.5 to 6.x. */
interface Oracle {
  getConnection(options: {
    readonly user: string;
    readonly password: string;
    readonly connectString: string;
  }): Promise<OracleConnection>;
}

interface OracleConnection {
  callTimeout: number;
  execute(sql: string): Promise<{ readonly rows?: readonly unknown[] }>;
  close(): Promise<void>;
}

export const askOracle: Ask = async (spec, { load, onClose }) => {
  const oracle = oracleOf(await load("oracledb"));
  const { address, port } = spec.target;
  const host = address.includes(":") ? `[${address}]` : address;
  const seconds = Math.max(1, Math.ceil(spec.limit / 1000));
  const connection = await oracle.getConnection({
    user: spec.login,
    password: spec.password,
    connectString: `${host}:${port}/${spec.database}?connect_timeout=${seconds}`,
  });
  // The library has the socket: it gives up by itself, at about the time we do.
  connection.callTimeout = Math.max(1, Math.floor(spec.limit));
  let closed = false;
  const close = () => {
    if (!closed) connection.close().catch(() => {}); // it is gone, or will be
    closed = true;
  };
  onClose(close);
  try {
    const { rows = [] } = await connection.execute(spec.request ?? "");
    return rowsOf(rows.length);
  } finally {
    close();
  }
};

function oracleOf(module: unknown): Oracle {
  const has = (value: unknown): value is Oracle =>
    typeof value === "object" && value !== null && "getConnection" in value;
  const inner =
    typeof module === "object" && module !== null && "default" in module ? module.default : module;
  if (has(module)) return module;
  if (has(inner)) return inner;
  throw new Error("the package oracledb has no getConnection");
}
