import { auditEntry } from '../audit/entry.ts';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { findNotice, insertNotice, markAcknowledged, type NoticeRow, unreadNotices } from './registry/notices.ts';
import type { Registry } from './registry/open.ts';
import { appendEntries } from './registry/outbox.ts';
import type { Notice, NoticeKind } from './verbs.ts';

/** How many unread notices a banner or an outbox is given at most: the newest. */
const MOST_SHOWN = 200;

/** Tells a tenant something. Inside `registry.write`, with the change that it tells: both are there or neither. */
export function notify(
  registry: Registry,
  clock: Clock,
  notice: { tenant_id: string; kind: NoticeKind } & Partial<
    Pick<NoticeRow, 'actor' | 'role' | 'reason' | 'until' | 'grant_id'>
  >,
): void {
  insertNotice(registry, {
    notice_id: newId(),
    created_at: clock.iso(),
    actor: null,
    role: null,
    reason: null,
    until: null,
    grant_id: null,
    ...notice,
    withdrawn_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
  });
}

/** A notice as the API shows it. */
export function noticeView(row: NoticeRow): Notice {
  return { ...row, kind: row.kind as NoticeKind };
}

/** Unread notices that still hold, oldest first; of more than a few hundred the newest. */
export function shownNotices(registry: Registry, tenantId: string): Notice[] {
  return unreadNotices(registry, tenantId, MOST_SHOWN).map(noticeView);
}

/**
 * Notes that the tenant's admin has read a notice, with NOTICE_ACKNOWLEDGED, in one transaction. Twice is the same as
 * once: the first reader stays. Throws `RESOURCE_NOT_FOUND`.
 */
export function acknowledgeNotice(
  registry: Registry,
  clock: Clock,
  tenantId: string,
  noticeId: string,
  actor: string,
): Notice {
  return registry.write(() => {
    const notice = findNotice(registry, tenantId, noticeId);
    if (notice === null) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such notice.');
    const at = clock.iso();
    if (!markAcknowledged(registry, noticeId, at, actor)) return noticeView(notice);
    appendEntries(registry, [
      auditEntry(clock, 'NOTICE_ACKNOWLEDGED', {
        tenant_id: tenantId,
        actor,
        resource_id: tenantId,
        adds: { notice_id: noticeId, kind: notice.kind },
      }),
    ]);
    return noticeView({ ...notice, acknowledged_at: at, acknowledged_by: actor });
  });
}
