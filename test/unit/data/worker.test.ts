import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayOutbox } from '../../../appliance/data/outbox.ts';
import { type ErrorCode, FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { RETRY_WAITS, WORK_STAGES, type WorkStage } from '../../../appliance/kernel/pipeline.ts';
import { arrival, idOf, job, receiveOne } from '../../contract/record/builders.ts';
import { receiveFor, workerWorld } from '../../support/worker-world.ts';

const fail = (code: ErrorCode, kind?: 'later' | 'never' | 'fault' | 'caller') => {
  throw new FrostbyteError(code, `told ${code}`, kind ? { kind } : {});
};
const types = async (records: { pendingEvents(limit: number): Promise<{ event: { event_type: string } }[]> }) =>
  (await records.pendingEvents(1000)).map(({ event }) => event.event_type);

test('a document goes through its stages in order, is indexed, and its batch is settled', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  await records.receive(
    arrival('b1', [
      { file_id: 'a', content: 'one' },
      { file_id: 'b', content: 'two' },
    ]),
  );
  await world.until(async () => (await records.batch('b1'))!.status === 'completed');
  for (const content of ['one', 'two']) {
    assert.deepEqual(
      world.ran.filter(({ doc }) => doc === idOf(content)).map(({ stage }) => stage),
      [...WORK_STAGES],
    );
    assert.equal((await records.document(idOf(content)))!.state, 'indexed');
  }
  assert.deepEqual(await queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
  const report = (await records.report('b1')) as { final: boolean; summary: { total_chunks_indexed: number } };
  assert.deepEqual([report.final, report.summary.total_chunks_indexed], [true, 2]);
  assert.equal((await types(records)).filter((type) => type === 'BATCH_COMPLETED').length, 1);
});

for (const stage of WORK_STAGES) {
  test(`${stage}: what may pass is tried again after ${RETRY_WAITS[stage].map((ms) => `${ms / 1000} s`).join(', ')}, then it is a dead letter`, async (t) => {
    const world = await workerWorld(t);
    const { records, queue } = world.planes[0]!;
    world.behave[stage] = () => fail('STORE_UNAVAILABLE');
    const id = await receiveOne(records, 'one');
    const tries = () => world.ran.filter((run) => run.stage === stage).length;
    for (const [n, wait] of RETRY_WAITS[stage].entries()) {
      await world.until(async () => tries() === n + 1 && (await queue.nextDue([stage])) === wait);
      const { error, state } = (await records.document(id))!;
      assert.deepEqual([error!.code, error!.retry_count, state], ['STORE_UNAVAILABLE', n, 'processing']);
      world.clock.advance(wait - 1);
      assert.equal(await queue.claim([stage], 'probe', 1000), null, 'not a millisecond early');
      world.clock.advance(1);
    }
    await world.until(async () => (await records.document(id))!.state !== 'processing');
    assert.equal(tries(), RETRY_WAITS[stage].length + 1);
    const document = (await records.document(id))!;
    assert.equal(document.state, `${stage}_failed`);
    assert.equal(document.stages[stage], 'failed');
    assert.equal(document.quarantine_reason, stage === 'policy' ? 'GATE_UNAVAILABLE' : null);
    const { rows } = await records.deadLetters({ limit: 10 });
    assert.deepEqual(
      rows.map((row) => [row.stage, row.resource_id, row.retry_count, row.error.code, row.status]),
      [[stage, id, RETRY_WAITS[stage].length, 'STORE_UNAVAILABLE', 'pending_review']],
    );
    const waited = RETRY_WAITS[stage].reduce((sum, wait) => sum + wait, 0);
    const [letter] = rows;
    assert.equal(Date.parse(letter!.last_attempt_at) - Date.parse(letter!.first_attempt_at), waited);
    assert.equal((await records.batch('batch-one'))!.status, 'completed', 'the batch does not wait for ever');
  });
}

for (const [what, code, kind] of [
  ['what can never work', 'FILE_CORRUPTED', undefined],
  ['the sender’s mistake', 'UNSUPPORTED_FORMAT', undefined],
  ['a kind that says never', 'INTERNAL_ERROR', 'never'],
] as const) {
  test(`${what} is final at once`, async (t) => {
    const world = await workerWorld(t);
    const { records } = world.planes[0]!;
    world.behave.parse = () => fail(code, kind);
    const id = await receiveOne(records, 'one');
    await world.until(async () => (await records.document(id))!.state === 'parse_failed');
    assert.equal(world.ran.length, 1);
    assert.equal((await records.deadLetters({ limit: 10 })).total, 1);
    assert.ok((await types(records)).includes('DOCUMENT_PARSE_FAILED'));
  });
}

test('a failure that is not ours is tried again, and its words never leave the process', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  world.behave.parse = () => {
    throw new Error('CANARY text of the document');
  };
  const id = await receiveOne(records, 'one');
  await world.until(async () => (await queue.nextDue(['parse'])) === RETRY_WAITS.parse[0]);
  const { error } = (await records.document(id))!;
  assert.equal(error!.code, 'INTERNAL_ERROR');
  assert.doesNotMatch(JSON.stringify(error), /CANARY/);
});

