import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { retrieve } from '../../appliance/data/6-serve/retrieve.ts';
import type { DataPlane } from '../../appliance/data/plane.ts';
import { startReindex } from '../../appliance/data/reindex/start.ts';
import { continueReindex } from '../../appliance/data/reindex/step.ts';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import { events } from '../contract/record/builders.ts';
import { type ReindexWorld, reindexWorld } from '../support/reindex-world.ts';

/**
 * The worker of a reindex dies before, or right after, each of its calls to a store or the embedder: the next one goes on
 * when its hold is over, search answers in between, and in the end everything is there once.
 */

class Killed extends Error {}

/** The plane as a worker sees it that dies at its call number `at`: nothing of it is done, or all. */
function dyingPlane(plane: DataPlane, at: number, isDone: boolean): { plane: DataPlane; calls: () => number } {
  let calls = 0;
  const dying = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > at || (calls === at && !isDone)) throw new Killed();
          const result: unknown = await (member as (...args: unknown[]) => unknown).apply(target, args);
          if (calls === at) throw new Killed();
          return result;
        };
      },
    });
  const { records, objects, indexes, embedder } = plane;
  const [first, second] = indexes;
  return {
    calls: () => calls,
    plane: {
      ...plane,
      records: dying(records),
      objects: dying(objects),
      indexes: [dying(first), dying(second)],
      embedder: async (model) => dying(await embedder(model)),
    },
  };
}

async function world(t: TestContext): Promise<ReindexWorld & { docs: string[] }> {
  const made = await reindexWorld(t);
  const docs = [await made.index('a', ['red apples', 'green pears']), await made.index('b', ['blue plums'])];
  await startReindex(made.plane, { model: 'turned', reason: 'finds by meaning' }, 'usr_admin');
  return { ...made, docs };
}

/** Works as a worker does until it dies. False where it came to the end. */
async function workUntilKilled(plane: DataPlane): Promise<boolean> {
  try {
    while (await continueReindex(plane, { worker: 'dying', isStopped: () => false }));
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  }
}

async function assertOnce({ plane, docs }: { plane: DataPlane; docs: readonly string[] }): Promise<void> {
  const { served, embed_model } = await plane.records.vectorIndex();
  assert.deepEqual([served, embed_model], [1, 'turned']);
  let count = 0;
  for (const id of docs) {
    const chunks = await plane.records.documentChunks(id, { limit: 100, offset: 0 });
    const stored = await plane.indexes[1].read(chunks.map(({ chunk_id }) => chunk_id));
    for (const { chunk_id, index } of chunks) assert.equal(vectorSha256(stored.get(chunk_id)!), index.vector_sha256);
    count += chunks.length;
  }
  assert.deepEqual([await plane.indexes[1].count(), await plane.indexes[0].count()], [count, 0]);
  const told = (await events(plane.records)).filter(({ details }) => details.reindex_id !== undefined);
  const of = (type: string) => told.filter(({ event_type }) => event_type === type).length;
  assert.deepEqual(
    [of('DOCUMENT_EMBEDDED'), of('INDEX_WRITTEN'), of('REINDEX_STARTED'), of('REINDEX_SWITCHED')],
    [docs.length, docs.length, 1, 1],
  );
  assert.equal(await plane.records.openReindex(), null);
}

for (const isDone of [false, true]) {
  describe(`a worker that dies ${isDone ? 'behind' : 'before'} each of its calls`, { timeout: 600_000 }, () => {
    test('the reindex goes on, nothing is there twice, and search answers throughout', async (t) => {
      let deaths = 0;
      for (let at = 1; ; at++) {
        const made = await world(t);
        const { plane, clock } = made;
        const dying = dyingPlane(plane, at, isDone);
        const died = await workUntilKilled(dying.plane).catch((error: unknown) => {
          throw new Error(`at call ${at}`, { cause: error });
        });
        const proof = await retrieve(plane, { query_text: 'apples', top_k: 3 }, 'usr_reader');
        assert.equal(proof.chunks[0]?.text, 'red apples', `at call ${at}`);
        assert.equal(proof.model_version_match, true);
        clock.advance(61_000);
        await made.finish({ worker: 'next' });
        await assertOnce(made);
        if (!died && dying.calls() < at) break;
        deaths += 1;
      }
      assert.ok(deaths > 20, `${deaths} calls`);
    });
  });
}
