import { existsSync } from 'node:fs';
import type { Clock } from '../../kernel/clock.ts';
import type { JobQueue } from '../../stores/queue/port.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';

/** How often the leases of other processes are looked at, and how long after its drain a worker may take to let go. */
const LEASES_MS = 50;
const LET_GO_MS = 3000;

/**
 * Waits until no worker of another process holds a job of the tenant any more, or their drain is over: what they commit
 * must be there before the relay looks, and nothing may be written behind a deletion.
 */
export async function othersDone(queueFile: string, drainMs: number, clock: Clock): Promise<void> {
  if (!existsSync(queueFile)) return;
  const queue = openSqliteQueue(queueFile, { clock });
  try {
    await queueAtRest(queue, drainMs + LET_GO_MS);
  } finally {
    await queue.close();
  }
}

/** Waits until nobody holds a job of a queue, for `ms` at most. */
export async function queueAtRest(queue: Pick<JobQueue, 'holders'>, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while ((await queue.holders()).length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LEASES_MS));
  }
}
