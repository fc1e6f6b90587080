import { existsSync, renameSync } from 'node:fs';
import type { Clock } from '../../kernel/clock.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';

/**
 * Sets a tenant's queue aside where its file is damaged, as `queue.sqlite.damaged-…`: the next to open it makes a new
 * one, and the sweep makes the jobs again, since the records are the truth (spec 2). Call before anything opens it.
 * Anything else that is wrong shows itself when the queue is opened. O(file).
 */
export async function mendQueue(
  file: string,
  tenantId: string,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<void> {
  if (!existsSync(file)) return;
  try {
    await openSqliteQueue(file, { clock, verify: true }).close();
  } catch (error) {
    if (!isFrostbyteError(error, 'STORE_CORRUPTED')) return;
    const aside = `${file}.damaged-${clock.now()}`;
    for (const suffix of ['-wal', '-shm', '']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    logger.warn('a damaged queue was set aside and is made again', {
      ...shaped({ tenant_id: tenantId }),
      code: error.code,
    });
  }
}
