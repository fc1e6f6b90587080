import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { carryErasures } from '../../../../appliance/data/erasure/carry-erasures.ts';
import { type EraseRequest, eraseDocument } from '../../../../appliance/data/erasure/erase-document.ts';
import { sweepExpired } from '../../../../appliance/data/erasure/sweep-expired.ts';
import { relayOutbox } from '../../../../appliance/data/outbox.ts';
import type { DataPlane } from '../../../../appliance/data/plane.ts';
import type { HoldScope } from '../../../../appliance/kernel/holds.ts';
import { newId } from '../../../../appliance/kernel/ids.ts';
import { WORK_STAGES } from '../../../../appliance/kernel/pipeline.ts';
import { arrival, chunksOf, publish, TENANT, toIndex } from '../../../contract/record/builders.ts';
import { smallPlane } from '../../../support/faults/small-plane.ts';

const DAY_MS = 86_400_000;

interface World {
  plane: DataPlane;
  /** Holds that control would answer, one after the other; the last one stays. */
  answers: HoldScope[][];
  /** An indexed document with objects under every prefix and vectors. */
  document(text: string, batch?: string): Promise<string>;
  /** Keys of all objects. */
  keys(): Promise<string[]>;
  advance(ms: number): void;
}

async function world(t: TestContext): Promise<World> {
  const small = await smallPlane();
  t.after(() => small.end());
  const answers: HoldScope[][] = [[]];
  const holds = async () => (answers.length > 1 ? answers.shift()! : answers[0]!);
  const plane = { ...small.plane, holds };
  const { records, vectors, objects } = plane;
  return {
    plane,
    answers,
    async document(text, batch = `batch-${text}`) {
      const [id] = await small.receive(batch, [text]);
      const { run } = (await records.document(id!))!;
      await toIndex(records, id!, run);
      await publish(records, id!, [{ text }, { text: `${text} again` }], { run });
      const { chunks } = chunksOf(id!, [{ text }, { text: `${text} again` }]);
      const vector = new Float32Array(768).fill(1 / Math.sqrt(768));
      const point = { vector, classification: 'contract', page: 1, ingested_at: plane.clock.iso() };
      await vectors.upsert(chunks.map(({ chunk_id, doc_id }) => ({ ...point, chunk_id, doc_id })));
      for (const kind of ['structured.json', 'originals/b.json'])
        await objects.put(`normalized/${TENANT}/${id}/${'a'.repeat(64)}/${kind}`, Buffer.from(text));
      await objects.put(`quarantine/${TENANT}/${id}/${'a'.repeat(64)}`, Buffer.from(text));
      await objects.put(`exports/${TENANT}/${id}/page-1.png`, Buffer.from(text));
      return id!;
    },
    async keys() {
      const keys: string[] = [];
      for await (const { key } of objects.list('')) keys.push(key);
      return keys;
    },
    advance: (ms) => small.clock.advance(ms),
  };
}

const request = (doc_id: string): EraseRequest => ({ doc_id, cause: 'request', reason: 'r', requested_by: 'dana' });
const types = async ({ records }: DataPlane) =>
  (await records.pendingEvents(1000)).map(({ event }) => event.event_type);
const HELD = { code: 'INVALID_STATE_TRANSITION' };

