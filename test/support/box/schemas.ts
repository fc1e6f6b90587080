import { spawnSync } from 'node:child_process';
import type { Box } from '../../../scripts/box/box.ts';

const CURRENT = '/opt/frostbyte/current';
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
  // By the release's own runtime: the disk of a box is no place for a database that this host opens.
  const registry = await box.must(`${CURRENT}/bin/node`, '-e', OF_REGISTRY);
  return { registry, log: ask('frostbyte', 'audit'), rows: ask(tenantDatabase, 'records') };
}

const OF_REGISTRY = `
const Database = require('${CURRENT}/appliance/node_modules/better-sqlite3');
const db = new Database('/var/lib/frostbyte/control/registry.sqlite', { readonly: true });
console.log(db.prepare('${NEWEST}').pluck().get());`;

const SCRIPT = `
import pg from 'pg';
const { HOST: host, DATABASE: database, PASSWORD: password, SQL } = process.env;
const client = new pg.Client({ host, database, password, user: 'postgres' });
await client.connect();
const { rows } = await client.query(SQL);
console.log(rows[0].name);
await client.end();`;
