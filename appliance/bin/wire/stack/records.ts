import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { TenantResource } from '../../../control/provisioning/port.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { tenantNames } from '../../../kernel/names.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { Turns } from '../../../kernel/turns.ts';
import { openPostgres } from '../../../stores/postgres/connection.ts';
import { scramVerifier } from '../../../stores/postgres/scram.ts';
import type { RecordStore } from '../../../stores/record/port.ts';
import { migratePostgresRecords, openPostgresRecords } from '../../../stores/record/postgres.ts';
import { leastShare, poolsOf, type Share, shareOf } from './connections.ts';
import { hbaLine, writeHbaRule } from './hba-rule.ts';

export interface StackRecordsOptions {
  clock: Clock;
  host: string;
  port: number;
  /** How everybody speaks to the server; in the clear without it. */
  tls?: ServerTls;
  /** Whether the server lets in only who shows a certificate; with TLS alone. */
  asksCertificates?: boolean;
  /** Control's own user, which owns the tenants' databases. */
  user: string;
  password(): string;
  /** Folder in which the server looks for who may come in; a file a tenant. */
  hbaFolder: string;
  /** The tenant's own password as its secrets file has it now; null where there is none (any more). */
  passwordOf(tenantId: string): Promise<string | null>;
  /** Workers of each data plane. */
  workers: number;
  /** Where the tenant finds the server, and the network that it comes from, such as `172.28.3.0/24`. */
  way(tenantId: string): Promise<{ host: string; from: string }>;
}

/** A tenant's database, and the one user that may work in it (spec 3, row "PostgreSQL"). */
export interface StackRecords extends TenantResource {
  /** Throws `STORE_UNAVAILABLE` unless the server answers a statement. */
  answers(): Promise<void>;
  /** The kill-switch: nobody logs in as the tenant's user any more, and its sessions are ended. */
  disable(tenantId: string): Promise<void>;
  /** A new user of the same name with the password that the secrets file has now; the old one's sessions are ended. */
  renew(tenantId: string): Promise<void>;
  /** Tells the server again who comes in for the tenant, and how: settings may have changed since it was told. */
  letIn(tenantId: string): Promise<void>;
  /** Brings a tenant's database to the schema of this release, once while this process lives, before its data plane needs it. */
  settle(tenantId: string): Promise<void>;
  /** Deals the server's sessions out anew: after a start, since the server or the number of workers may be another one. */
  shareOut(): Promise<void>;
  /** The sessions that the tenant may have. Throws `STORE_UNAVAILABLE` where it has no user. */
  shareOf(tenantId: string): Promise<Share>;
  /** Bytes of its database; 0 where there is none. */
  held(tenantId: string): Promise<number>;
  /**
   * Ends tenants' sessions that run longer than any statement of ours may, whatever they set for themselves: after so many
   * seconds, 90 unless told. Answers how many.
   */
  endLong(seconds?: number): Promise<number>;
  /** The tenant's records as control itself may open them; null where there is no database (any more). */
  open(tenantId: string): Promise<RecordStore | null>;
  close(): Promise<void>;
}

/** Sessions that control's role at its own database may want. Control's user proper has the server's reserved ones. */
const OF_CONTROL = 16;
/** Sessions that the server has for those who are no superusers. */
const PLACES = `SELECT sum(CASE name WHEN 'max_connections' THEN setting::integer ELSE -setting::integer END)::integer AS places
  FROM pg_settings WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')`;
