/** Claims and finishes jobs of a queue file until none is left; prints the ids it had. Started by queue.sqlite.test.ts. */
import { systemClock } from '../../appliance/kernel/clock.ts';
import { openSqliteQueue } from '../../appliance/stores/queue/sqlite.ts';

const queue = openSqliteQueue(process.argv[2] ?? '', { clock: systemClock() });
for (;;) {
  const job = await queue.claim(['parse'], `worker ${process.pid}`, 60_000);
  if (job === null) break;
  process.stdout.write(`${job.job_id}\n`);
  await queue.finish(job);
}
await queue.close();
