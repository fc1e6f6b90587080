import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { searchThreads } from '../../../../appliance/bin/wire/search-threads.ts';
import { openSqliteRecords } from '../../../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../../../appliance/stores/vector/sqlite-vec.ts';
import { indexed, TENANT } from '../../../contract/record/builders.ts';
import { manualClock } from '../../../support/manual-clock.ts';

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-threads-'));
  const files = { tenant_id: TENANT, records: join(folder, 'records.sqlite'), vectors: join(folder, 'vectors.sqlite') };
  const records = openSqliteRecords(files.records, { tenant_id: TENANT, clock: manualClock() });
  const vectors = openSqliteVectors(files.vectors);
  const threads = searchThreads(1);
  t.after(async () => {
    await threads.closeAll();
    await Promise.all([records.close(), vectors.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  await indexed(records, 'a', [{ text: 'the notice period is nine months' }]);
  return { folder, files, records, threads };
}

test('a search leaves the caller’s thread free, and sees what was written just before', async (t) => {
  const { files, records, threads } = await world(t);
  const { searchText } = threads.of(files);
  let rounds = 0;
  let searching = true;
  const count = () => {
    rounds++;
    if (searching) setImmediate(count);
  };
  setImmediate(count);
  assert.equal((await searchText({ text: 'notice', limit: 5 })).length, 1);
  searching = false;
  assert.ok(rounds > 0, 'the event loop went round meanwhile');
  await indexed(records, 'b', [{ text: 'notice to the tenant' }]);
  assert.equal((await searchText({ text: 'notice', limit: 5 })).length, 2);
});

test('an error keeps its code and its kind', async (t) => {
  const { folder, threads } = await world(t);
  const damaged = join(folder, 'damaged.sqlite');
  await writeFile(damaged, 'not a database, but long enough to be taken for one that is damaged'.repeat(100));
  const { searchText } = threads.of({ tenant_id: 'acme', records: damaged, vectors: damaged });
  await assert.rejects(searchText({ text: 'notice', limit: 5 }), { code: 'STORE_CORRUPTED', kind: 'never' });
  const foreign = threads.of({ ...(await world(t)).files, tenant_id: 'globex' });
  await assert.rejects(foreign.searchText({ text: 'notice', limit: 5 }), { code: 'ISOLATION_VIOLATED' });
});

test('closing a tenant waits for its searches; the next one opens the stores again', async (t) => {
  const { files, threads } = await world(t);
  const { searchText } = threads.of(files);
  const asked = Promise.all([1, 2, 3].map(() => searchText({ text: 'notice', limit: 5 })));
  await threads.close(TENANT);
  assert.deepEqual(
    (await asked).map(({ length }) => length),
    [1, 1, 1],
  );
  assert.equal((await searchText({ text: 'notice', limit: 5 })).length, 1);
});

test('whoever waits for a thread that ends is told, and the next search starts another', async (t) => {
  const { files, threads } = await world(t);
  const { searchText } = threads.of(files);
  const asked = assert.rejects(searchText({ text: 'notice', limit: 5 }), { code: 'STORE_UNAVAILABLE' });
  await threads.closeAll();
  await asked;
  assert.equal((await searchText({ text: 'notice', limit: 5 })).length, 1);
});