test('a run that is tried again has a first attempt of its own', async (t) => {
  const world = await workerWorld(t);
  const { records } = world.planes[0]!;
  world.behave.parse = () => fail('FILE_CORRUPTED');
  const id = await receiveOne(records, 'one');
  await world.until(async () => (await records.document(id))!.state === 'parse_failed');
  world.clock.advance(60_000);
  const began = world.clock.iso();
  await records.restart(id, 'parse', [], began);
  await world.until(async () => (await records.deadLetters({ limit: 5 })).total === 2);
  assert.equal((await records.deadLetters({ limit: 1 })).rows[0]!.first_attempt_at, began);
});

test('a document that recovers keeps no failure', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  world.behave.embed = (_context, attempt) => (attempt === 1 ? fail('EMBEDDER_UNAVAILABLE') : undefined);
  const id = await receiveOne(records, 'one');
  await world.until(async () => (await queue.nextDue(['embed'])) === RETRY_WAITS.embed[0]);
  world.clock.advance(RETRY_WAITS.embed[0]!);
  await world.until(async () => (await records.document(id))!.state === 'indexed');
  assert.equal((await records.deadLetters({ limit: 1 })).total, 0);
});

test('a stale job is dropped without running anything', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  const id = await receiveOne(records, 'one');
  await queue.add([job(id, 'embed'), job(id, 'parse', 7), job('doc_0000000000000000', 'parse')]);
  await world.until(
    async () =>
      (await records.document(id))!.state === 'indexed' && Object.values(await queue.depth()).every((n) => n === 0),
  );
  assert.deepEqual(
    world.ran.map(({ stage }) => stage),
    [...WORK_STAGES],
  );
});

test('a result that was overtaken changes nothing', async (t) => {
  const world = await workerWorld(t);
  const { records } = world.planes[0]!;
  const id = await receiveOne(records, 'one');
  world.behave.parse = async (_context, attempt) => {
    if (attempt === 1) await records.restart(id, 'parse', [], world.clock.iso());
    return undefined;
  };
  await world.until(async () => (await records.document(id))!.state === 'indexed');
  const document = (await records.document(id))!;
  assert.equal(document.run, 2);
  assert.equal(world.ran.filter(({ stage }) => stage === 'policy').length, 1, 'the first run went no further');
});

test('work that a later run has overtaken is given up within moments, and the later run is the one that counts', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const { records, queue } = plane;
  const removed = watched(plane);
  const id = await receiveOne(records, 'one');
  let givenUp: unknown = null;
  world.behave.parse = ({ signal, document }, attempt) => {
    if (attempt > 1) return undefined;
    assert.equal(document.run, 1);
    // Never ends by itself. What was asked for meanwhile waits behind it: one job at a time.
    return records.restart(id, 'parse', [], world.clock.iso()).then(
      () =>
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => {
            givenUp = signal.reason;
            reject(signal.reason);
          }),
        ),
    );
  };
  await world.until(async () => (await records.document(id))!.state === 'indexed');
  assert.match(String(givenUp), /overtaken/);
  const { run, served, error } = (await records.document(id))!;
  assert.deepEqual([run, served?.run, error], [2, 2, null]);
  assert.equal(world.ran.filter(({ stage }) => stage === 'parse').length, 2, 'the first run’s job did not come again');
  assert.deepEqual(await queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
  assert.equal((await records.deadLetters({ limit: 1 })).total, 0);
  assert.deepEqual(removed, [], 'a document at work keeps its vectors');
});

