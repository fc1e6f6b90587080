import { type PoolConfig, types } from 'pg';
import { type ServerTls, tlsOptions } from '../../kernel/server-tls.ts';
import { plainText } from './parameters.ts';

/** How to reach one database. */
export interface PostgresOptions {
  host: string;
  port: number;
  database: string;
  user: string;
  /** Asked anew for every connection where it is a function, so that a rotated one is taken up. */
  password: string | (() => string | Promise<string>);
  /** Without it nothing is encrypted: for a network that nobody else is on. */
  tls?: ServerTls;
  /** The schema that all names are looked up in. */
  schema: string;
  /** What the server's list of sessions shows. */
  application: string;
  /** Connections at most; callers wait in turn for one. */
  connections?: number;
  /** When, and for how long, a server that does not answer is asked whether it hangs (`hang-watch.ts`), in milliseconds. */
  hang?: { afterMs: number; knockMs: number };
}

/** Where nobody says how many: searches are short, and writers take turns. */
const CONNECTIONS = 8;
/** Reaching the server, or waiting for a free connection. */
const CONNECT_MS = 5_000;
/** One statement, told to the server; longer ones are a defect or an overload. */
const STATEMENT_MS = 60_000;
/** Waiting for another's lock, the store's turn among them: as long as the embedded store waits for its file. */
const LOCK_MS = 10_000;
/** A transaction whose client went to sleep gives its locks back. */
const IDLE_IN_TRANSACTION_MS = 15_000;
/** One statement, watched from here: a server that still lets others in (`hang-watch.ts`), and does not come to this one. */
const ANSWER_MS = STATEMENT_MS + 5_000;
/** Silence after which the line is tested. */
const KEEPALIVE_MS = 10_000;
/** Unused connections are given back: soon, since others of the same user may wait for them. */
const IDLE_MS = 10_000;
/** A connection is replaced now and then, since its server process only grows. */
const LIFETIME_S = 1_800;

/** PostgreSQL's 64-bit integers: ours are counts, sizes and places below 2^53. */
const INT8 = 20;
const TEXT = 25;

/** The pool's settings for `pg`. */
export function poolConfig(options: PostgresOptions): PoolConfig {
  const { host, port, database, user, password, tls, schema, application } = options;
  return {
    host,
    port,
    database,
    user,
    password,
    application_name: application,
    ssl: tls === undefined ? false : tlsOptions(tls),
    // Names are ours and nobody else's: without `public`, whatever somebody put there is not met.
    options: `-c search_path=${schema} -c client_min_messages=warning`,
    max: options.connections ?? CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: LIFETIME_S,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    types: { getTypeParser: typeParser as never },
  };
}

function typeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === INT8) return Number;
  if (oid === TEXT) return plainText;
  return types.getTypeParser(oid, format as 'text');
}
