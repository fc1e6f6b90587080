import { FrostbyteError } from '../../../kernel/errors.ts';
import { openPostgres, type PostgresConnection } from '../../../stores/postgres/connection.ts';
import type { ControlLogins } from '../stack/control-logins.ts';

/** Databases of the server by their names, which come from `tenantNames` or stand in the program. */
export interface ServerDatabases {
  /** Those whose names begin so. */
  named(prefix: string): Promise<string[]>;
  /** An empty one to which nobody but its owner is let in. */
  make(name: string): Promise<void>;
  /** One that is not there is no error. */
  drop(name: string): Promise<void>;
  /** Puts `by` in the place of `name`, where it is there still: called again it has nothing to do. */
  replace(name: string, by: string): Promise<void>;
  close(): Promise<void>;
}

export function serverDatabases(logins: ControlLogins): ServerDatabases {
  const open = (database: string, schema: string): PostgresConnection =>
    openPostgres({ ...logins.database(database), schema, application: 'frostbyte restore', connections: 1 });
  let server: PostgresConnection | undefined;
  const connection = () => {
    server ??= open('postgres', 'pg_catalog');
    return server;
  };
  const command = (...statements: string[]): Promise<void> =>
    connection().alone(async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  const named = async (prefix: string): Promise<string[]> =>
    (
      await connection().all<{ name: string }>(
        'SELECT datname::text AS name FROM pg_database WHERE starts_with(datname::text, ?)',
        [prefix],
      )
    ).map(({ name }) => name);
  const drop = (name: string) => command(`DROP DATABASE IF EXISTS ${plain(name)} WITH (FORCE)`);
  return {
    named,
    async make(name) {
      await command(`CREATE DATABASE ${plain(name)}`, `REVOKE ALL ON DATABASE ${plain(name)} FROM PUBLIC`);
      const own = open(name, 'public');
      await own
        .alone(async (client) => void (await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC')))
        .finally(() => own.close());
    },
    drop,
    async replace(name, by) {
      if (!(await named(by)).includes(by)) return;
      await drop(name);
      await command(`ALTER DATABASE ${plain(by)} RENAME TO ${plain(name)}`);
    },
    async close() {
      await server?.close();
    },
  };
}

function plain(name: string): string {
  if (/^[a-z][a-z0-9_]{0,62}$/.test(name)) return name;
  throw new FrostbyteError('INTERNAL_ERROR', 'A database has a name that none of ours has.');
}
