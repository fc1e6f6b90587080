import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Config } from '../../config/schema.ts';
import { newId } from '../../kernel/ids.ts';
import { readHandover } from '../read-handover.ts';
import { repeat } from '../repeat.ts';
import { workFor } from '../run-worker.ts';
import { toldByHandover } from '../told-by-handover.ts';
import { ALIVE_MS, aliveFile } from '../where.ts';

/**
 * The role `worker`: stages of one tenant, beside its data plane and out of the same queue. It listens nowhere; what it
 * knows it was handed over, and it ends when that is taken away.
 */

/** Runs until SIGTERM, SIGINT, or until its handover is taken away. */
export async function serveWorker(tenantId: string, from: string): Promise<void> {
  const { handover, starterGone } = await readHandover(from, tenantId);
  const told = from.startsWith('fd:') ? { listen: () => undefined, over: starterGone } : toldByHandover(from, handover);
  const alive = aliveFile(process.pid);
  const touching = repeat(
    () => writeFile(alive, ''),
    ALIVE_MS,
    () => undefined,
  );
  process.stdout.write('frostbyte works for one tenant\n');
  try {
    await workFor(handover, handover.settings as unknown as Config, `extra-${newId()}`, told);
  } finally {
    await touching.stop();
    rmSync(alive, { force: true });
  }
  // What a library left waiting must not keep a tenant's keys in memory.
  process.exit(0);
}
