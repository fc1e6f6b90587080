import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { openPostgres } from '../postgres/connection.ts';
import { isCurrent, migrate } from '../postgres/migrate.ts';
import type { PostgresOptions } from '../postgres/options.ts';
import { bindOwner } from '../postgres/owner.ts';
import { MIGRATIONS } from './migrations/postgres.gen.ts';
import type { RecordStore } from './port.ts';
import { auditOutbox } from './postgres/audit-outbox.ts';
import { batchRecords } from './postgres/batches.ts';
import { inTurn, type RecordContext, TURN } from './postgres/context.ts';
import { deadLetterRecords } from './postgres/dead-letters.ts';
import { decisionRecords } from './postgres/decisions.ts';
import { erasureRecords } from './postgres/erasures.ts';
import { grantRecords } from './postgres/grants.ts';
import { intakeRecords } from './postgres/intake.ts';
import { outboxRecords } from './postgres/outbox.ts';
import { tally } from './postgres/page.ts';
import { reindexRecords } from './postgres/reindex.ts';
import { reprocessRecords } from './postgres/reprocess.ts';
import { serveRecords } from './postgres/serve.ts';
import { stageRecords } from './postgres/stages.ts';
import { uploadRecords } from './postgres/uploads.ts';

/** In a schema of their own: nothing of ours is in `public`. */
const SCHEMA = 'records';

/** How to reach a tenant's database, and in whose name. */
export type RecordDatabase = Omit<PostgresOptions, 'schema' | 'application'>;

/**
 * Makes or migrates the records of a database as its owner, and grants `role` what a data plane needs: a step of
 * provisioning and of upgrades. Throws `STORE_UNAVAILABLE`, with kind `never` where a newer build wrote the schema.
 */
export async function migratePostgresRecords(
  database: RecordDatabase,
  options: { clock: Clock; role?: string },
): Promise<void> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte migrations', connections: 1 });
  try {
    await migrate(db, SCHEMA, MIGRATIONS, options.clock.iso());
    if (options.role !== undefined) await grantRecords(db, SCHEMA, options.role);
  } finally {
    await db.close();
  }
}

/**
 * The records of one tenant in a PostgreSQL database that was migrated before. Any number of processes may have it open
 * at once: writers take turns, readers never wait. Throws `STORE_UNAVAILABLE` where it cannot be reached or is of another
 * version, and `ISOLATION_VIOLATED` for another tenant's database.
 */
export async function openPostgresRecords(
  database: RecordDatabase,
  options: { tenant_id: string; clock: Clock },
): Promise<RecordStore> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: `frostbyte records ${options.tenant_id}` });
  try {
    if (!(await isCurrent(db, SCHEMA, MIGRATIONS))) {
      throw new FrostbyteError('STORE_UNAVAILABLE', 'The database of the store has yet to be migrated.');
    }
    await bindOwner(db, TURN, options.tenant_id);
  } catch (error) {
    await db.close();
    throw error;
  }
  return recordsOn({ db, tenantId: options.tenant_id, clock: options.clock });
}

const SIZE = 'SELECT pg_database_size(current_database()) AS bytes';
const CHECK = `INSERT INTO store_check (one, checked_at) VALUES (1, ?)
  ON CONFLICT (one) DO UPDATE SET checked_at = excluded.checked_at`;

function recordsOn(context: RecordContext): RecordStore {
  const { db, clock } = context;
  return {
    ...intakeRecords(context),
    ...stageRecords(context),
    ...outboxRecords(context),
    ...batchRecords(context),
    ...serveRecords(context),
    ...deadLetterRecords(context),
    ...decisionRecords(context),
    ...uploadRecords(context),
    ...erasureRecords(context),
    ...reprocessRecords(context),
    ...reindexRecords(context),
    ...auditOutbox(context),
    appendEntries: (entries) => inTurn(context, async (change) => change.tell(entries)),
    usage: () =>
      db.read(async (tx) => ({
        bytes: (await tx.get<{ bytes: number }>(SIZE))?.bytes ?? 0,
        objects: (await tally(tx, 'documents')).entries + (await tally(tx, 'chunks')).entries,
      })),
    check: async () => {
      await db.jot((tx) => tx.run(CHECK, [clock.iso()]));
    },
    close: () => db.close(),
  };
}
