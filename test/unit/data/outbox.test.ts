import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refillQueue, relayOutbox, sweepJobs } from '../../../appliance/data/outbox.ts';
import { arrival, failed, idOf, indexed, receiveOne } from '../../contract/record/builders.ts';
import { workerWorld } from '../../support/worker-world.ts';

test('jobs that were committed reach the queue once, however often they are relayed', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await receiveOne(plane.records, 'one');
  await receiveOne(plane.records, 'two');
  assert.equal(await relayOutbox(plane), 2);
  assert.equal(await relayOutbox(plane), 0);
  assert.equal((await plane.queue.depth()).parse, 2);
});

test('a relay that dies between queue and outbox does nothing twice', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await receiveOne(plane.records, 'one');
  const broken = {
    queue: plane.queue,
    records: {
      ...plane.records,
      outbox: (n: number) => plane.records.outbox(n),
      clearOutbox: () => Promise.reject(new Error('killed')),
    },
  };
  await assert.rejects(relayOutbox(broken as never));
  assert.equal(await relayOutbox(plane), 1);
  assert.equal((await plane.queue.depth()).parse, 1);
});

test('a queue that lost everything gets the job of every unfinished document again, and of no other', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await indexed(plane.records, 'done', [{ text: 'x' }]);
  await failed(plane.records, 'broken');
  const open = await receiveOne(plane.records, 'open');
  await plane.records.clearOutbox((await plane.records.outbox(100)).map(({ job_id }) => job_id));
  assert.equal(await sweepJobs(plane), 1);
  assert.equal(await sweepJobs(plane), 1);
  const claim = await plane.queue.claim(['parse', 'policy', 'embed', 'index'], 'w', 1000);
  assert.deepEqual([claim!.doc_id, claim!.stage], [open, 'parse']);
  assert.equal(await plane.queue.claim(['parse', 'policy', 'embed', 'index'], 'w', 1000), null);
});

test('an empty queue is filled again at once while documents are unfinished; one with work, or about to get some, is left alone', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  assert.equal(await refillQueue(plane), 0);
  await receiveOne(plane.records, 'one');
  const two = await receiveOne(plane.records, 'two');
  assert.equal(await refillQueue(plane), 0, 'both are in the outbox');
  await plane.records.clearOutbox((await plane.records.outbox(100)).map(({ job_id }) => job_id));
  assert.equal(await refillQueue(plane), 2);
  await plane.queue.removeDocument(two);
  assert.equal(await refillQueue(plane), 0, 'the other is still there');
});

test('a sweep walks more documents than it reads at once', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const specs = Array.from({ length: 1201 }, (_, i) => ({ file_id: `f${i}`, content: `content ${i}` }));
  await plane.records.receive(arrival('large', specs));
  assert.equal(await sweepJobs(plane), 1201);
  assert.equal((await plane.queue.depth()).parse, 1201);
  assert.ok(await plane.queue.has(`${idOf('content 0')}.1.parse`));
});
