import { auditEntry } from '../audit/entry.ts';
import type { TakenEvent } from '../audit/relay.ts';
import type { ResourceType } from '../kernel/audit-event.ts';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { AuditLog } from '../stores/log/port.ts';
import { appendLedger } from './ledger/ledger.ts';
import type { Registry } from './registry/open.ts';
import { appendEntries } from './registry/outbox.ts';

/** Events read at a time. */
const PAGE = 500;

/**
 * What follows from the erasure of a document once its log has taken DOCUMENT_DELETED: the ledger remembers it, with
 * REFERENCES_ERASED in the same transaction, and the document's personal references are removed from the log (spec 5, 7).
 * The event counts as relayed only afterwards, so a crash repeats this, and repeating it is harmless.
 */
export async function followErasures(
  parts: { registry: Registry; clock: Clock; log: AuditLog },
  events: readonly TakenEvent[],
): Promise<void> {
  const { registry, clock, log } = parts;
  let erased = false;
  for (const { event, log_index } of events) {
    if (event.event_type !== 'DOCUMENT_DELETED') continue;
    const { tenant_id, resource_type, resource_id, timestamp, event_id, details } = event;
    const resources: [type: ResourceType, id: string][] = [
      [resource_type, resource_id],
      ...idsIn(details.refused_files).map((id): [ResourceType, string] => [resource_type, id]),
      ...idsIn(details.emptied_batches).map((id): [ResourceType, string] => ['batch', id]),
    ];
    let count = 0;
    for (const resource of resources) count += await countReferences(log, resource, log_index);
    registry.write(() => {
      const isNew = appendLedger(registry, {
        kind: 'document_erased',
        tenant_id,
        resource_id,
        at: timestamp,
        details: { deletion_receipt_id: details.deletion_receipt_id, cause: details.cause },
        event_id,
      });
      if (!isNew) return;
      appendEntries(registry, [
        auditEntry(clock, 'REFERENCES_ERASED', {
          tenant_id,
          actor: 'system',
          resource_type,
          resource_id,
          adds: { count },
        }),
      ]);
    });
    // Up to the deletion: what the same bytes brought since, sent again, is of another document.
    for (const [type, id] of resources) await log.eraseReferences(type, id, log_index);
    erased = true;
  }
  // Also where nothing went now: who erased it may have died before this.
  if (erased) await scrubbed(log);
}

/** Throws `STORE_UNAVAILABLE` where a reader holds back what was erased. */
export async function scrubbed(log: Pick<AuditLog, 'scrub'>): Promise<void> {
  if (await log.scrub()) return;
  throw new FrostbyteError('STORE_UNAVAILABLE', 'A reader of the audit log holds back what was erased in it.');
}

/** What lost its names with the document: refused files and batches, where the deletion lists any. */
function idsIn(listed: unknown): string[] {
  return Array.isArray(listed) ? listed.filter((id) => typeof id === 'string') : [];
}

/** References of a resource's events up to a place. Read page by page: a document that is looked at often has many. */
async function countReferences(
  log: AuditLog,
  [resource_type, resource_id]: readonly [ResourceType, string],
  through: number,
): Promise<number> {
  let count = 0;
  for (let after: number | null = -1; after !== null; ) {
    const page: Awaited<ReturnType<AuditLog['events']>> = await log.events({
      resource_type,
      resource_id,
      through,
      after,
      sort: 'asc',
      limit: PAGE,
    });
    for (const { references } of page.events) count += references.length;
    after = page.next;
  }
  return count;
}