test('a document goes from every store, the neighbour stays, and the receipt says what went and was looked at', async (t) => {
  const { plane, document, keys } = await world(t);
  const id = await document('frozen');
  const neighbour = await document('warm');
  const receipt = await eraseDocument(plane, request(id));
  assert.equal(receipt.status, 'completed');
  assert.deepEqual(receipt.inventory, { objects: 5, object_bytes: 5 * 6, vectors: 2 });
  assert.deepEqual(receipt.removed, { chunks: 2, dead_letters: 0, jobs: 4, receipts: 1, manifests: 1, reports: 0 });
  assert.deepEqual(receipt.verified.toSorted(), [
    'dead_letters',
    'full_text',
    'journals',
    'objects',
    'queue',
    'rows',
    'vectors',
  ]);
  assert.deepEqual(
    (await keys()).filter((key) => key.includes(id)),
    [],
  );
  assert.equal((await keys()).filter((key) => key.includes(neighbour)).length, 5);
  assert.equal(await plane.vectors.count(), 2);
  assert.equal((await plane.records.document(neighbour))?.state, 'indexed');
  const [deleted] = (await plane.records.pendingEvents(1000)).filter(
    ({ event }) => event.event_type === 'DOCUMENT_DELETED',
  );
  assert.deepEqual(
    { ...deleted!.event.details, pipeline_version: '' },
    {
      component: 'control-plane',
      pipeline_version: '',
      status: 'success',
      deletion_receipt_id: receipt.deletion_receipt_id,
      cause: 'request',
      reason: 'r',
      objects: 5,
      vectors: 2,
      chunks: 2,
      dead_letters: 0,
      emptied_batches: ['batch-frozen'],
    },
  );
  assert.equal((await plane.records.batch('batch-frozen'))?.status, 'completed', 'its batch has nothing to wait for');
  await assert.rejects(eraseDocument(plane, request(id)), {
    code: 'RESOURCE_NOT_FOUND',
    details: [
      {
        field: 'deletion_receipt_id',
        value: receipt.deletion_receipt_id,
        constraint: 'the receipt of its erasure',
      },
    ],
  });
  await assert.rejects(eraseDocument(plane, request('doc_0000000000000000')), {
    code: 'RESOURCE_NOT_FOUND',
    details: [],
  });
});

test('a held document stays, whether the hold was there before or came in between', async (t) => {
  const { plane, answers, document, keys } = await world(t);
  const id = await document('frozen');
  const before = [await plane.records.document(id), await keys(), await types(plane)];
  for (const said of [[['batch']], [[], ['document', 'tenant']]] as HoldScope[][][]) {
    answers.splice(0, answers.length, ...said);
    await assert.rejects(eraseDocument(plane, request(id)), {
      ...HELD,
      details: said.at(-1)!.map((value) => ({ field: 'hold', value, constraint: 'blocks the erasure' })),
    });
    assert.deepEqual([await plane.records.document(id), await keys(), await types(plane)], before);
  }
});

test('where nobody can say whether it is held, nothing is erased, and the intent is carried on later', async (t) => {
  const { plane, document, keys } = await world(t);
  const id = await document('frozen');
  const before = await keys();
  const silent = { ...plane, holds: () => Promise.reject(new Error('control is away')) };
  await assert.rejects(eraseDocument(silent, request(id)), /away/);
  assert.notEqual(await plane.records.document(id), null);

  await plane.records.beginErasure({ ...request(id), deletion_receipt_id: newId(), requested_at: plane.clock.iso() });
  await carryErasures(silent);
  assert.deepEqual(await keys(), before);
  assert.equal(await plane.records.document(id), null, 'it is not shown meanwhile');
  await carryErasures(plane);
  assert.equal((await plane.records.erasures({ limit: 1 })).rows[0]?.status, 'completed');
});

test('an intent that a crash left before a hold was set is taken back', async (t) => {
  const { plane, answers, document } = await world(t);
  const id = await document('frozen');
  await plane.records.beginErasure({ ...request(id), deletion_receipt_id: newId(), requested_at: plane.clock.iso() });
  answers.splice(0, 1, ['document']);
  await carryErasures(plane);
  assert.equal((await plane.records.document(id))?.state, 'indexed');
});

