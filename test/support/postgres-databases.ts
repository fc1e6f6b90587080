import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { hbaLine } from '../../appliance/bin/wire/stack/hba-rule.ts';
import { type ServerTls, tlsOptions } from '../../appliance/kernel/server-tls.ts';
import type { TestStack } from './stack.ts';

/** Databases for tests. Each world has one to itself; it is emptied for the next, since making one takes a second. */
export interface TestDatabases {
  /** Who owns them. */
  owner: { host: string; port: number; user: string; password: string; tls?: ServerTls | undefined };
  /** Who works in them, owning nothing. */
  role: { user: string; password: string };
  /** An empty database, as `prepare` left the first one. */
  take(): Promise<string>;
  /** Gives one back that nobody is connected to any more. */
  giveBack(name: string): Promise<void>;
  /** Runs a statement as the owner; names are looked up in `schema` where it is given. */
  asOwner<Row extends object>(database: string, sql: string, values?: unknown[], schema?: string): Promise<Row[]>;
  /** Drops all of them, and the role. */
  dispose(): Promise<void>;
}

/** Deletes every row, whatever a trigger or a reference says. */
const EMPTY = `SET session_replication_role = replica;
DO $$
DECLARE
  name regclass;
BEGIN
  FOR name IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'schema_migrations'
      AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  LOOP
    EXECUTE format('DELETE FROM %s', name);
  END LOOP;
END $$`;

/** Makes the role, and a database that `prepare` migrates and grants to it. */
export async function testDatabases(
  { postgres }: TestStack,
  prepare: (database: string, databases: TestDatabases) => Promise<void>,
): Promise<TestDatabases> {
  const { host, port, user, password, tls } = postgres;
  const ssl = tls === undefined ? false : tlsOptions(tls);
  const mark = randomBytes(5).toString('hex');
  const role = { user: `t_${mark}_user`, password: randomBytes(12).toString('hex') };
  const pattern = `t_${mark}_pattern`;
  const all = [pattern];
  const empty: string[] = [];

  const asOwner: TestDatabases['asOwner'] = async <Row extends object>(
    database: string,
    sql: string,
    values?: unknown[],
    schema = 'public',
  ): Promise<Row[]> => {
    const client = new Client({ host, port, user, password, ssl, database, options: `-c search_path=${schema}` });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  const databases: TestDatabases = {
    owner: { host, port, user, password, tls },
    role,
    take: async () => {
      const free = empty.pop();
      if (free !== undefined) return free;
      const name = `t_${mark}_${all.length}`;
      all.push(name);
      await asOwner(postgres.database, `CREATE DATABASE ${name} TEMPLATE ${pattern}`);
      return name;
    },
    giveBack: async (name) => {
      await asOwner(name, EMPTY);
      empty.push(name);
    },
    asOwner,
    dispose: async () => {
      for (const name of all) await asOwner(postgres.database, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await asOwner(postgres.database, `DROP ROLE IF EXISTS ${role.user}`);
      rmSync(rules, { force: true });
    },
  };
  // The server lets in only who is named.
  const rules = join(postgres.hba_folder, `60-${role.user}.conf`);
  writeFileSync(rules, hbaLine({ database: 'all', role: role.user, from: 'all' }, { tls, asksCertificates: true }));
  await asOwner(postgres.database, 'SELECT pg_reload_conf()');
  await asOwner(postgres.database, `CREATE ROLE ${role.user} LOGIN PASSWORD '${role.password}'`);
  await asOwner(postgres.database, `CREATE DATABASE ${pattern}`);
  await prepare(pattern, databases);
  return databases;
}
