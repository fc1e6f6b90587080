import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { getLoadablePath } from 'sqlite-vec';
import { vectorSha256 } from '../../../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import type { VectorPoint } from '../../../../appliance/stores/vector/port.ts';
import { openSqliteVectors } from '../../../../appliance/stores/vector/sqlite-vec.ts';
import { randomVectors } from '../../../support/vectors.ts';

const MODULE = pathToFileURL(resolve(import.meta.dirname, '../../../../appliance/stores/vector/sqlite-vec.ts')).href;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frostbyte-vectors-'));
  file = join(folder, 'vectors.db');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const point = (n: number, vector: Float32Array): VectorPoint => ({
  chunk_id: `chk_${String(n).padStart(16, '0')}`,
  doc_id: 'doc_0000000000000000',
  vector,
  classification: 'other',
  page: 1,
  ingested_at: '2026-01-01T00:00:00.000Z',
});

/** Runs a module text in a process of its own and returns what it printed. */
async function inAnotherProcess(body: string): Promise<string> {
  const program = `import { openSqliteVectors } from ${JSON.stringify(MODULE)};
    const store = openSqliteVectors(${JSON.stringify(file)});
    ${body}
    await store.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return stdout.trim();
}

it('vectors written by one process are found by another, and the other way round', async () => {
  const store = openSqliteVectors(file);
  try {
    const [mine, theirs] = randomVectors(2, 1) as [Float32Array, Float32Array];
    await store.upsert([point(1, mine)]);
    assert.equal((await store.search(mine, { limit: 1, approximate: true }))[0]?.chunk_id, point(1, mine).chunk_id);
    const seen = await inAnotherProcess(`
      const vector = Float32Array.from(${JSON.stringify([...mine])});
      const [hit] = await store.search(vector, { limit: 1, approximate: true });
      await store.upsert([{ ...${JSON.stringify({ ...point(2, theirs), vector: null })}, vector: Float32Array.from(${JSON.stringify([...theirs])}) }]);
      await store.remove([hit.chunk_id]);
      process.stdout.write(hit.chunk_id);`);
    assert.equal(seen, point(1, mine).chunk_id);
    const hits = await store.search(theirs, { limit: 5, approximate: true });
    assert.deepEqual(
      hits.map((hit) => hit.chunk_id),
      [point(2, theirs).chunk_id],
    );
    assert.equal(vectorSha256((await store.read([hits[0]!.chunk_id])).get(hits[0]!.chunk_id)!), vectorSha256(theirs));
  } finally {
    await store.close();
  }
});

it('the bytes of a removed vector are nowhere in the files', async () => {
  const store = openSqliteVectors(file);
  const vectors = randomVectors(40, 2);
  await store.upsert(vectors.map((vector, n) => point(n, vector)));
  const needle = (n: number) => Buffer.from(vectors[n]!.buffer).subarray(100, 132);
  const held = async (n: number) => {
    const names = await readdir(folder);
    const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
    return contents.some((content) => content.includes(needle(n)));
  };
  assert.equal(await held(7), true);
  await store.remove([point(7, vectors[7]!).chunk_id]);
  assert.equal(await held(7), false);
  assert.equal(await held(8), true);
  await store.removeDocument('doc_0000000000000000', new Set([point(9, vectors[9]!).chunk_id]));
  assert.equal(await held(8), false);
  assert.equal(await held(9), true);
  await store.close();
  assert.equal(await held(8), false);
});

it('the bytes of a replaced vector are nowhere in the files', async () => {
  const store = openSqliteVectors(file);
  const [old, other] = randomVectors(2, 6) as [Float32Array, Float32Array];
  await store.upsert([point(1, old)]);
  await store.upsert([point(1, other), point(2, other)]);
  const contents = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  const holds = (vector: Float32Array) => contents.some((content) => content.includes(Buffer.from(vector.buffer)));
  assert.deepEqual([holds(old), holds(other)], [false, true]);
  await store.close();
});

it('upserting what is there already writes nothing', async () => {
  const store = openSqliteVectors(file);
  const points = randomVectors(5, 7).map((vector, n) => point(n, vector));
  await store.upsert(points);
  const before = (await stat(`${file}-wal`)).size;
  await store.upsert(points);
  assert.equal((await stat(`${file}-wal`)).size, before);
  await store.close();
});

it('a reader that fell behind the kept changes loads everything again', async () => {
  const writer = openSqliteVectors(file, { changesKept: 3 });
  const reader = openSqliteVectors(file);
  try {
    const vectors = randomVectors(30, 3);
    await writer.upsert(vectors.slice(0, 10).map((vector, n) => point(n, vector)));
    assert.equal((await reader.search(vectors[0]!, { limit: 50, approximate: true })).length, 10);
    for (let n = 10; n < 30; n++) await writer.upsert([point(n, vectors[n]!)]);
    await writer.remove([point(0, vectors[0]!).chunk_id]);
    const found = await reader.search(vectors[29]!, { limit: 50, approximate: true });
    assert.equal(found.length, 29);
    assert.equal(found[0]!.chunk_id, point(29, vectors[29]!).chunk_id);
  } finally {
    await writer.close();
    await reader.close();
  }
});

it('points come back after the file was closed and opened again', async () => {
  const first = openSqliteVectors(file);
  const [vector] = randomVectors(1, 4) as [Float32Array];
  await first.upsert([point(1, vector)]);
  await first.close();
  const second = openSqliteVectors(file);
  assert.equal(await second.count(), 1);
  assert.equal((await second.search(vector, { limit: 1 }))[0]!.score, 1);
  await second.close();
});

it('the file is readable by its owner alone', async () => {
  const store = openSqliteVectors(file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await store.close();
});

it('a file that is no database is reported as corrupted', async () => {
  await writeFile(file, 'this is no database, and long enough to be read as the header of one'.repeat(20));
  assert.throws(
    () => openSqliteVectors(file),
    (error) => isFrostbyteError(error, 'STORE_CORRUPTED'),
  );
});

it('a time that is none is refused before anything is written', async () => {
  const store = openSqliteVectors(file);
  try {
    const [vector] = randomVectors(1, 5) as [Float32Array];
    await assert.rejects(store.upsert([point(1, vector), { ...point(2, vector), ingested_at: 'soon' }]), (error) =>
      isFrostbyteError(error, 'VALIDATION_ERROR'),
    );
    assert.equal(await store.count(), 0);
    await assert.rejects(store.search(vector, { limit: 1, filter: { date_range: { end: 'never' } } }), (error) =>
      isFrostbyteError(error, 'VALIDATION_ERROR'),
    );
  } finally {
    await store.close();
  }
});

it('the extension is taken from where the options say, and a wrong place fails the start', async () => {
  const store = openSqliteVectors(file, { extensionPath: getLoadablePath() });
  await store.check();
  await store.close();
  assert.throws(
    () => openSqliteVectors(join(folder, 'other.db'), { extensionPath: join(folder, 'absent.so') }),
    (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'),
  );
});

it('sketches honour a list of documents that is too long for look-ups, also after documents went', async () => {
  const store = openSqliteVectors(file);
  try {
    const vectors = randomVectors(2400, 3) as Float32Array[];
    const named = (n: number) => `doc_${String(n).padStart(16, '0')}`;
    await store.upsert(vectors.map((vector, n) => ({ ...point(n, vector), doc_id: named(n % 1200) })));
    // All but the documents that lie nearest.
    const query = vectors[5]!;
    const near = new Set((await store.search(query, { limit: 40 })).map(({ doc_id }) => doc_id));
    const listed = () => [...Array(1200).keys()].map(named).filter((id) => !near.has(id));
    assert.ok(listed().length > 1000);
    const ask = (approximate: boolean) =>
      store.search(query, { limit: 20, approximate, filter: { doc_ids: listed() } });
    for (const gone of [null, 700, 1199]) {
      if (gone !== null) await store.removeDocument(named(gone));
      const [found, exact] = [await ask(true), await ask(false)];
      assert.ok(found.length === 20 && found.every(({ doc_id }) => !near.has(doc_id) && doc_id !== named(gone ?? -1)));
      const ids = new Set(exact.map(({ chunk_id }) => chunk_id));
      assert.ok(found.filter(({ chunk_id }) => ids.has(chunk_id)).length >= 18, 'the recall that sketches promise');
    }
  } finally {
    await store.close();
  }
});
