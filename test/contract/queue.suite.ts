import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WORK_STAGES, type WorkStage } from '../../appliance/kernel/pipeline.ts';
import { type ClaimedJob, type Job, type JobQueue, jobId, lossesOf } from '../../appliance/stores/queue/port.ts';

export interface QueueWorld {
  queue: JobQueue;
  /** The same queue as another process sees it. */
  another(): Promise<JobQueue>;
  /** Moves the time that the queue goes by. */
  advance(ms: number): void | Promise<void>;
  end(): Promise<void>;
}

const LEASE = 30_000;

/** What every queue does, whatever it is made of. `make` gives an empty one. */
export function queueContract(name: string, make: () => Promise<QueueWorld>): void {
  const using = (work: (queue: JobQueue, world: QueueWorld) => Promise<void>) => async () => {
    const world = await make();
    try {
      await work(world.queue, world);
    } finally {
      await world.end();
    }
  };
  const claim = (queue: JobQueue, ...stages: WorkStage[]) =>
    queue.claim(stages.length === 0 ? WORK_STAGES : stages, 'worker', LEASE);

  describe(`queue: ${name}`, () => {
    it(
      'hands jobs out in the order they were added, each to one worker',
      using(async (queue, world) => {
        const jobs = [1, 2, 3].map((n) => job(n));
        await queue.add(jobs);
        const other = await world.another();
        const claims = [await claim(queue), await claim(other), await claim(queue)];
        assert.deepEqual(
          claims.map((each) => each?.job_id),
          jobs.map((each) => each.job_id),
        );
        assert.equal(await claim(other), null);
        await other.close();
      }),
    );

    it(
      'hands out what was added, with its counts',
      using(async (queue) => {
        await queue.add([job(1, 'embed', 4)]);
        const { lease, ...claimed } = (await claim(queue))!;
        assert.equal(typeof lease, 'string');
        assert.deepEqual(claimed, { ...job(1, 'embed', 4), failures: 0, deliveries: 1 });
      }),
    );

    it(
      'leaves a job that is there as it is, waiting or claimed',
      using(async (queue) => {
        await queue.add([job(1), job(1)]);
        await queue.add([job(1)]);
        const claimed = await claim(queue);
        await queue.add([job(1)]);
        assert.equal(await claim(queue), null);
        assert.equal(await queue.finish(claimed!), true);
        await queue.add([job(1)]);
        assert.equal((await claim(queue))?.deliveries, 1);
      }),
    );

    it(
      'gives only jobs of the stages asked for',
      using(async (queue) => {
        await queue.add([job(1, 'parse'), job(2, 'policy'), job(3, 'index')]);
        assert.equal((await claim(queue, 'index'))?.stage, 'index');
        assert.equal(await claim(queue, 'index', 'embed'), null);
        assert.equal((await claim(queue, 'policy', 'embed'))?.stage, 'policy');
        assert.equal(await claim(queue, 'policy'), null);
        assert.equal((await claim(queue))?.stage, 'parse');
      }),
    );

    it(
      'takes the oldest of several stages first',
      using(async (queue, world) => {
        for (const [n, stage] of (['index', 'parse', 'embed'] as const).entries()) {
          await queue.add([job(n, stage)]);
          await world.advance(1);
        }
        const stages = [await claim(queue), await claim(queue), await claim(queue)].map((each) => each?.stage);
        assert.deepEqual(stages, ['index', 'parse', 'embed']);
      }),
    );

    it(
      'has a job until it is finished, and then no more',
      using(async (queue) => {
        await queue.add([job(1)]);
        assert.equal(await queue.has(job(1).job_id), true);
        const claimed = await claim(queue);
        assert.equal(await queue.has(job(1).job_id), true);
        assert.equal(await queue.finish(claimed!), true);
        assert.equal(await queue.has(job(1).job_id), false);
        assert.equal(await queue.finish(claimed!), false);
      }),
    );

    it(
      'gives the job of a dead worker to another, and tells the first that it lost it',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        const dead = await claim(queue);
        await world.advance(LEASE - 1);
        assert.equal(await claim(queue), null);
        await world.advance(2);
        const next = await claim(queue);
        assert.equal(next?.job_id, dead?.job_id);
        assert.notEqual(next?.lease, dead?.lease);
        assert.deepEqual([next?.failures, next?.deliveries], [0, 2]);
        assert.equal(await queue.extend(dead!, LEASE), false);
        assert.equal(await queue.retry(dead!, 0), false);
        assert.equal(await queue.release(dead!), false);
        assert.equal(await queue.finish(dead!), false);
        assert.equal(await queue.finish(next!), true);
      }),
    );

    it(
      'keeps a job with a worker that prolongs its lease',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        const claimed = await claim(queue);
        for (let n = 0; n < 5; n++) {
          await world.advance(LEASE - 1000);
          assert.equal(await queue.extend(claimed!, LEASE), true);
          assert.equal(await claim(queue), null);
        }
        assert.equal(await queue.finish(claimed!), true);
      }),
    );

    it(
      'brings a failed job back after its wait, with the failure counted',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        assert.equal(await queue.retry((await claim(queue))!, 10_000), true);
        assert.equal(await claim(queue), null);
        assert.equal(await queue.nextDue(WORK_STAGES), 10_000);
        await world.advance(9_999);
        assert.equal(await claim(queue), null);
        await world.advance(1);
        const again = await claim(queue);
        assert.deepEqual([again?.failures, again?.deliveries], [1, 2]);
      }),
    );

    it(
      'lets later jobs pass one that waits',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        await queue.retry((await claim(queue))!, 5000);
        await queue.add([job(2)]);
        await world.advance(5000);
        assert.equal((await claim(queue))?.job_id, job(2).job_id);
        assert.equal((await claim(queue))?.job_id, job(1).job_id);
      }),
    );

    it(
      'takes a released job back untouched, in its old place',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        await world.advance(10);
        await queue.add([job(2)]);
        const claimed = await claim(queue);
        assert.equal(await queue.release(claimed!), true);
        const again = await claim(queue);
        assert.equal(again?.job_id, job(1).job_id);
        assert.deepEqual([again?.failures, again?.deliveries], [0, 1]);
        assert.equal(await queue.release(claimed!), false);
      }),
    );

    it(
      'gives the jobs of a worker known to be dead back at once, and only those',
      using(async (queue, world) => {
        await queue.add([job(1), job(2), job(3)]);
        const dead = [await queue.claim(WORK_STAGES, 'dead', LEASE), await queue.claim(WORK_STAGES, 'dead', LEASE)];
        const alive = await queue.claim(WORK_STAGES, 'alive', LEASE);
        assert.deepEqual((await queue.holders()).toSorted(), ['alive', 'dead']);
        const other = await world.another();
        assert.equal(await other.releaseWorker('dead'), 2);
        assert.equal(await other.releaseWorker('dead'), 0);
        assert.equal(await other.releaseWorker('nobody'), 0);
        assert.deepEqual(await queue.holders(), ['alive']);
        for (const lost of dead) assert.equal(await queue.finish(lost!), false);
        assert.equal(await queue.finish(alive!), true);
        const again = [await claim(other), await claim(other)];
        assert.deepEqual(
          again.map((each) => [each?.job_id, each?.failures, each?.deliveries]),
          [
            [job(1).job_id, 0, 2],
            [job(2).job_id, 0, 2],
          ],
        );
        await other.close();
      }),
    );

    it(
      'names no holder of a job that was finished, given back, or failed',
      using(async (queue) => {
        await queue.add([job(1), job(2), job(3)]);
        await queue.finish((await queue.claim(WORK_STAGES, 'a', LEASE))!);
        await queue.retry((await queue.claim(WORK_STAGES, 'b', LEASE))!, 0);
        await queue.release((await queue.claim(WORK_STAGES, 'c', LEASE))!);
        assert.deepEqual(await queue.holders(), []);
      }),
    );

    it(
      'lets a job rest, longer each time, once it was lost with several workers',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        const rests: (number | null)[] = [];
        for (let n = 1; n <= 5; n++) {
          await queue.claim(WORK_STAGES, `worker ${n}`, LEASE);
          await queue.releaseWorker(`worker ${n}`);
          const rest = await queue.nextDue(WORK_STAGES);
          rests.push(rest);
          await world.advance(rest ?? 0);
        }
        assert.deepEqual(rests, [0, 0, 500, 1000, 2000]);
        const claimed = (await claim(queue))!;
        assert.equal(lossesOf(claimed), 5);
        await queue.release(claimed);
        assert.equal(lossesOf((await claim(queue))!), 5);
      }),
    );

    it(
      'removes the jobs of a document, claimed ones too, and no others',
      using(async (queue) => {
        await queue.add([job(1, 'parse'), job(1, 'policy'), job(2, 'parse')]);
        const claimed = await claim(queue, 'parse');
        await queue.removeDocument(job(1).doc_id);
        assert.equal(await queue.finish(claimed!), false);
        assert.deepEqual(await queue.depth(), { parse: 1, policy: 0, embed: 0, index: 0 });
        await queue.removeDocument('doc_ffffffffffffffff');
      }),
    );

    it(
      'takes a document’s jobs away: waiting ones at once, held ones when their worker lets go',
      using(async (queue, world) => {
        await queue.add([job(1), job(1, 'index'), job(2), job(1, 'embed')]);
        const held = (await claim(queue, 'parse'))!;
        const other = await world.another();
        assert.deepEqual([await queue.isHeld(held), await other.isHeld(held)], [true, true]);
        assert.equal(await other.withdraw(held.doc_id), 1);
        assert.equal(await queue.isHeld(held), false);
        assert.equal(await queue.extend(held, LEASE), false);
        assert.deepEqual(await queue.depth(), { parse: 2, policy: 0, embed: 0, index: 0 });
        assert.equal(await other.withdraw(held.doc_id), 1, 'as long as it is held');
        assert.equal(await queue.release(held), false);
        assert.equal(await other.withdraw(held.doc_id), 0);
        assert.equal(await queue.has(held.job_id), false, 'it does not come back');
        assert.deepEqual(await queue.depth(), { parse: 1, policy: 0, embed: 0, index: 0 });
        await other.close();
      }),
    );

    for (const [end, letGo] of [
      ['finished', (queue, held) => queue.finish(held)],
      ['tried again', (queue, held) => queue.retry(held, 0)],
      ['given back by the dead', (queue) => queue.releaseWorker('worker')],
    ] as [string, (queue: JobQueue, held: ClaimedJob) => Promise<unknown>][]) {
      it(
        `a withdrawn job that is ${end} is gone`,
        using(async (queue) => {
          await queue.add([job(1)]);
          const held = (await claim(queue))!;
          await queue.withdraw(held.doc_id);
          await letGo(queue, held);
          assert.equal(await queue.has(held.job_id), false);
          assert.equal(await queue.withdraw(held.doc_id), 0);
        }),
      );
    }

    it(
      'a withdrawn job goes with its lease, where its worker never says a word',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        const held = (await claim(queue))!;
        assert.equal(await queue.withdraw(held.doc_id), 1);
        await world.advance(LEASE);
        assert.equal(await queue.withdraw(held.doc_id), 0);
        assert.equal(await queue.isHeld(held), false);
        assert.equal(await queue.withdraw('doc_ffffffffffffffff'), 0);
      }),
    );

    it(
      'knows a claim that another took over',
      using(async (queue, world) => {
        await queue.add([job(1)]);
        const first = (await claim(queue))!;
        await world.advance(LEASE);
        assert.equal(await queue.isHeld(first), true, 'nobody took it yet');
        const second = (await claim(queue))!;
        assert.deepEqual([await queue.isHeld(first), await queue.isHeld(second)], [false, true]);
      }),
    );

    it(
      'counts what waits and what is claimed, per stage',
      using(async (queue) => {
        assert.deepEqual(await queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
        await queue.add([job(1), job(2), job(3, 'embed')]);
        await claim(queue, 'parse');
        assert.deepEqual(await queue.depth(), { parse: 2, policy: 0, embed: 1, index: 0 });
      }),
    );

    it(
      'knows when the next job is due',
      using(async (queue, world) => {
        assert.equal(await queue.nextDue(WORK_STAGES), null);
        await queue.add([job(1)]);
        assert.equal(await queue.nextDue(['parse']), 0);
        assert.equal(await queue.nextDue(['index']), null);
        await world.advance(1000);
        assert.equal(await queue.nextDue(['parse']), 0);
        await claim(queue);
        const left = (await queue.nextDue(['parse']))!;
        assert.ok(left <= LEASE && left > LEASE - 5000, 'a lease may run in the server’s own time');
      }),
    );

    it(
      'keeps its jobs for who opens it later',
      using(async (queue, world) => {
        await queue.add([job(1), job(2)]);
        const claimed = await claim(queue);
        const later = await world.another();
        assert.equal(await later.has(job(2).job_id), true);
        assert.equal(await later.finish(claimed!), true);
        await later.close();
        assert.equal(await queue.has(job(1).job_id), false);
      }),
    );

    it(
      'takes nothing well',
      using(async (queue) => {
        await queue.add([]);
        assert.equal(await claim(queue), null);
        assert.equal(await queue.claim([], 'worker', LEASE), null);
        await queue.check();
      }),
    );
  });
}

function job(number: number, stage: WorkStage = 'parse', run = 1): Job {
  const doc_id = `doc_${number.toString(16).padStart(16, '0')}`;
  return { job_id: jobId(doc_id, run, stage), stage, doc_id, run };
}
