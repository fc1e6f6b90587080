/**
 * A process that takes in, indexes and indexes again documents until somebody ends it, writing one line for each
 * document that it was told is durable. Arguments: the store's file, a name for its documents.
 */

import { systemClock } from '../../../appliance/kernel/clock.ts';
import { openSqliteRecords } from '../../../appliance/stores/record/sqlite.ts';
import { indexed, minute, publish, TENANT, toIndex } from './builders.ts';

const [file, name, most] = process.argv.slice(2);
const store = openSqliteRecords(file as string, { tenant_id: TENANT, clock: systemClock() });
for (let n = 0; n < Number(most ?? Number.POSITIVE_INFINITY); n += 1) {
  const chunks = [{ text: `words of ${name} number ${n}` }, { text: 'shared words' }];
  const id = await indexed(store, `${name}-${n}`, chunks);
  await store.restart(id, 'parse', [], minute(4));
  await toIndex(store, id, 2);
  await publish(store, id, chunks, { run: 2 });
  process.stdout.write(`${id}\n`);
}
await store.close();
