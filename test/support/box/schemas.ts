import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Box } from '../../../scripts/box/box.ts';

const POSTGRES = '172.28.0.10';
const NEWEST = 'SELECT name FROM schema_migrations ORDER BY version DESC LIMIT 1';

/** The newest migration of each store of an installed appliance that runs: registry, log, a tenant's rows. */
export async function newestMigrations(box: Box, tenantDatabase: string): Promise<Record<string, string>> {
  const password = await box.must('cat', '/run/frostbyte/secrets/postgres_password');
  const ask = (database: string, schema: string) => {
    const [command, ...args] = box.inNetwork([process.execPath, '--input-type=module', '--eval', SCRIPT]);
    const { stdout, stderr } = spawnSync(command!, args, {
      cwd: import.meta.dirname,
      env: { HOST: POSTGRES, DATABASE: database, PASSWORD: password, SQL: NEWEST.replace('FROM ', `FROM ${schema}.`) },
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    return stdout.trim();
  };
  const registry = new Database(join(box.root, 'var/lib/frostbyte/control/registry.sqlite'), { readonly: true });
  try {
    return {
      registry: registry.prepare(NEWEST).pluck().get() as string,
      log: ask('frostbyte', 'audit'),
      rows: ask(tenantDatabase, 'records'),
    };
  } finally {
    registry.close();
  }
}

const SCRIPT = `
import pg from 'pg';
const { HOST: host, DATABASE: database, PASSWORD: password, SQL } = process.env;
const client = new pg.Client({ host, database, password, user: 'postgres' });
await client.connect();
const { rows } = await client.query(SQL);
console.log(rows[0].name);
await client.end();`;
