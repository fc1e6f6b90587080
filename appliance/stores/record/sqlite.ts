import type { Clock } from '../../kernel/clock.ts';
import { openSqlite } from '../sqlite/open.ts';
import { bindOwner } from '../sqlite/owner.ts';
import { MIGRATIONS } from './migrations/sqlite.gen.ts';
import type { RecordStore } from './port.ts';
import { auditOutbox } from './sqlite/audit-outbox.ts';
import { batchRecords } from './sqlite/batches.ts';
import type { RecordContext } from './sqlite/context.ts';
import { deadLetterRecords } from './sqlite/dead-letters.ts';
import { decisionRecords } from './sqlite/decisions.ts';
import { erasureRecords } from './sqlite/erasures.ts';
import { appendEntries } from './sqlite/events.ts';
import { intakeRecords } from './sqlite/intake.ts';
import { outboxRecords } from './sqlite/outbox.ts';
import { tally } from './sqlite/page.ts';
import { reindexRecords } from './sqlite/reindex.ts';
import { reprocessRecords } from './sqlite/reprocess.ts';
import { serveRecords } from './sqlite/serve.ts';
import { stageRecords } from './sqlite/stages.ts';
import { uploadRecords } from './sqlite/uploads.ts';

/**
 * The records of one tenant in one SQLite file, made and migrated as needed. Several processes may hold it open at once;
 * a verb waits up to ten seconds for another's write. With `readonly` every change is refused with `STORE_READ_ONLY`.
 * Throws `STORE_UNAVAILABLE`, `STORE_CORRUPTED`, `STORE_READ_ONLY`, `DISK_FULL` or `ISOLATION_VIOLATED` (a link, or another
 * tenant's file).
 */
export function openSqliteRecords(
  file: string,
  options: { tenant_id: string; clock: Clock; readonly?: boolean },
): RecordStore {
  const db = openSqlite(file, {
    migrations: MIGRATIONS,
    appliedAt: options.clock.iso(),
    readonly: options.readonly ?? false,
  });
  bindOwner(db, options.tenant_id);
  const context: RecordContext = { db, tenantId: options.tenant_id, clock: options.clock };
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
    appendEntries: async (entries) => db.write(() => appendEntries(context, entries)),
    usage: async () => ({
      bytes: db.bytes(),
      objects: tally(context, 'documents').entries + tally(context, 'chunks').entries,
    }),
    check: async () => db.check(),
    close: async () => db.close(),
  };
}
