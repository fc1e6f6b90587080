import type { AuditLog, LogEntry } from '../../../stores/log/port.ts';

/** Events that are appended at once. */
const AT_ONCE = 500;

/**
 * Appends all of a log, as it is now, to another one that is empty or has the beginning of it: references with their salts,
 * every leaf the same. Whoever needs the tree to be another's proves it (`proveLog`). O(events).
 */
export async function copyWholeLog(
  from: Pick<AuditLog, 'size' | 'appended'>,
  to: Pick<AuditLog, 'size' | 'append'>,
): Promise<void> {
  const until = await from.size();
  let held: LogEntry[] = [];
  for await (const entry of from.appended(await to.size(), until)) {
    held.push(entry);
    if (held.length < AT_ONCE) continue;
    await to.append(held);
    held = [];
  }
  await to.append(held);
}
