import { FrostbyteError } from '../../../kernel/errors.ts';
import type { PostgresConnection } from '../../postgres/connection.ts';
import { underLock } from '../../postgres/migrate.ts';

/** Roles of the control database (spec 5): one writes the logs, the other only reads them. */
export interface LogRoles {
  /** `frostbyte_app`. */
  app: string;
  /** `frostbyte_auditor`. */
  auditor: string;
}

const ROLE = /^[a-z][a-z0-9_]{0,62}$/;
const PARTS = Array.from({ length: 16 }, (_, part) => `event_references_${part}`).join(', ');

/**
 * What the roles may do with the logs: insert and read, and nobody updates or deletes an event. References can be erased
 * by the role that writes. Repeating it is harmless. Throws `INTERNAL_ERROR` for a name that is no role of ours.
 */
export async function grantLogs(db: PostgresConnection, schema: string, { app, auditor }: LogRoles): Promise<void> {
  if (!ROLE.test(app) || !ROLE.test(auditor)) {
    throw new FrostbyteError('INTERNAL_ERROR', 'That is no name of a role.');
  }
  await db.alone(async (client) => {
    const { rows } = await client.query<{ may: boolean }>(
      "SELECT current_setting('server_version_num')::integer >= 170000 AS may",
    );
    const grants = [
      `USAGE ON SCHEMA ${schema} TO ${app}, ${auditor}`,
      `SELECT ON schema_migrations, events, event_links, event_references TO ${app}, ${auditor}`,
      `INSERT ON events, event_links TO ${app}`,
      `INSERT, DELETE ON event_references TO ${app}`,
      `SELECT, INSERT, DELETE ON unscrubbed TO ${app}`,
      `SELECT, INSERT, UPDATE ON store_check TO ${app}`,
      ...(rows[0]?.may ? [`MAINTAIN ON ${PARTS} TO ${app}`] : []),
    ];
    await underLock(client, async () => {
      for (const grant of grants) await client.query(`GRANT ${grant}`);
    });
  });
}
