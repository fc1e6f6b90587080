/**
 * A process that takes in large batches and indexes their documents until somebody ends it, writing a line for each batch
 * and document that it was told is durable. Where the server goes away it asks again. On stdin: how to reach the records,
 * as JSON. Argument: a name for its batches.
 */

import { text } from 'node:stream/consumers';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { arrival, idOf, publish, TENANT, toIndex } from '../contract/record/builders.ts';

const FILES = 60;
const name = process.argv[2];
const store = await openPostgresRecords(JSON.parse(await text(process.stdin)), {
  tenant_id: TENANT,
  clock: systemClock(),
});

/** Until it is answered; undefined where the work finds that it was done before. */
async function persist<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      // The builders throw for a stage that had ended, though nobody heard of it.
      if (!isFrostbyteError(error)) return undefined;
      if (!isFrostbyteError(error, 'STORE_UNAVAILABLE')) throw error;
    }
  }
}

for (let n = 0; ; n++) {
  const batch = `${name}-${n}`;
  const files = Array.from({ length: FILES }, (_, at) => ({ file_id: `f${at}`, content: `${batch} ${at}` }));
  const sent = arrival(batch, files);
  await persist(() => store.receive(sent));
  process.stdout.write(`batch ${batch}\n`);
  const id = idOf(`${batch} 0`);
  await persist(() => toIndex(store, id));
  const chunks = Array.from({ length: 20 }, (_, at) => ({ text: `words of ${batch} number ${at}` }));
  if (await persist(() => publish(store, id, chunks))) process.stdout.write(`document ${id}\n`);
}