test('work that was overtaken by a run which has ended leaves no vectors of its own', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const { records } = plane;
  const removed = watched(plane);
  const id = await receiveOne(records, 'one');
  world.behave.index = async ({ signal }) => {
    await records.restart(id, 'policy', [], world.clock.iso());
    const end = { job: job(id, 'policy', 2), patch: {}, entries: [], at: world.clock.iso() };
    await records.finishStage({ ...end, outcome: 'quarantined' });
    return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  await world.until(async () => Object.values(await plane.queue.depth()).every((n) => n === 0) && removed.length > 0);
  assert.deepEqual(removed, [id]);
});

test('the kill-switch: no job of a suspended tenant is taken, its depth is frozen, the others go on', async (t) => {
  const world = await workerWorld(t, ['acme', 'globex']);
  const [acme, globex] = world.planes as [(typeof world.planes)[0], (typeof world.planes)[0]];
  world.suspended.add('acme');
  const id = await receiveFor(acme, 'one');
  const other = await receiveFor(globex, 'two');
  await acme.queue.add([job(id, 'parse')]);
  await world.until(async () => (await globex.records.document(other))!.state === 'indexed');
  assert.ok(world.ran.every(({ tenant }) => tenant === 'globex'));
  assert.equal((await acme.queue.depth()).parse, 1);
  world.suspended.clear();
  await world.until(async () => (await acme.records.document(id))!.state === 'indexed');
});

/** A stage that waits until it is told to stop. */
const untilAborted = (started: () => void) => (context: { signal: AbortSignal }) =>
  new Promise<never>((_, reject) => {
    started();
    context.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });

test('work in flight of a suspended tenant ends with its drain, and the job goes back untouched', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  let running = false;
  world.behave.parse = untilAborted(() => {
    running = true;
    world.suspended.add('acme');
  });
  const id = await receiveOne(records, 'one');
  let released = false;
  await world.until(async () => {
    const next = running ? await queue.nextDue(['parse']) : null;
    released ||= next === 0;
    return released;
  });
  const document = (await records.document(id))!;
  assert.equal(document.state, 'processing');
  assert.equal((await records.deadLetters({ limit: 1 })).total, 0);
  const claim = await queue.claim(['parse'], 'next', 1000);
  assert.deepEqual([claim!.failures, claim!.deliveries], [0, 1], 'it counts as never handed out');
});

test('a worker that is stopped gives its job back at once and takes no other', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  let running = false;
  world.behave.parse = untilAborted(() => {
    running = true;
  });
  await receiveOne(records, 'one');
  await receiveOne(records, 'two');
  await world.until(() => running);
  assert.equal(world.ran.length, 1);
  assert.equal(await queue.nextDue(['parse']), 0);
  assert.equal((await queue.depth()).parse, 2);
});

test('vectors of the wrong size halt the tenant’s embedding and nothing else', async (t) => {
  const world = await workerWorld(t, ['acme', 'globex']);
  const [acme, globex] = world.planes as [(typeof world.planes)[0], (typeof world.planes)[0]];
  world.behave.embed = ({ plane }) => (plane.tenant_id === 'acme' ? fail('DIMENSION_MISMATCH') : undefined);
  const first = await receiveFor(acme, 'one');
  const second = await receiveFor(acme, 'two');
  const other = await receiveFor(globex, 'three');
  await world.until(
    async () =>
      (await globex.records.document(other))!.state === 'indexed' &&
      (await acme.queue.depth()).embed === 1 &&
      (await acme.queue.depth()).policy === 0,
  );
  const states = await Promise.all([first, second].map(async (id) => (await acme.records.document(id))!.state));
  assert.deepEqual(states.sort(), ['embed_failed', 'processing']);
  assert.equal(
    world.ran.filter(({ tenant, stage }) => tenant === 'acme' && stage === 'embed').length,
    1,
    'no retry, and no second document',
  );
  const letter = (await acme.records.deadLetters({ limit: 1 })).rows[0]!;
  assert.equal(letter.error.code, 'DIMENSION_MISMATCH');

  delete world.behave.embed;
  const late = await receiveFor(acme, 'four');
  await world.until(async () => (await acme.records.document(late))!.current_stage === 'embed', { name: 'another' });
  assert.equal((await acme.queue.depth()).embed, 2, 'the halt outlives the worker that met it');

  await acme.records.resolveDeadLetter({
    dlq_entry_id: letter.dlq_entry_id,
    status: 'resolved',
    resolution: 'reprocessed',
    restart: 'embed',
    entries: [],
    at: world.clock.iso(),
  });
  await relayOutbox(acme);
  const all = async () =>
    Promise.all([first, second, late].map(async (id) => (await acme.records.document(id))!.state));
  await world.until(async () => (await all()).every((state) => state === 'indexed'));
});

