import type { PlaneHandover } from '../api/plane/handover.ts';
import type { Config } from '../config/schema.ts';
import { work, workFor } from './run-worker.ts';
import type { ToWorker } from './worker-pool.ts';

/** A worker as the daemon starts it: the name in its leases; its settings in the environment, or its handover by message. */
const name = process.argv[2]!;
const config = process.env.FROSTBYTE_WORKER_CONFIG;
if (config !== undefined) await work(JSON.parse(config) as Config, name);
else if (process.send === undefined) {
  process.stderr.write('This program is started by the daemon. Use: frostbyte worker\n');
  process.exitCode = 2;
} else {
  const handover = await new Promise<PlaneHandover | null>((resolve) => {
    process.once('message', (message: ToWorker) => resolve(message.type === 'handover' ? message.handover : null));
    process.once('disconnect', () => resolve(null));
  });
  if (handover !== null) await workFor(handover, handover.settings as unknown as Config, name);
}
