import type { AuditEvent } from '../kernel/audit-event.ts';
import type { AuditLog } from '../stores/log/port.ts';
import type { AuditOutbox } from '../stores/record/port.ts';
import { leafHash } from './leaf.ts';

/** Events moved in one go: a commit each on both sides. */
const BATCH = 500;

/** An event that a log has taken, and where it stands there. */
export interface TakenEvent {
  event: AuditEvent;
  log_index: number;
}

/**
 * Moves the waiting events of an outbox, in order, to the log and notes where they came to stand. Returns how many were
 * moved. It may be killed at any moment: what the log took but the outbox has not noted is offered again, and the log
 * answers the position it has. `taken` is told of them in between, as the log has them, so at least once of each; what it
 * does must bear repeating. With `most` it ends behind the batch in which so many were moved, though more may wait. Throws
 * what log, outbox or `taken` throw; then nothing is lost. O(events moved), memory O(batch).
 */
export async function relayEvents(
  source: AuditOutbox,
  log: Pick<AuditLog, 'append'>,
  options: {
    batch?: number;
    most?: number;
    /** What the log takes in the place of an event, the same each time; references of one that is replaced are left out. */
    as?: (event: AuditEvent) => AuditEvent;
    taken?: (events: TakenEvent[]) => Promise<void>;
  } = {},
): Promise<number> {
  const { batch = BATCH, most = Number.POSITIVE_INFINITY, as = (event) => event, taken } = options;
  let moved = 0;
  while (moved < most) {
    const offered = await source.pendingEvents(batch);
    if (offered.length === 0) break;
    const pending = offered.map(({ seq, event, references }) => {
      const logged = as(event);
      return { seq, event: logged, references: logged === event ? references : [] };
    });
    const positions = await log.append(
      pending.map(({ event, references }) => ({ event, references, leaf_hash: leafHash(event) })),
    );
    await taken?.(pending.map(({ event }, at) => ({ event, log_index: positions[at] as number })));
    await source.markRelayed(
      pending.map(({ seq, event }, at) => ({ seq, event_id: event.event_id, log_index: positions[at] as number })),
    );
    moved += pending.length;
  }
  return moved;
}
