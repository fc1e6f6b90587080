import { auditEntry } from '../../../audit/entry.ts';
import type { ResourceType } from '../../../kernel/audit-event.ts';
import { scrubbed } from '../../erased-documents.ts';
import { appendEntries } from '../../registry/outbox.ts';
import type { Step } from '../step.ts';

/**
 * Personal references beside the tenant's events are removed; the events stay, and every earlier proof still verifies
 * (spec 5). Reads the log once: O(events).
 */
export const eraseReferences: Step = Object.freeze({
  name: 'references',
  do: async ({ relay, log: openLog, registry, clock, tenantId }) => {
    await relay(tenantId);
    const log = await openLog(tenantId);
    let count = 0;
    for await (const event of log.range(0, await log.size())) {
      if (event.references.length === 0) continue;
      count += await log.eraseReferences(event.resource_type as ResourceType, event.resource_id);
    }
    // Also where nothing went now: who erased it may have died before this.
    await scrubbed(log);
    if (count === 0) return;
    registry.write(() =>
      appendEntries(registry, [
        auditEntry(clock, 'REFERENCES_ERASED', {
          tenant_id: tenantId,
          actor: 'system',
          resource_type: 'tenant',
          resource_id: tenantId,
          adds: { count },
        }),
      ]),
    );
  },
  verify: async ({ log: openLog, tenantId }) => {
    const log = await openLog(tenantId);
    for await (const event of log.range(0, await log.size())) {
      if (event.references.length > 0) throw new Error('references are left');
    }
  },
  undo: async () => undefined,
} satisfies Step);
