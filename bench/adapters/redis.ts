import { Redis } from 'ioredis';
import { newId } from '../../appliance/kernel/ids.ts';
import { WORK_STAGES } from '../../appliance/kernel/pipeline.ts';
import { openRedisLimiter } from '../../appliance/stores/limits/redis.ts';
import { type ClaimedJob, type Job, jobId } from '../../appliance/stores/queue/port.ts';
import { LOOK, STANDS, STRIKE } from '../../appliance/stores/queue/redis/scripts.ts';
import { complete, JOB_OPTIONS, openStageQueue, takeNext } from '../../appliance/stores/queue/redis/stage-queue.ts';
import { openRedisQueue } from '../../appliance/stores/queue/redis.ts';
import { run, script } from '../../appliance/stores/redis/script.ts';
import { redisTenant } from '../../test/support/redis-tenant.ts';
import { stackMissing } from '../../test/support/stack.ts';
import { HEADING, sideBySide } from './side-by-side.ts';

const LEASE = 60_000;
const COUNT = script('count', "return redis.call('HINCRBY', KEYS[1], 'tokens', 1)");

/**
 * Verbs of the queue and the limits beside their requests sent by hand, one after the other: the same scripts of ours,
 * and BullMQ's own calls.
 */
export async function measureRedis(): Promise<string[]> {
  const missing = stackMissing();
  if (missing !== null) return [`Redis: left out, ${missing}`];
  const tenant = await redisTenant();
  const prefix = `${tenant.prefix}:queue`;
  const queue = openRedisQueue({ address: tenant.address, prefix, leaseMs: LEASE });
  const { host, port } = tenant.address;
  const limiter = openRedisLimiter({
    address: { host, port, password: tenant.admin.options.password! },
    prefix: tenant.prefix,
    perMinute: { ingest: 1e9, upload: 1, query: 1, admin: 1, audit: 1 },
  });
  const plain = new Redis({ ...tenant.address, enableReadyCheck: false });
  const bare = openStageQueue('parse', plain, prefix, LEASE);
  const looked = WORK_STAGES.flatMap((stage) =>
    ['wait', 'delayed', 'active'].map((list) => `${prefix}:${stage}:${list}`),
  );
  let number = 0;
  const next = (): Job => {
    const doc_id = `doc_${(number++).toString(16).padStart(16, '0')}`;
    return { job_id: jobId(doc_id, 1, 'parse'), stage: 'parse', doc_id, run: 1 };
  };
  let held: ClaimedJob | null = null;
  const claim = async () => {
    held = await queue.claim(WORK_STAGES, 'bench', LEASE);
  };
  const oneWaits = async () => {
    await tenant.empty();
    await queue.add([next()]);
  };
  const oneHeld = async () => {
    await oneWaits();
    await claim();
  };
  const keysOf = ({ job_id }: ClaimedJob) => ['', ':lock'].map((end) => `${prefix}:parse:${job_id}${end}`);
  const stands = () => run(plain, STANDS, [...keysOf(held!), `${prefix}:parse:active`], [held!.lease, held!.job_id, 0]);
  try {
    return [
      'Redis: the queue as a tenant’s user, and the shared limits',
      HEADING,
      await sideBySide(
        'limits: take',
        () => limiter.take('ingest', 'acme'),
        () => run(plain, COUNT, [`${tenant.prefix}:count`], []),
      ),
      await sideBySide(
        'queue: add',
        () => queue.add([next()]),
        async () => {
          const { job_id, ...data } = next();
          await plain.sadd(`${prefix}:documents:${data.doc_id}`, job_id);
          await bare.addBulk([{ name: 'parse', data, opts: { ...JOB_OPTIONS, jobId: job_id } }]);
          await plain.sadd(`${prefix}:documents:${data.doc_id}`, job_id);
        },
        () => tenant.empty(),
      ),
      await sideBySide(
        'queue: claim',
        claim,
        async () => {
          await run(plain, LOOK, looked, []);
          await takeNext(bare, `${newId()}@bench`);
        },
        oneWaits,
      ),
      await sideBySide(
        'queue: claim, nothing there',
        claim,
        () => run(plain, LOOK, looked, []),
        () => tenant.empty(),
      ),
      await sideBySide('queue: isHeld', () => queue.isHeld(held!), stands, oneHeld),
      await sideBySide(
        'queue: extend',
        () => queue.extend(held!, LEASE),
        async () => {
          await stands();
          await bare.getBackend().extendLock(held!.job_id, held!.lease, LEASE);
        },
        oneHeld,
      ),
      await sideBySide(
        'queue: finish',
        () => queue.finish(held!),
        async () => {
          await complete(bare, held!.job_id, held!.lease);
          await run(plain, STRIKE, [`${prefix}:documents:${held!.doc_id}`, keysOf(held!)[0]!], [held!.job_id]);
        },
        oneHeld,
      ),
    ];
  } finally {
    await bare.close();
    plain.disconnect();
    await queue.close();
    await limiter.close();
    await tenant.end();
  }
}
