import type { AuditLog, LogEntry, LoggedEvent } from '../../../appliance/stores/log/port.ts';

/** An audit log in memory with what control and the relay use of one. `entries` is what was appended, in order. */
export interface MemoryLog extends AuditLog {
  entries: LogEntry[];
}

export function memoryLog(): MemoryLog {
  const entries: LogEntry[] = [];
  const logged = ({ event, references }: LogEntry, log_index: number): LoggedEvent => ({
    ...event,
    log_index,
    references: references.map(({ name, value }) => ({ name, value })),
  });
  const unused = async (): Promise<never> => {
    throw new Error('not part of this double');
  };
  return {
    entries,
    append: async (added) =>
      added.map((entry) => {
        const known = entries.findIndex(({ event }) => event.event_id === entry.event.event_id);
        return known >= 0 ? known : entries.push(entry) - 1;
      }),
    size: async () => entries.length,
    event: unused,
    events: async ({ resource_type, resource_id, through = Infinity, after = -1, limit }) => {
      const all = entries.map(logged).filter((event) => {
        const place = event.log_index;
        const isOf = event.resource_type === resource_type && event.resource_id === resource_id;
        return isOf && place <= through && place > after;
      });
      const events = all.slice(0, limit);
      return { events, next: all.length > limit ? (events.at(-1)?.log_index ?? null) : null };
    },
    count: unused,
    readsOf: unused,
    leaves: unused,
    resource: async (type, id) =>
      entries.map(logged).filter((event) => event.resource_type === type && event.resource_id === id),
    range: async function* (from, to) {
      for (let at = from; at < Math.min(to, entries.length); at += 1) yield logged(entries[at] as LogEntry, at);
    },
    appended: async function* (from, to) {
      yield* entries.slice(from, to);
    },
    scrub: async () => true,
    eraseReferences: async (type, id, through = Infinity) => {
      let count = 0;
      for (const [at, entry] of entries.entries()) {
        if (at > through) break;
        if (entry.event.resource_type !== type || entry.event.resource_id !== id) continue;
        count += entry.references.length;
        entries[at] = { ...entry, references: [] };
      }
      return count;
    },
    check: async () => undefined,
    close: async () => undefined,
  };
}