test('tenants take turns: a long queue does not starve a short one', async (t) => {
  const world = await workerWorld(t, ['acme', 'globex']);
  const [acme, globex] = world.planes as [(typeof world.planes)[0], (typeof world.planes)[0]];
  for (let i = 0; i < 6; i++) await receiveFor(acme, `long ${i}`);
  const last = await receiveFor(globex, 'short');
  await world.until(async () => (await globex.records.document(last))!.state === 'indexed');
  const before = world.ran.slice(
    0,
    world.ran.findIndex(({ tenant, stage }) => tenant === 'globex' && stage === 'index') + 1,
  );
  assert.ok(
    before.filter(({ tenant }) => tenant === 'acme').length <= 5,
    before.map(({ tenant, stage }) => `${tenant} ${stage}`).join(', '),
  );
});

test('not more jobs run at a time than allowed', async (t) => {
  const world = await workerWorld(t);
  const { records } = world.planes[0]!;
  let now = 0;
  let most = 0;
  for (const stage of WORK_STAGES) {
    world.behave[stage as WorkStage] = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return undefined;
    };
  }
  for (let i = 0; i < 8; i++) await receiveOne(records, `doc ${i}`);
  await world.until(async () => (await records.documents({ limit: 10, state: 'indexed' })).total === 8, {
    concurrency: 3,
  });
  assert.equal(most, 3);
});

test('a document that kills its workers again and again is given up', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  const id = await receiveOne(records, 'one');
  await queue.add([job(id, 'parse')]);
  for (let i = 0; i < 30; i++) {
    assert.ok(await queue.claim(['parse'], `dead ${i}`, 10));
    world.clock.advance(11);
  }
  await world.until(async () => (await records.document(id))!.state === 'parse_failed');
  assert.deepEqual(world.ran, []);
  assert.equal((await records.document(id))!.error!.code, 'WORKER_LOST');
});

test('a store that is away costs a document no attempt, however long it stays so', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const { records, queue } = plane;
  const id = await receiveOne(records, 'one');
  plane.objects.check = () => Promise.reject(new FrostbyteError('STORE_UNAVAILABLE', 'away'));
  const failures: number[] = [];
  const claim = queue.claim.bind(queue);
  queue.claim = async (...asked) => {
    const claimed = await claim(...asked);
    if (claimed?.stage === 'policy') failures.push(claimed.failures);
    return claimed;
  };
  // More often than a document may fail; each time by another worker, which does not rest yet.
  world.behave.policy = () => fail('STORE_UNAVAILABLE');
  for (let n = 1; n <= RETRY_WAITS.policy.length + 2; n++) await world.until(async () => failures.length === n);
  plane.objects.check = async () => undefined;
  delete world.behave.policy;
  await world.until(async () => (await records.document(id))!.state === 'indexed');
  assert.deepEqual([...new Set(failures)], [0]);
});

test('a tenant whose queue is broken does not keep the others from being served', async (t) => {
  const world = await workerWorld(t, ['acme', 'globex']);
  const [acme, globex] = world.planes as [(typeof world.planes)[0], (typeof world.planes)[0]];
  await receiveFor(acme, 'one');
  const other = await receiveFor(globex, 'two');
  acme.queue.claim = () => Promise.reject(new FrostbyteError('STORE_UNAVAILABLE', 'gone'));
  await world.until(async () => (await globex.records.document(other))!.state === 'indexed');
});

test('a call to wake while the worker looks elsewhere is not lost', async (t) => {
  const world = await workerWorld(t);
  const { records } = world.planes[0]!;
  let id = '';
  const worker = world.worker({
    idleMs: 60_000,
    planes: async () => {
      // The job comes after this round has looked, and the call before it goes to sleep.
      if (id === '') {
        id = await receiveOne(records, 'one');
        worker.wake();
        return [];
      }
      return world.planes;
    },
  });
  const running = worker.run();
  const deadline = Date.now() + 5000;
  while ((id === '' || (await records.document(id))!.state !== 'indexed') && Date.now() < deadline)
    await new Promise((resolve) => setImmediate(resolve));
  await worker.stop();
  await running;
  assert.equal((await records.document(id))!.state, 'indexed');
});