const ROLES = "SELECT rolname AS role, rolconnlimit AS places FROM pg_roles WHERE rolname LIKE 'tenant\\_%\\_user'";
/** How long the server may take to end sessions. */
const SESSIONS_MS = 5000;
const END_SESSIONS = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1';
/** Half as long again as a statement of ours may take: what is still there lifted its own limit. */
const LONG_SECONDS = 90;
/** One that works, or holds a transaction open three times as long. */
const END_LONG = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE usename LIKE 'tenant\\_%\\_user' AND ((state = 'active' AND now() - query_start > make_interval(secs => $1))
  OR now() - xact_start > make_interval(secs => 3 * $1))`;
/** What a role cannot change of itself; and defaults that it can. */
const LIMITS = Object.freeze({
  temp_file_limit: "'512MB'",
  statement_timeout: "'60s'",
  idle_in_transaction_session_timeout: "'60s'",
  work_mem: "'16MB'",
});

export function stackRecords(options: StackRecordsOptions): StackRecords {
  const { clock, host, port, tls, user, hbaFolder, workers } = options;
  const turns = new Turns();
  /** Tenants whose database has the schema of this release. */
  const settled = new Set<string>();
  const asControl = (database: string) => ({ host, port, tls, database, user, password: options.password });
  const server = openPostgres({
    ...asControl('postgres'),
    schema: 'pg_catalog',
    application: 'frostbyte provisioning',
    connections: 4,
  });
  const hbaFile = (tenantId: string) => join(hbaFolder, `50-${tenantNames(tenantId).database}.conf`);

  const hasDatabase = async (name: string): Promise<boolean> =>
    (await server.get('SELECT 1 FROM pg_database WHERE datname = ?', [name])) !== undefined;
  const hasRole = async (name: string): Promise<boolean> =>
    (await server.get('SELECT 1 FROM pg_roles WHERE rolname = ?', [name])) !== undefined;
  /** Statements that take no parameters: names come from `tenantNames`, which knows no others. */
  const command = (...statements: string[]): Promise<void> =>
    server.alone(async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  const inDatabase = async (name: string, work: (client: PoolClient) => Promise<void>): Promise<void> => {
    const own = openPostgres({
      ...asControl(name),
      schema: 'public',
      application: 'frostbyte provisioning',
      connections: 1,
    });
    await own.alone(work).finally(() => own.close());
  };

  /** On return none is left: new ones cannot come, since the role may not log in any more. */
  const endSessions = (role: string): Promise<void> =>
    server.alone(async (client) => {
      const deadline = performance.now() + SESSIONS_MS;
      for (;;) {
        const { rowCount } = await client.query(END_SESSIONS, [role]);
        if (rowCount === 0) return;
        if (performance.now() > deadline) {
          throw new FrostbyteError('STORE_UNAVAILABLE', 'Sessions of the tenant at its database do not end.');
        }
        await wait(20);
      }
    });
  /** Tells the server who comes in from where, and whether only over TLS. */
  const letIn = async (tenantId: string): Promise<void> => {
    const { database, role } = tenantNames(tenantId);
    const line = hbaLine({ database, role, from: (await options.way(tenantId)).from }, options);
    await writeHbaRule(hbaFile(tenantId), line);
    await command('SELECT pg_reload_conf()');
  };
  const dropRole = async (database: string, role: string): Promise<void> => {
    if (!(await hasRole(role))) return;
    await command(`ALTER ROLE ${role} NOLOGIN`);
    await endSessions(role);
    // Its grants in the database hold it there.
    if (await hasDatabase(database)) {
      await inDatabase(database, async (client) => void (await client.query(`DROP OWNED BY ${role}`)));
    }
    await command(`DROP ROLE IF EXISTS ${role}`);
  };
  /**
   * Brings every tenant's share to what it is among so many, with or without one who comes, and does `then` before anybody
   * else is dealt out to. Sessions that are there beyond a share stay until they are given back. Throws `QUOTA_EXCEEDED`
   * where a newcomer would leave too few for all.
   */
  const dealOut = (newcomer: string | null, then: (limit: number) => Promise<void> = async () => undefined) =>
    turns.take('shares', async () => {
      const places = ((await server.get<{ places: number }>(PLACES))?.places ?? 0) - OF_CONTROL;
      const others = (await server.all<{ role: string; places: number }>(ROLES)).filter(
        ({ role }) => role !== newcomer,
      );
      const tenants = others.length + (newcomer === null ? 0 : 1);
      const share = shareOf(places, tenants, workers);
      if (share === null && newcomer !== null) throw noPlaces(places, tenants, workers);
      const limit = share?.limit ?? leastShare(workers);
      for (const other of others) {
        if (other.places !== limit) await command(`ALTER ROLE ${other.role} CONNECTION LIMIT ${limit}`);
      }
      await then(limit);
    });
  const renew = async (tenantId: string): Promise<void> => {
    const { database, role } = tenantNames(tenantId);
    const password = await options.passwordOf(tenantId);
    if (password === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no password for its database.');
    const verifier = await scramVerifier(password);
    await dropRole(database, role);
    await dealOut(role, (limit) =>
      command(
        `CREATE ROLE ${role} LOGIN NOINHERIT CONNECTION LIMIT ${limit} PASSWORD '${verifier}'`,
        ...Object.entries(LIMITS).map(([name, value]) => `ALTER ROLE ${role} SET ${name} = ${value}`),
        `GRANT CONNECT ON DATABASE ${database} TO ${role}`,
      ),
    );
    await migratePostgresRecords(asControl(database), { clock, role });
    await letIn(tenantId);
  };
  const openOwn = async (tenantId: string): Promise<RecordStore> => {
    const { database, role } = tenantNames(tenantId);
    const password = await options.passwordOf(tenantId);
    if (password === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no password for its database.');
    const { host: seen } = await options.way(tenantId);
    return openPostgresRecords(
      { host: seen, port, database, user: role, password, tls, connections: 1 },
      { tenant_id: tenantId, clock },
    );
  };

  return {
    make: async (tenantId) => {
      const { database } = tenantNames(tenantId);
      if (!(await hasDatabase(database))) await command(`CREATE DATABASE ${database}`);
      await command(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
      await inDatabase(database, async (client) => {
        await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
      });
      await migratePostgresRecords(asControl(database), { clock });
      await renew(tenantId);
    },
    check: async (tenantId) => {
      // By the same way and as the same user as the tenant.
      const records = await openOwn(tenantId);
      await records.check().finally(() => records.close());
    },
    destroy: async (tenantId) => {
      const { database, role } = tenantNames(tenantId);
      settled.delete(tenantId);
      await rm(hbaFile(tenantId), { force: true });
      await command('SELECT pg_reload_conf()');
      if (await hasRole(role)) {
        await command(`ALTER ROLE ${role} NOLOGIN`);
        await endSessions(role);
      }
      await command(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`, `DROP ROLE IF EXISTS ${role}`);
      await dealOut(null);
    },
    isGone: async (tenantId) => {
      const { database, role } = tenantNames(tenantId);
      return !existsSync(hbaFile(tenantId)) && !(await hasDatabase(database)) && !(await hasRole(role));
    },
    disable: async (tenantId) => {
      const { role } = tenantNames(tenantId);
      if (!(await hasRole(role))) return;
      await command(`ALTER ROLE ${role} NOLOGIN`);
      await endSessions(role);
    },
    renew,
    letIn,
    async settle(tenantId) {
      if (settled.has(tenantId)) return;
      const { database, role } = tenantNames(tenantId);
      await migratePostgresRecords(asControl(database), { clock, role });
      settled.add(tenantId);
    },
    shareOut: () => dealOut(null),
    shareOf: async (tenantId) => {
      const sql = 'SELECT rolconnlimit AS places FROM pg_roles WHERE rolname = ?';
      const found = await server.get<{ places: number }>(sql, [tenantNames(tenantId).role]);
      if (found === undefined) throw new FrostbyteError('STORE_UNAVAILABLE', 'The tenant has no user at its database.');
      return poolsOf(found.places, workers);
    },
    held: async (tenantId) => {
      const sql = 'SELECT pg_database_size(oid) AS bytes FROM pg_database WHERE datname = ?';
      return (await server.get<{ bytes: number }>(sql, [tenantNames(tenantId).database]))?.bytes ?? 0;
    },
    answers: async () => void (await server.get('SELECT 1 AS one')),
    endLong: (seconds = LONG_SECONDS) =>
      server.alone(async (client) => (await client.query(END_LONG, [seconds])).rowCount ?? 0),
    open: async (tenantId) => {
      const { database } = tenantNames(tenantId);
      if (!(await hasDatabase(database))) return null;
      return openPostgresRecords({ ...asControl(database), connections: 2 }, { tenant_id: tenantId, clock });
    },
    close: () => server.close(),
  };
}

function noPlaces(places: number, tenants: number, workers: number): FrostbyteError {
  const least = leastShare(workers);
  return new FrostbyteError(
    'QUOTA_EXCEEDED',
    `The database has ${places} sessions for tenants, and ${tenants} tenants need ${least} each. Raise its max_connections, or deprovision a tenant.`,
  );
}
