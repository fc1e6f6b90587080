import { spawnSync } from 'node:child_process';
import { testStack } from './stack.ts';

/** What the stock `psql` says of a statement at the test stack's PostgreSQL, as its administrator where nobody else is named. */
export function psql(
  sql: string,
  as: { user?: string; password?: string; database?: string } = {},
): { ok: boolean; said: string } {
  const { host, port, user, password, database } = { ...testStack()!.postgres, ...as };
  const { status, stdout, stderr } = spawnSync('psql', ['--no-psqlrc', '--tuples-only', '--no-align', '-c', sql], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
      PGCONNECT_TIMEOUT: '10',
    },
  });
  return { ok: status === 0, said: (status === 0 ? stdout : stderr).trim() };
}
