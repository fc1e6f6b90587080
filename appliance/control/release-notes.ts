import { auditEntry } from '../audit/entry.ts';
import { APPLIANCE_LOG } from '../kernel/audit-event.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Registry } from './registry/open.ts';
import { appendEntries } from './registry/outbox.ts';

/** Which release works here, and by which signatures it scans, told to the appliance's log by whoever put it there. */
export interface ReleaseNotes {
  noteRelease(
    event: 'BUNDLE_UPGRADED' | 'BUNDLE_ROLLED_BACK',
    bundle: { version: string; manifest_sha256: string; counter: number },
    actor: string,
  ): Promise<void>;
  /** That files are scanned by other malware signatures from here on. */
  noteSignatures(version: string, actor: string): Promise<void>;
}

export function releaseNotes({ registry, clock }: { registry: Registry; clock: Clock }): ReleaseNotes {
  const about = (actor: string) => ({ tenant_id: APPLIANCE_LOG, actor, resource_id: APPLIANCE_LOG });
  return {
    async noteRelease(event, { version, manifest_sha256, counter }, actor) {
      const adds = { version, manifest_sha256, counter };
      registry.write(() => appendEntries(registry, [auditEntry(clock, event, { ...about(actor), adds })]));
    },
    async noteSignatures(version, actor) {
      const entry = auditEntry(clock, 'SIGNATURES_UPDATED', { ...about(actor), adds: { version } });
      registry.write(() => appendEntries(registry, [entry]));
    },
  };
}