test('it waits for a worker that is at the document, and goes on once that one lets go', async (t) => {
  const { plane, keys } = await world(t);
  const text = 'in flight';
  const batch = arrival('b1', [{ file_id: 'f', content: text }]);
  await plane.records.receive(batch);
  const [{ receipt }] = batch.files as [(typeof batch.files)[number]];
  const id = receipt.doc_id!;
  await relayOutbox(plane);
  const claim = (await plane.queue.claim(WORK_STAGES, 'w', 60_000))!;
  await plane.records.startStage(claim, plane.clock.iso());
  const late = `normalized/${TENANT}/${id}/${'b'.repeat(64)}/structured.json`;

  const waiting = await eraseDocument(plane, request(id), 0);
  assert.equal(waiting.status, 'pending');
  assert.equal(await plane.queue.isHeld(claim), false, 'the worker is told');
  await plane.objects.put(late, Buffer.from(text));
  const erased = eraseDocument(plane, request(id));
  await plane.queue.release(claim);
  assert.equal((await erased).deletion_receipt_id, waiting.deletion_receipt_id);
  assert.equal((await erased).status, 'completed');
  assert.deepEqual(await keys(), [], 'what it wrote last went too');
  assert.deepEqual(await plane.queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
});

test('every step can be the last before a crash: the next round ends the same, and tells it once', async (t) => {
  const { plane, document, keys } = await world(t);
  const steps = ['beginErasure', 'decideErasure', 'noteInventory', 'clearRows', 'completeErasure'] as const;
  for (const step of steps) {
    const id = await document(`frozen ${step}`);
    const dies = { ...plane.records, [step]: () => Promise.reject(new Error(step)) };
    const after = {
      ...plane.records,
      [step]: async (...args: never[]) => {
        await (plane.records[step] as (...all: never[]) => Promise<unknown>)(...args);
        throw new Error(step);
      },
    };
    await assert.rejects(eraseDocument({ ...plane, records: dies }, request(id)));
    await eraseDocument({ ...plane, records: after }, request(id)).catch(() => undefined);
    await carryErasures(plane);
    const [receipt] = (await plane.records.erasures({ doc_id: id, limit: 9 })).rows;
    assert.deepEqual([step, receipt?.status, receipt?.removed.chunks], [step, 'completed', 2]);
    assert.equal(receipt?.inventory?.objects, 5);
    const told = (await plane.records.pendingEvents(1000)).filter(
      ({ event }) => event.event_type === 'DOCUMENT_DELETED' && event.resource_id === id,
    );
    assert.equal(told.length, 1, step);
  }
  for (const store of ['objects', 'vectors'] as const) {
    const id = await document(`frozen ${store}`);
    const broken = {
      ...plane,
      [store]: new Proxy(plane[store], {
        get: (target, name) =>
          /^(?:delete|removeDocument)$/.test(String(name))
            ? () => Promise.reject(new Error('disk'))
            : Reflect.get(target, name).bind(target),
      }),
    };
    await assert.rejects(eraseDocument(broken, request(id)), /disk/);
    await carryErasures(plane);
    assert.equal((await plane.records.erasures({ doc_id: id, limit: 1 })).rows[0]?.status, 'completed');
  }
  assert.deepEqual(await keys(), []);
  assert.equal(await plane.vectors.count(), 0);
});

test('what a worker writes behind an erasure is found and deleted; a document that came again keeps its own', async (t) => {
  const { plane, document, keys, advance } = await world(t);
  const id = await document('frozen');
  await eraseDocument(plane, request(id));
  const late = `normalized/${TENANT}/${id}/${'b'.repeat(64)}/structured.json`;
  await plane.objects.put(late, Buffer.from('late'));
  await carryErasures(plane);
  assert.deepEqual(await keys(), [late], 'not at once: a moment later it would be found again');
  advance(16 * 60_000);
  await carryErasures(plane);
  assert.deepEqual(await keys(), []);
  assert.deepEqual(await plane.records.unsettledErasures('9999', 9), []);

  const other = await document('second');
  await eraseDocument(plane, request(other));
  await document('second', 'batch-again');
  const own = await keys();
  advance(16 * 60_000);
  await carryErasures(plane);
  assert.deepEqual(await keys(), own);
});

test('documents whose time is over go with the reason; held ones and those with time left stay', async (t) => {
  const { plane, document, advance } = await world(t);
  const ids = [await document('one'), await document('two')];
  const keptBy = new Map<string, HoldScope[]>([[ids[0]!, ['batch']]]);
  const asked = { ...plane, holds: async (docId: string) => keptBy.get(docId) ?? [] };
  assert.equal(await sweepExpired(asked), 0);
  // The contract's builders keep a document for fifty million minutes.
  advance(50_000_001 * 60_000 + DAY_MS);
  assert.equal(await sweepExpired(asked), 1);
  assert.equal((await plane.records.document(ids[0]!))?.state, 'indexed');
  assert.equal(await plane.records.document(ids[1]!), null);
  const [receipt] = (await plane.records.erasures({ limit: 9 })).rows;
  assert.deepEqual([receipt?.cause, receipt?.requested_by, receipt?.doc_id], ['retention', 'system', ids[1]]);
  const told = (await types(plane)).slice(-3);
  assert.deepEqual(told, ['RETENTION_EXPIRED', 'DOCUMENT_DELETED', 'BATCH_COMPLETED']);
  assert.equal(await sweepExpired(asked), 0);
  keptBy.clear();
  assert.equal(await sweepExpired(asked), 1, 'the hold was lifted');
});

test('a round of the sweep that is over its time goes on where it stopped', async (t) => {
  const { plane, document, advance } = await world(t);
  for (const text of ['one', 'two', 'three']) await document(text);
  advance(50_000_001 * 60_000 + DAY_MS);
  assert.equal(await sweepExpired(plane, { roundMs: -1 }), 0, 'no time at all');
  const held = { ...plane, holds: async () => ['tenant'] as HoldScope[] };
  assert.equal(await sweepExpired(held), 0);
  assert.equal(await sweepExpired(plane), 3);
});

test('the sweep begins with no further documents once its tenant is suspended', async (t) => {
  const { plane, document, advance } = await world(t);
  for (let n = 0; n < 11; n++) await document(`number ${n}`);
  advance(50_000_001 * 60_000 + DAY_MS);
  const went = async () => (await plane.records.erasures({ limit: 9 })).total;
  let looks = 0;
  assert.equal(await sweepExpired(plane, { halted: () => ++looks > 1 }), 8, 'those that it had begun with');
  assert.equal(await went(), 8);
  assert.equal(await sweepExpired(plane, { halted: () => true }), 0);
  assert.equal(await sweepExpired(plane), 3, 'it was resumed');
});

test('a document that cannot be erased now keeps the sweep from no other; stores that are away end the round', async (t) => {
  const { plane, document, advance } = await world(t);
  const ids = [];
  for (const text of ['one', 'two', 'three', 'four', 'five']) ids.push(await document(text));
  advance(50_000_001 * 60_000 + DAY_MS);
  const away = { ...plane, holds: () => Promise.reject(new Error('control is away')) };
  await assert.rejects(sweepExpired(away), /away/);
  const first = ids.toSorted()[0]!;
  const broken = {
    ...plane,
    vectors: new Proxy(plane.vectors, {
      get: (target, name) => {
        const verb = Reflect.get(target, name).bind(target);
        if (name !== 'removeDocument') return verb;
        return (id: string) => (id === first ? Promise.reject(new Error('disk')) : verb(id));
      },
    }),
  };
  // The round that broke off had come past two of them; this one and the next come past all.
  assert.equal((await sweepExpired(broken)) + (await sweepExpired(broken)), 4);
  assert.deepEqual(
    (await plane.records.pendingErasures(null, 9)).map(({ doc_id }) => doc_id),
    [first],
  );
  await carryErasures(plane);
  assert.equal(
    (await plane.records.erasures({ limit: 9 })).rows.filter(({ status }) => status === 'completed').length,
    5,
  );
});

test('by a clock that is not trusted no time is over, and neither by one that the host has set right again', async (t) => {
  const { plane, document, advance } = await world(t);
  await document('one');
  advance(50_000_001 * 60_000 + DAY_MS);
  assert.equal(await sweepExpired(plane, { isClockTrusted: async () => false }), 0);
  await assert.rejects(
    sweepExpired(plane, { isClockTrusted: () => Promise.reject(new Error('control is away')) }),
    /away/,
  );
  const setRight = { ...plane, clock: { ...plane.clock, host: () => 0 } };
  assert.equal(await sweepExpired(setRight), 0);
  assert.equal(await sweepExpired(plane), 1);
});