test('work on a document whose job was taken away ends at once, counts for nothing and is not tried again', async (t) => {
  const world = await workerWorld(t);
  const { records, queue } = world.planes[0]!;
  const id = await receiveOne(records, 'one');
  let aborted = false;
  world.behave.parse = ({ signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(signal.reason);
      }),
    );
  let held = 1;
  await world.until(async () => {
    if (world.ran.length === 0) return false;
    if (held > 0) held = await queue.withdraw(id);
    return held === 0;
  });
  assert.equal(aborted, true);
  assert.equal(await queue.has(job(id, 'parse').job_id), false);
  const { state, error, stages } = (await records.document(id))!;
  assert.deepEqual([state, error, stages.parse], ['processing', null, 'processing']);
});

/** Counts what the worker asks of the vector store. */
function watched(plane: { vectors: { removeDocument(id: string): Promise<string[]> } }): string[] {
  const removed: string[] = [];
  plane.vectors.removeDocument = async (id) => {
    removed.push(id);
    return [];
  };
  return removed;
}

test('what policy gives up loses its vectors before its rows', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const removed = watched(plane);
  const id = await receiveOne(plane.records, 'one');
  await world.until(async () => (await plane.records.document(id))!.state === 'indexed');
  world.behave.policy = () => fail('CONFIG_INVALID');
  const failStage = plane.records.failStage;
  plane.records.failStage = async (failure) => {
    assert.deepEqual(removed, [id]);
    assert.equal((await plane.records.searchText({ text: 'text', limit: 1 })).length, 1);
    return failStage(failure);
  };
  await plane.records.restart(id, 'policy', [], world.clock.iso());
  await world.until(async () => (await plane.records.document(id))!.state === 'policy_failed');
  assert.deepEqual(await plane.records.searchText({ text: 'text', limit: 1 }), []);
});

test('a run that was overtaken while it wrote has its vectors put right before its job goes', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const { records } = plane;
  const removed = watched(plane);
  const id = await receiveOne(records, 'one');
  world.behave.index = async (_context, attempt) => {
    if (attempt > 1) return undefined;
    // Another run comes, and policy stops it: nothing of the document is served.
    await records.restart(id, 'policy', [], world.clock.iso());
    const end = { job: job(id, 'policy', 2), patch: {}, entries: [], at: world.clock.iso() };
    await records.finishStage({ ...end, outcome: 'quarantined' });
    return undefined;
  };
  const finish = plane.queue.finish.bind(plane.queue);
  plane.queue.finish = async (claim) => {
    if (claim.stage === 'index') assert.deepEqual(removed, [id]);
    return finish(claim);
  };
  await world.until(async () => removed.length > 0 && Object.values(await plane.queue.depth()).every((n) => n === 0));
  assert.equal((await records.document(id))!.state, 'quarantined');
});

test('a stale job whose worker died is looked after, one that never ran is only dropped', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  const { records, queue } = plane;
  const removed = watched(plane);
  const id = await receiveOne(records, 'one');
  await queue.add([job(id, 'index', 7)]);
  await world.until(async () => (await records.document(id))!.state === 'indexed' && (await queue.depth()).index === 0);
  assert.deepEqual(removed, []);
  await records.restart(id, 'policy', [], world.clock.iso());
  const end = { job: job(id, 'policy', 2), patch: {}, entries: [], at: world.clock.iso() };
  await records.finishStage({ ...end, outcome: 'quarantined' });
  await queue.add([job(id, 'index', 7)]);
  await queue.claim(['index'], 'dead', 10);
  world.clock.advance(11);
  await world.until(async () => (await queue.depth()).index === 0);
  assert.deepEqual(removed, [id], 'what it left of another version goes');
});

test('a document that keeps failing leaves its queue, even where its vectors cannot be put back', async (t) => {
  const world = await workerWorld(t);
  const plane = world.planes[0]!;
  world.behave.parse = () => fail('FILE_CORRUPTED');
  plane.vectors.removeDocument = () => fail('OBJECT_MISSING');
  const id = await receiveOne(plane.records, 'one');
  await world.until(
    async () => (await plane.queue.depth()).parse === 0 && (await plane.records.document(id))!.state === 'parse_failed',
  );
});
