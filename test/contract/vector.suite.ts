import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import type { VectorPoint, VectorStore } from '../../appliance/stores/vector/port.ts';
import { clusteredVectors, randomVectors, unit } from '../support/vectors.ts';

/** What a test needs of an adapter: a fresh, empty index, and a second opener of the same one. */
export interface VectorHarness {
  store: VectorStore;
  /** Another client of the same index, as another process would have it. */
  again(): Promise<VectorStore>;
  dispose(): Promise<void>;
}

const chunk = (n: number) => `chk_${n.toString(16).padStart(16, '0')}`;
const doc = (n: number) => `doc_${n.toString(16).padStart(16, '0')}`;

function point(n: number, vector: Float32Array, more: Partial<VectorPoint> = {}): VectorPoint {
  return {
    chunk_id: chunk(n),
    doc_id: doc(0),
    vector,
    classification: 'other',
    page: 1,
    ingested_at: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

/** A vector along one axis, leaning a little towards another. */
function axis(n: number, lean = 0): Float32Array {
  const vector = new Float32Array(768);
  vector[n] = 1;
  vector[(n + 1) % 768] = lean;
  return unit(vector);
}

/** The contract of the vector port: every adapter runs it from a file of a few lines. */
export function vectorContract(name: string, make: () => Promise<VectorHarness>): void {
  describe(`vector store: ${name}`, () => {
    let harness: VectorHarness;
    let store: VectorStore;
    beforeEach(async () => {
      harness = await make();
      store = harness.store;
    });
    afterEach(() => harness.dispose());
    const ids = async (query: Float32Array, options: Parameters<VectorStore['search']>[1]) =>
      (await store.search(query, options)).map((hit) => hit.chunk_id);

    it('an empty index finds nothing', async () => {
      assert.deepEqual(await store.search(axis(0), { limit: 5 }), []);
      assert.deepEqual(await store.search(axis(0), { limit: 5, approximate: true }), []);
      assert.equal(await store.count(), 0);
      assert.deepEqual(await store.read([chunk(1)]), new Map());
      await store.check();
    });

    it('vectors are read back bit for bit, missing ones are left out', async () => {
      const vectors = randomVectors(20, 7);
      vectors.push(new Float32Array(768));
      const odd = Float32Array.from(vectors[0]!);
      odd[3] = -0;
      odd[4] = 1.4e-45;
      vectors.push(odd);
      await store.upsert(vectors.map((vector, n) => point(n, vector)));
      const back = await store.read([...vectors.keys()].map(chunk).concat(chunk(999)));
      assert.equal(back.size, vectors.length);
      for (const [n, vector] of vectors.entries())
        assert.equal(vectorSha256(back.get(chunk(n))!), vectorSha256(vector));
    });

    it('a vector handed over is copied: changing it later changes nothing stored', async () => {
      const vector = axis(0);
      await store.upsert([point(1, vector)]);
      vector.fill(0);
      assert.equal((await store.read([chunk(1)])).get(chunk(1))![0], 1);
    });

    for (const [what, broken] of [
      ['767 numbers', new Float32Array(767)],
      ['769 numbers', new Float32Array(769)],
      ['no number', new Float32Array(0)],
      ['NaN in the first place', Float32Array.from({ length: 768 }, (_, i) => (i === 0 ? Number.NaN : 0))],
      ['Infinity in the last place', Float32Array.from({ length: 768 }, (_, i) => (i === 767 ? Infinity : 0))],
      ['-Infinity', Float32Array.from({ length: 768 }, (_, i) => (i === 400 ? -Infinity : 0))],
    ] as const) {
      it(`a vector with ${what} refuses the whole upsert and nothing is written`, async () => {
        await store.upsert([point(1, axis(1))]);
        const batch = [point(2, axis(2)), point(1, axis(9)), point(3, broken), point(4, axis(4))];
        await assert.rejects(store.upsert(batch), (error) => isFrostbyteError(error, 'DIMENSION_MISMATCH'));
        assert.equal(await store.count(), 1);
        assert.equal((await store.read([chunk(1)])).get(chunk(1))![1], 1);
        await assert.rejects(store.search(broken, { limit: 1 }), (error) =>
          isFrostbyteError(error, 'DIMENSION_MISMATCH'),
        );
      });
    }

    it('upserting twice is the same as once, and a later upsert replaces vector and payload', async () => {
      const first = [point(1, axis(1)), point(2, axis(2))];
      await store.upsert(first);
      await store.upsert(first);
      assert.equal(await store.count(), 2);
      await store.upsert([point(1, axis(5), { classification: 'contract', doc_id: doc(9) })]);
      assert.equal(await store.count(), 2);
      const hits = await store.search(axis(5), {
        limit: 1,
        filter: { classification: ['contract'], doc_ids: [doc(9)] },
      });
      assert.deepEqual(hits, [{ chunk_id: chunk(1), doc_id: doc(9), score: 1 }]);
    });

    it('an upsert of nothing does nothing', async () => {
      await store.upsert([]);
      assert.equal(await store.count(), 0);
    });

    for (const approximate of [false, true]) {
      const how = approximate ? 'approximate' : 'exact';

      it(`${how}: hits come best first with their cosine`, async () => {
        await store.upsert([point(1, axis(0, 0.5)), point(2, axis(0)), point(3, axis(0, 2)), point(4, axis(7))]);
        const hits = await store.search(axis(0), { limit: 3, approximate });
        assert.deepEqual(
          hits.map((hit) => hit.chunk_id),
          [chunk(2), chunk(1), chunk(3)],
        );
        const expected = [1, 1 / Math.sqrt(1.25), 1 / Math.sqrt(5)];
        for (const [n, hit] of hits.entries()) assert.ok(Math.abs(hit.score - expected[n]!) < 1e-6);
        const opposite = await store.search(
          axis(7).map((x) => -x),
          { limit: 9, approximate },
        );
        assert.equal(opposite.at(-1)!.chunk_id, chunk(4));
        assert.ok(Math.abs(opposite.at(-1)!.score + 1) < 1e-6);
      });

      it(`${how}: equal scores are ordered by chunk id, also where the limit cuts`, async () => {
        const order = [5, 3, 9, 1, 7];
        await store.upsert(order.map((n) => point(n, axis(3))));
        assert.deepEqual(await ids(axis(3), { limit: 3, approximate }), [1, 3, 5].map(chunk));
        assert.deepEqual(await ids(axis(3), { limit: 9, approximate }), [1, 3, 5, 7, 9].map(chunk));
      });

      it(`${how}: filters act inside the search, so that far matches are still found`, async () => {
        const near = Array.from({ length: 40 }, (_, n) => point(n, axis(0, n / 100)));
        const far = [
          point(100, axis(9), { classification: 'contract', doc_id: doc(1), ingested_at: '2026-03-01T00:00:00.000Z' }),
          point(101, axis(10), { classification: 'invoice', doc_id: doc(2), ingested_at: '2026-03-02T00:00:00.000Z' }),
        ];
        await store.upsert([...near, ...far]);
        const found = (filter: NonNullable<Parameters<VectorStore['search']>[1]['filter']>) =>
          ids(axis(0), { limit: 2, filter, approximate });
        assert.deepEqual(await found({ classification: ['contract'] }), [chunk(100)]);
        assert.deepEqual(await found({ classification: ['contract', 'invoice'] }), [chunk(100), chunk(101)]);
        assert.deepEqual(await found({ doc_ids: [doc(2)] }), [chunk(101)]);
        assert.deepEqual(await found({ doc_ids: [doc(2), doc(1)], classification: ['contract'] }), [chunk(100)]);
        assert.deepEqual(await found({ classification: ['SOP'] }), []);
        assert.deepEqual(await found({ date_range: { start: '2026-03-02T00:00:00.000Z' } }), [chunk(101)]);
        assert.deepEqual(
          await found({ date_range: { start: '2026-03-01T00:00:00.000Z', end: '2026-03-01T00:00:00.000Z' } }),
          [chunk(100)],
        );
        assert.deepEqual(await found({ date_range: { end: '2025-12-31T23:59:59.999Z' } }), []);
        assert.deepEqual(await found({}), [chunk(0), chunk(1)]);
      });

      it(`${how}: a filter list without an entry lets nothing through`, async () => {
        await store.upsert([point(1, axis(1))]);
        assert.deepEqual(await ids(axis(1), { limit: 1, filter: { doc_ids: [] }, approximate }), []);
        assert.deepEqual(await ids(axis(1), { limit: 1, filter: { classification: [] }, approximate }), []);
      });

      it(`${how}: an all-zero vector is at a right angle to everything`, async () => {
        await store.upsert([
          point(1, new Float32Array(768)),
          point(2, axis(1)),
          point(
            3,
            axis(1).map((x) => -x),
          ),
        ]);
        const hits = await store.search(axis(1), { limit: 3, approximate });
        assert.deepEqual(
          hits.map((hit) => [hit.chunk_id, hit.score]),
          [
            [chunk(2), 1],
            [chunk(1), 0],
            [chunk(3), -1],
          ],
        );
      });

      it(`${how}: what is removed is found no more and what comes later is`, async () => {
        await store.upsert([point(1, axis(1)), point(2, axis(1, 0.1)), point(3, axis(1, 0.2))]);
        assert.deepEqual(await ids(axis(1), { limit: 2, approximate }), [chunk(1), chunk(2)]);
        await store.remove([chunk(1), chunk(77)]);
        assert.deepEqual(await ids(axis(1), { limit: 2, approximate }), [chunk(2), chunk(3)]);
        await store.upsert([point(4, axis(1), { classification: 'policy' })]);
        assert.deepEqual(await ids(axis(1), { limit: 2, approximate }), [chunk(4), chunk(2)]);
        assert.deepEqual(await ids(axis(1), { limit: 2, approximate, filter: { classification: ['policy'] } }), [
          chunk(4),
        ]);
      });

      it(`${how}: another client of the same index sees each change at its next call`, async () => {
        const other = await harness.again();
        try {
          await store.upsert([point(1, axis(1)), point(2, axis(2))]);
          const seen = async () => (await other.search(axis(1), { limit: 1, approximate })).map((hit) => hit.chunk_id);
          assert.deepEqual(await seen(), [chunk(1)]);
          await store.upsert([point(1, axis(3)), point(5, axis(1))]);
          assert.deepEqual(await seen(), [chunk(5)]);
          await store.remove([chunk(5)]);
          assert.notDeepEqual(await seen(), [chunk(5)]);
          await other.upsert([point(6, axis(1))]);
          assert.deepEqual(await ids(axis(1), { limit: 1, approximate }), [chunk(6)]);
        } finally {
          await other.close();
        }
      });
    }

    it('removing a document takes its points but those to keep, and names them', async () => {
      await store.upsert([
        point(1, axis(1), { doc_id: doc(1) }),
        point(2, axis(2), { doc_id: doc(1) }),
        point(3, axis(3), { doc_id: doc(1) }),
        point(4, axis(4), { doc_id: doc(2) }),
      ]);
      assert.deepEqual((await store.removeDocument(doc(1), new Set([chunk(2), chunk(4)]))).sort(), [
        chunk(1),
        chunk(3),
      ]);
      assert.deepEqual([...(await store.read([1, 2, 3, 4].map(chunk))).keys()].sort(), [chunk(2), chunk(4)]);
      assert.deepEqual([await store.countDocument(doc(1)), await store.countDocument(doc(2))], [1, 1]);
      assert.deepEqual(await store.removeDocument(doc(1)), [chunk(2)]);
      assert.equal(await store.countDocument(doc(1)), 0);
      assert.equal(await store.scrub(), true);
      assert.deepEqual(await store.removeDocument(doc(1)), []);
      assert.equal(await store.count(), 1);
    });

    it('clearing takes every point and leaves an index that works', async () => {
      await store.clear();
      await store.upsert(randomVectors(1100, 4).map((vector, n) => point(n, vector)));
      assert.equal((await store.search(axis(1), { limit: 3, approximate: true })).length, 3);
      await store.clear();
      assert.equal(await store.count(), 0);
      for (const approximate of [false, true])
        assert.deepEqual(await store.search(axis(1), { limit: 3, approximate }), []);
      assert.equal(await store.scrub(), true);
      await store.upsert([point(1, axis(1))]);
      assert.deepEqual(await ids(axis(1), { limit: 3, approximate: true }), [chunk(1)]);
      await store.clear();
      assert.equal(await store.count(), 0);
    });

    it('count and usage follow the points', async () => {
      await store.upsert(randomVectors(30, 3).map((vector, n) => point(n, vector)));
      assert.equal(await store.count(), 30);
      const usage = await store.usage();
      assert.equal(usage.objects, 30);
      assert.ok(usage.bytes >= 30 * 768 * 4);
    });

    it('limits below one find nothing and limits beyond the points find all', async () => {
      await store.upsert([point(1, axis(1)), point(2, axis(2))]);
      assert.deepEqual(await store.search(axis(1), { limit: 0 }), []);
      assert.equal((await store.search(axis(1), { limit: 5000 })).length, 2);
    });

    for (const [what, vectors] of [
      ['random', randomVectors(3000, 11)],
      ['clustered', clusteredVectors(3000, 30, 12)],
    ] as const) {
      it(`approximate search reaches a recall of .95 on ${what} vectors`, async () => {
        await store.upsert(vectors.map((vector, n) => point(n, vector)));
        let found = 0;
        let wanted = 0;
        for (const query of what === 'random' ? randomVectors(12, 99) : clusteredVectors(12, 30, 12, 99)) {
          for (const limit of [10, 50]) {
            const exact = await ids(query, { limit });
            const near = new Set(await ids(query, { limit, approximate: true }));
            assert.equal(exact.length, limit);
            wanted += limit;
            found += exact.filter((id) => near.has(id)).length;
          }
        }
        assert.ok(found / wanted >= 0.95, `recall ${found / wanted}`);
      });
    }

    it('exact search agrees with a plain scan in memory', async () => {
      const vectors = clusteredVectors(400, 10, 5);
      await store.upsert(vectors.map((vector, n) => point(n, vector)));
      const query = clusteredVectors(1, 10, 5, 77)[0]!;
      const dot = (a: Float32Array) => a.reduce((sum, x, i) => sum + x * query[i]!, 0);
      const expected = vectors
        .map((vector, n) => ({ id: chunk(n), score: dot(vector) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 20);
      const hits = await store.search(query, { limit: 20 });
      assert.deepEqual(
        hits.map((hit) => hit.chunk_id),
        expected.map((hit) => hit.id),
      );
      for (const [n, hit] of hits.entries()) assert.ok(Math.abs(hit.score - expected[n]!.score) < 1e-5);
    });

    it('a closed index says that it is unavailable, and closing twice is no error', async () => {
      await store.close();
      await store.close();
      await assert.rejects(store.count(), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
      await assert.rejects(store.check(), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
    });
  });
}
