import { FrostbyteError } from '../../../kernel/errors.ts';
import type { PostgresConnection } from '../../postgres/connection.ts';
import { underLock } from '../../postgres/migrate.ts';

/** Rows that a data plane changes and deletes as its work goes on. */
const ITS_OWN = [
  'batches',
  'documents',
  'document_versions',
  'document_batches',
  'document_metadata',
  'chunks',
  'outbox',
  'dead_letters',
  'uploads',
  'upload_segments',
  'erasures',
  'reprocesses',
  'vector_index',
  'reindexes',
  'reindex_documents',
  'reindexed_chunks',
  'tallies',
  'store_check',
  'unscrubbed',
];
/** Written once: triggers guard what the grant to blank a receipt would allow. */
const WRITTEN_ONCE = ['configs', 'audit_events', 'audit_relay', 'store_owner', 'receipts'];
/** Tables that `scrub` makes anew. */
const SCRUBBED = [
  ...['batches', 'documents', 'dead_letters', 'uploads', 'receipts', 'audit_references'],
  ...Array.from({ length: 8 }, (_, part) => `chunks_${part}`),
];
/** From here on a role may vacuum what it does not own. */
const MAINTAIN_SINCE = 170_000;

/**
 * What a data plane's role may do with the records: work on its rows, and nothing else. It owns no table, so that it can
 * neither drop a trigger nor change an audit event (spec 5). Repeating it is harmless. Throws `INTERNAL_ERROR` for a name
 * that is no role of ours.
 */
export async function grantRecords(db: PostgresConnection, schema: string, role: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(role)) throw new FrostbyteError('INTERNAL_ERROR', 'That is no name of a role.');
  await db.alone(async (client) => {
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::integer AS version",
    );
    const grants = [
      `USAGE ON SCHEMA ${schema}`,
      'SELECT ON schema_migrations, index_records',
      `SELECT, INSERT, UPDATE, DELETE ON ${ITS_OWN.join(', ')}`,
      `SELECT, INSERT ON ${WRITTEN_ONCE.join(', ')}`,
      'UPDATE (original_filename, details) ON receipts',
      'SELECT, INSERT, DELETE ON audit_references',
      ...((rows[0]?.version ?? 0) >= MAINTAIN_SINCE ? [`MAINTAIN ON ${SCRUBBED.join(', ')}`] : []),
    ];
    await underLock(client, async () => {
      for (const grant of grants) await client.query(`GRANT ${grant} TO ${role}`);
    });
  });
}
