import { auditEntry } from '../../audit/entry.ts';
import { APPLIANCE_LOG, type AuditEntry } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';

const MINUTE_MS = 60_000;
/** Sources told apart within a minute; the rest are counted together, so that a flood from many cannot fill memory. */
const SOURCES = 1000;

/** Failed authentications, counted per source, code and minute (spec 5). */
export interface FailureCounts {
  count(source: string, code: string): void;
  /** Entries for the minutes that are over (all of them with `everything`); each count is handed out once. */
  take(everything?: boolean): AuditEntry[];
}

/** An empty count. In memory: what a crash takes with it is at most the current minute's numbers. */
export function failureCounts(clock: Clock): FailureCounts {
  const counts = new Map<string, { source: string; code: string; minute: number; count: number }>();
  return {
    count: (source, code) => {
      const minute = Math.floor(clock.now() / MINUTE_MS);
      const named = /^[A-Za-z0-9.:%_-]{1,64}$/.test(source) ? source : 'unknown';
      let key = `${minute}|${named}|${code}`;
      const kept = counts.has(key) || counts.size < SOURCES ? named : 'others';
      key = `${minute}|${kept}|${code}`;
      const known = counts.get(key);
      if (known) known.count += 1;
      else counts.set(key, { source: kept, code, minute, count: 1 });
    },
    take: (everything = false) => {
      const current = Math.floor(clock.now() / MINUTE_MS);
      const entries: AuditEntry[] = [];
      for (const [key, { source, code, minute, count }] of counts) {
        if (!everything && minute >= current) continue;
        counts.delete(key);
        entries.push(
          auditEntry(clock, 'AUTHENTICATION_FAILED', {
            tenant_id: APPLIANCE_LOG,
            actor: 'system',
            resource_type: 'appliance',
            resource_id: APPLIANCE_LOG,
            status: 'failure',
            adds: { source, count, minute: new Date(minute * MINUTE_MS).toISOString(), error_code: code },
          }),
        );
      }
      return entries;
    },
  };
}
