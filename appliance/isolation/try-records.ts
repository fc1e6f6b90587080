import { Client } from 'pg';
import type { IsolationOrder, OrderTarget } from '../api/plane/isolation-order.ts';
import { type ServerTls, tlsOptions } from '../kernel/server-tls.ts';
import { type Answer, Inconclusive, type Tries } from './attempt.ts';

/** How long a login or a statement may take, in milliseconds. */
const ANSWER_MS = 5000;

/**
 * The database server (spec 3, row "PostgreSQL"): the tenant's own database first, then every other by every door that a
 * session or a login could find. What would change anything runs in a transaction that is rolled back, and aims at the
 * probe's where it has a victim.
 */
export async function tryRecords(order: IsolationOrder, tries: Tries): Promise<void> {
  const { records } = order.own;
  const useOwn = () =>
    session(records, async (client) => {
      await client.query('BEGIN');
      await client.query(
        'INSERT INTO records.store_check (one, checked_at) VALUES (1, $1) ON CONFLICT (one) DO NOTHING',
        [new Date().toISOString()],
      );
      await client.query('SELECT count(*) FROM records.documents');
      await client.query('ROLLBACK');
    });
  if (!(await tries.own('own access', useOwn))) return;
  for (const target of order.targets) await tryTarget(order, target, tries);
  await tries.stillOwn(useOwn);
}

async function tryTarget(order: IsolationOrder, target: OrderTarget, tries: Tries): Promise<void> {
  const own = order.own.records;
  const { database, role, password } = target.records;
  const attempt = (test: string, work: () => Promise<Answer>) => tries.foreign(target.tenant_id, test, work);
  const login = (change: Partial<typeof own>) => answerOf(() => session({ ...own, ...change }, async () => undefined));

  await attempt('log in to its database', () => login({ database }));
  await attempt('log in as its user with the own password', () => login({ database, user: role }));
  // `SET ROLE` asks for membership; whoever has it may do all that the other may.
  await attempt('become its user', () => statement(own, `SET LOCAL ROLE ${named(role)}`));
  await attempt('see what its sessions ask', () => seesSessions(own, database));
  if (!target.probe) return;

  if (password !== null) {
    await attempt('log in as its user with its password, from this network', () =>
      login({ database, user: role, password }),
    );
  }
  for (const other of [order.control_database, 'postgres', 'template1']) {
    await attempt(`log in to the database ${other}`, () => login({ database: other }));
  }
  for (const [test, sql] of administration(database, role, own.user)) await attempt(test, () => statement(own, sql));
  await attempt('find extensions that reach other servers or files', () => hasForeignExtensions(own));
}

