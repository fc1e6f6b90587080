import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { type FrostbyteError, isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { WORK_STAGES } from '../../appliance/kernel/pipeline.ts';
import { type ClaimedJob, type Job, type JobQueue, jobId } from '../../appliance/stores/queue/port.ts';
import { openRedisQueue, type RedisQueueOptions } from '../../appliance/stores/queue/redis.ts';
import { selfSigned } from '../support/certificate.ts';
import { until } from '../support/faults/until.ts';
import { type Line, lineTo } from '../support/line.ts';
import { type RedisTenant, redisTenant } from '../support/redis-tenant.ts';
import { stackMissing } from '../support/stack.ts';
import { tlsLine } from '../support/tls-line.ts';

const LEASE = 30_000;
const unavailable = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');

describe('queue: Redis when Redis fails', { skip: stackMissing() ?? false }, () => {
  let tenant: RedisTenant;
  let line: Line;
  const opened: JobQueue[] = [];
  before(async () => {
    tenant = await redisTenant();
  });
  after(() => tenant.end());
  beforeEach(async () => {
    await tenant.empty();
    line = await lineTo(tenant.address);
  });
  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
    await line.close();
  });

  function open(more: Partial<RedisQueueOptions> = {}): JobQueue {
    const address = { ...tenant.address, host: line.host, port: line.port };
    const queue = openRedisQueue({ address, prefix: `${tenant.prefix}:queue`, leaseMs: LEASE, ...more });
    opened.push(queue);
    return queue;
  }
  const claim = (queue: JobQueue) => queue.claim(WORK_STAGES, 'worker', LEASE);

  it('gives each job to exactly one of several openers', async () => {
    const jobs = Array.from({ length: 120 }, (_, n) => job(n));
    await open().add(jobs);
    const takeAll = async (queue: JobQueue) => {
      const taken: string[] = [];
      for (let next = await claim(queue); next !== null; next = await claim(queue)) {
        taken.push(next.job_id);
        assert.equal(await queue.finish(next), true);
      }
      return taken;
    };
    const taken = await Promise.all([open(), open(), open(), open()].map(takeAll));
    assert.ok(taken.filter((some) => some.length > 0).length > 1, 'more than one had work');
    assert.deepEqual(taken.flat().toSorted(), jobs.map((each) => each.job_id).toSorted());
  });

  it('keeps no key of a job that is over', async () => {
    const queue = open();
    await queue.add([job(1), job(2), job(3), job(4, 'index')]);
    await queue.finish((await claim(queue))!);
    await queue.retry((await claim(queue))!, 0);
    await queue.removeDocument(job(2).doc_id);
    const held = (await claim(queue))!;
    await queue.withdraw(held.doc_id);
    await queue.release(held);
    await queue.finish((await claim(queue))!);
    assert.deepEqual(await queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
    assert.deepEqual(
      (await tenant.keys()).filter((key) => key.includes('doc_')),
      [],
    );
  });

  it('loses everything and goes on: claims are lost, jobs can be made again, scripts come back', async () => {
    const queue = open();
    await queue.add([job(1), job(2)]);
    const lost = (await claim(queue))!;
    await tenant.empty();
    await tenant.admin.call('SCRIPT', 'FLUSH');
    assert.equal(await queue.isHeld(lost), false);
    assert.equal(await queue.extend(lost, LEASE), false);
    assert.equal(await queue.retry(lost, 0), false);
    assert.equal(await queue.release(lost), false);
    assert.equal(await queue.finish(lost), false);
    assert.equal(await queue.has(lost.job_id), false);
    assert.equal(await queue.nextDue(WORK_STAGES), null);
    await queue.add([job(1)]);
    assert.equal((await claim(queue))?.deliveries, 1);
    assert.equal(await queue.withdraw(job(1).doc_id), 1);
  });

  it('comes back by itself when the server does', async () => {
    const queue = open();
    await queue.add([job(1), job(2)]);
    await line.cut();
    await tenant.admin.call('SCRIPT', 'FLUSH');
    // It fails where it was sent before the break was noticed, and waits for the connection otherwise.
    const waiting = claim(queue).catch((error: unknown) => {
      assert.ok(unavailable(error));
      return claim(queue);
    });
    await line.mend();
    assert.equal((await waiting)?.job_id, job(1).job_id);
    assert.equal((await claim(queue))?.job_id, job(2).job_id);
    assert.equal(line.connections(), 2);
  });

  it('a call that was on its way when the connection broke says so, and the next one goes through', async () => {
    const queue = open();
    await queue.add([job(1)]);
    line.hold();
    const onItsWay = assert.rejects(queue.has(job(1).job_id), unavailable);
    await line.cut();
    line.release();
    await onItsWay;
    await line.mend();
    assert.equal(await queue.has(job(1).job_id), true);
  });

  it('a server that hangs is given up after a bounded time, and used again when it answers', async () => {
    const queue = open({ commandTimeoutMs: 150 });
    await queue.add([job(1)]);
    line.hold();
    for (const call of [() => claim(queue), () => queue.check(), () => queue.add([job(2)]), () => queue.depth()])
      await assert.rejects(call(), unavailable);
    await assert.rejects(queue.depth(), unavailable);
    await assert.rejects(
      queue.depth(),
      (error) => unavailable(error) && (error as FrostbyteError).retryAfter !== undefined,
      'after several failures it is left alone',
    );
    line.release();
    await until(
      'an answer',
      () =>
        queue.check().then(
          () => true,
          () => false,
        ),
      { seconds: 10 },
    );
    // The claim that nobody heard the answer of may have been carried out: then its lease runs.
    assert.equal(await queue.has(job(1).job_id), true);
  });

  it('a server that is away: calls wait as long and as many as they may, then fail', async () => {
    const queue = open({ patienceMs: 400, mostWaiting: 3 });
    await queue.check();
    await line.cut();
    const begun = performance.now();
    const failure = () =>
      queue.check().then(
        () => assert.fail('it answered'),
        (error: unknown) => ({ known: unavailable(error), ms: performance.now() - begun }),
      );
    await failure();
    const failures = await Promise.all([1, 2, 3, 4, 5].map(failure));
    assert.ok(failures.every(({ known }) => known));
    const [third, fourth] = [failures[2]!.ms, failures[3]!.ms];
    assert.ok(third - fourth > 200, `the fourth does not wait: ${third} and ${fourth} ms`);
    await line.mend();
    await until('the connection', async () => (await queue.check().catch(() => 'away')) !== 'away', { seconds: 10 });
  });

  it('opens while the server is away', async () => {
    await line.cut();
    const queue = open({ patienceMs: 5000 });
    const added = queue.add([job(1)]);
    await line.mend();
    await added;
    assert.equal((await claim(queue))?.job_id, job(1).job_id);
  });

  it('a wait that a clock set back would make endless is cut short', async () => {
    const queue = open();
    await queue.add([job(1)]);
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 48 * 3_600_000 });
    try {
      await queue.retry((await claim(queue))!, 60_000);
      assert.equal(await claim(queue), null);
      mock.timers.reset();
      assert.equal((await claim(queue))?.failures, 1);
    } finally {
      mock.timers.reset();
    }
  });

  it('a job that was withdrawn while it was given back does not come again', async () => {
    const queue = open();
    await queue.add([job(1), job(2)]);
    const held = (await claim(queue))!;
    await queue.withdraw(held.doc_id);
    // What a worker leaves that asked whether its claim stands just before.
    const keys = `${tenant.prefix}:queue:parse`;
    await tenant.admin
      .multi()
      .del(`${keys}:${held.job_id}:lock`)
      .lrem(`${keys}:active`, 1, held.job_id)
      .rpush(`${keys}:wait`, held.job_id)
      .exec();
    assert.equal((await claim(queue))?.job_id, job(2).job_id);
    assert.equal(await queue.has(held.job_id), false);
  });

  it('a wrong password, and a user that was deleted, are unavailability; a foreign key is a breach', async () => {
    const address = { ...tenant.address, password: 'wrong' };
    await assert.rejects(claim(open({ address })), unavailable);
    await assert.rejects(open({ prefix: 'tenant:another:queue' }).add([job(1)]), (error) =>
      isFrostbyteError(error, 'ISOLATION_VIOLATED'),
    );
    await assert.rejects(claim(open({ prefix: 'tenant:another:queue' })), (error) =>
      isFrostbyteError(error, 'ISOLATION_VIOLATED'),
    );
    const other = await redisTenant();
    const queue = openRedisQueue({ address: other.address, prefix: `${other.prefix}:queue` });
    opened.push(queue);
    await queue.check();
    await other.end();
    await assert.rejects(queue.check(), unavailable);
  });

  it('over TLS the server is believed by the authority that was given, and by no other', async () => {
    const certificate = selfSigned();
    const secure = await tlsLine(certificate, { target: tenant.address });
    try {
      const at = { ...tenant.address, host: secure.host, port: secure.port };
      await open({ address: { ...at, tls: { ca: certificate.cert } } }).add([job(1)]);
      assert.equal((await claim(open()))?.job_id, job(1).job_id);
      await assert.rejects(open({ address: { ...at, tls: {} }, patienceMs: 300 }).check(), unavailable);
    } finally {
      secure.close();
    }
  });

  it('a closed queue says that it is unavailable, and closing twice is no error', async () => {
    const queue = open();
    await queue.close();
    await queue.close();
    await assert.rejects(queue.check(), unavailable);
    await assert.rejects(claim(queue), unavailable);
  });

  it('a lease of another length is kept to', async () => {
    const queue = open();
    await queue.add([job(1)]);
    const held = (await queue.claim(WORK_STAGES, 'worker', 5_000)) as ClaimedJob;
    assert.ok((await queue.nextDue(WORK_STAGES))! <= 5_000);
    assert.equal(await queue.extend(held, 90_000), true);
    assert.ok((await queue.nextDue(WORK_STAGES))! > LEASE);
  });
});

function job(number: number, stage: Job['stage'] = 'parse', run = 1): Job {
  const doc_id = `doc_${number.toString(16).padStart(16, '0')}`;
  return { job_id: jobId(doc_id, run, stage), stage, doc_id, run };
}
