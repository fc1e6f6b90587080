import { join } from 'node:path';
import type { Clock } from '../../../kernel/clock.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { migratePostgresLogs, openPostgresLogs, type PostgresLogs } from '../../../stores/log/postgres.ts';
import { openPostgres } from '../../../stores/postgres/connection.ts';
import { scramVerifier } from '../../../stores/postgres/scram.ts';
import { derivedPassword } from './derived-password.ts';
import { hbaLine, writeHbaRule } from './hba-rule.ts';

/** Control's own database (spec 5): the audit logs of all tenants. */
export const CONTROL_DATABASE = 'frostbyte';
const ROLES = Object.freeze({ app: 'frostbyte_app', auditor: 'frostbyte_auditor' });

export interface StackLogsOptions {
  clock: Clock;
  root: KeyPair;
  host: string;
  port: number;
  /** How the server is spoken to; in the clear without it. */
  tls?: ServerTls;
  /** Whether the server lets in only who shows a certificate; with TLS alone. */
  asksCertificates?: boolean;
  password(): string;
  hbaFolder: string;
  /** The address that control comes from, such as `172.28.0.1/32`. */
  from: string;
}

/**
 * Makes the control database and its roles where they are missing, migrates the logs, and opens them as the role that may
 * append and read and nothing else.
 */
export async function openStackLogs(options: StackLogsOptions): Promise<PostgresLogs> {
  const { clock, root, host, port, tls, hbaFolder, from } = options;
  const asOwner = (database: string) => ({ host, port, tls, database, user: 'postgres', password: options.password });
  const password = derivedPassword(root, `database role ${ROLES.app}`);
  const server = openPostgres({
    ...asOwner('postgres'),
    schema: 'pg_catalog',
    application: 'frostbyte provisioning',
    connections: 1,
  });
  try {
    await writeHbaRule(
      join(hbaFolder, '10-frostbyte.conf'),
      hbaLine({ database: CONTROL_DATABASE, role: ROLES.app, from }, options),
    );
    const verifier = await scramVerifier(password);
    await server.alone(async (client) => {
      const has = async (sql: string, name: string) => (await client.query(sql, [name])).rowCount !== 0;
      if (!(await has('SELECT 1 FROM pg_database WHERE datname = $1', CONTROL_DATABASE))) {
        await client.query(`CREATE DATABASE ${CONTROL_DATABASE}`);
      }
      await client.query(`REVOKE ALL ON DATABASE ${CONTROL_DATABASE} FROM PUBLIC`);
      // Nobody but control's own user has business in the servers' own databases.
      for (const database of ['postgres', 'template1']) {
        await client.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
      }
      for (const role of Object.values(ROLES)) {
        if (!(await has('SELECT 1 FROM pg_roles WHERE rolname = $1', role))) await client.query(`CREATE ROLE ${role}`);
      }
      await client.query(`ALTER ROLE ${ROLES.app} LOGIN NOINHERIT PASSWORD '${verifier}'`);
      await client.query(`GRANT CONNECT ON DATABASE ${CONTROL_DATABASE} TO ${ROLES.app}, ${ROLES.auditor}`);
      await client.query('SELECT pg_reload_conf()');
    });
  } finally {
    await server.close();
  }
  await migratePostgresLogs(asOwner(CONTROL_DATABASE), { clock, roles: ROLES });
  return openPostgresLogs({ host, port, tls, database: CONTROL_DATABASE, user: ROLES.app, password }, { clock });
}