/** Statements that a tenant's user must be refused, each on its own; what they would change is the probe's or nothing. */
function administration(database: string, role: string, self: string): [test: string, sql: string][] {
  return [
    ['run a program on the server', "COPY (SELECT 1) TO PROGRAM 'true'"],
    ['run a program and read what it says', "COPY records.store_check FROM PROGRAM 'id'"],
    ['read a file of the server', "SELECT pg_read_file('/etc/passwd')"],
    ['read the rules of logging in', "SELECT pg_read_file('/etc/frostbyte/pg_hba.conf')"],
    ['list a folder of the server', "SELECT pg_ls_dir('/')"],
    ['copy a file of the server', "COPY records.store_check FROM '/etc/passwd'"],
    ['write a file of the server', "COPY (SELECT 1) TO '/run/postgresql/frostbyte-isolation'"],
    ['take a file in as a large object', "SELECT lo_import('/etc/passwd')"],
    ['see the rules of logging in', 'SELECT count(*) FROM pg_hba_file_rules'],
    ['read the passwords of roles', 'SELECT count(rolpassword) FROM pg_authid'],
    ['install dblink', 'CREATE EXTENSION dblink SCHEMA pg_catalog'],
    ['install postgres_fdw', 'CREATE EXTENSION postgres_fdw SCHEMA pg_catalog'],
    ['install file_fdw', 'CREATE EXTENSION file_fdw SCHEMA pg_catalog'],
    ['make a function in C', "CREATE FUNCTION pg_temp.f() RETURNS integer AS 'libc.so.6', 'getpid' LANGUAGE c"],
    ['trust a language', 'CREATE EXTENSION plpython3u SCHEMA pg_catalog'],
    ['make a role', 'CREATE ROLE frostbyte_thief LOGIN'],
    ['make itself a superuser', `ALTER ROLE ${named(self)} SUPERUSER`],
    ['lift the limit of its connections', `ALTER ROLE ${named(self)} CONNECTION LIMIT -1`],
    ['lift the limit of its temporary files', "SET LOCAL temp_file_limit = '-1'"],
    ['change the password of another', `ALTER ROLE ${named(role)} PASSWORD 'known'`],
    ['give itself the rights of another', `GRANT ${named(role)} TO ${named(self)}`],
    ['read all data by a predefined role', `GRANT pg_read_all_data TO ${named(self)}`],
    ['drop the database of another', `ALTER DATABASE ${named(database)} RENAME TO ${named(`${database}_stolen`)}`],
    ['take over the database of another', `ALTER DATABASE ${named(database)} OWNER TO ${named(self)}`],
    ['change a setting of the server', "SELECT set_config('log_statement', 'all', false)"],
    ['have the server read its settings again', 'SELECT pg_reload_conf()'],
    ['turn the log of the server', 'SELECT pg_rotate_logfile()'],
    ['make a table where all may', 'CREATE TABLE public.frostbyte_isolation (one integer)'],
    ['make a schema', 'CREATE SCHEMA frostbyte_isolation'],
    ['delete an audit event', 'DELETE FROM records.audit_events WHERE false'],
    ['drop a trigger of the log', 'ALTER TABLE records.audit_events DISABLE TRIGGER ALL'],
    ['replicate what all write', "SELECT pg_create_logical_replication_slot('frostbyte_isolation', 'pgoutput', true)"],
  ];
}

/** Whether a statement goes through, in a transaction that is rolled back. */
function statement(own: Login, sql: string): Promise<Answer> {
  return answerOf(() =>
    session(own, async (client) => {
      await client.query('BEGIN');
      await client.query(sql);
      await client.query('ROLLBACK');
    }),
  );
}

/** Names of databases and roles are visible to all; what their sessions ask must not be. */
async function seesSessions(own: Login, database: string): Promise<Answer> {
  return answerOf(() =>
    session(own, async (client) => {
      const { rows } = await client.query(
        "SELECT query FROM pg_stat_activity WHERE datname = $1 AND query <> '<insufficient privilege>'",
        [database],
      );
      if (rows.length === 0) throw new Closed();
    }),
  );
}

async function hasForeignExtensions(own: Login): Promise<Answer> {
  return answerOf(() =>
    session(own, async (client) => {
      const { rows } = await client.query(
        "SELECT 1 FROM pg_extension WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'plpython3u', 'plperlu')",
      );
      if (rows.length === 0) throw new Closed();
    }),
  );
}

interface Login {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  tls?: ServerTls | undefined;
}

/** A session of its own, ended whatever comes. */
async function session({ tls, ...login }: Login, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({
    ...login,
    ssl: tls === undefined ? false : tlsOptions(tls),
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    application_name: 'frostbyte isolation',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

class Closed extends Error {}

/** Login refused, not granted, not to be changed, and an extension that the image does not have. */
const REFUSED = /^(?:28|42501|0A000|0LP01|55P02)/;
/** Overloaded or gone; or what was aimed at is not there, which says nothing about the door. */
const NOTHING_SAID = /^(?:08|53|57|58030|3D000|42704)/;

async function answerOf(work: () => Promise<void>): Promise<Answer> {
  try {
    await work();
    return 'allowed';
  } catch (error) {
    if (error instanceof Closed) return 'denied';
    const state = (error as { code?: unknown } | null)?.code;
    // What is no answer of the server (a certificate, a broken line, nobody there) says nothing about the door either.
    if (typeof state !== 'string' || !/^[0-9A-Z]{5}$/.test(state)) throw new Inconclusive('the server gave no answer');
    if (NOTHING_SAID.test(state)) throw new Inconclusive(`the server answered ${state}`);
    if (REFUSED.test(state)) return 'denied';
    // It went as far as the work itself: somebody let us.
    return 'allowed';
  }
}

/** A quoted identifier. */
function named(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
