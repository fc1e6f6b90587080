import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReprocessAnswer } from '../../../appliance/api/schemas/reprocess.ts';
import type { Client } from '../../../appliance/cli/client.ts';
import { follow } from '../../../appliance/cli/commands/reprocess.ts';
import { approveBatch } from '../../../appliance/cli/commands/review.ts';
import type { Output } from '../../../appliance/cli/output.ts';
import { askUntil, withinLimits } from '../../../appliance/cli/waiting.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

const limited = (retryAfter?: number) =>
  new FrostbyteError('RATE_LIMIT_EXCEEDED', 'Too many.', retryAfter ? { retryAfter } : {});

/** Answers one after another; what is an error is thrown. Pauses are kept, not made. */
function script<T>(...answers: (T | Error)[]) {
  const pauses: number[] = [];
  return {
    pauses,
    pause: async (seconds: number) => void pauses.push(seconds),
    next: async () => {
      const answer = answers.shift();
      if (answer === undefined) assert.fail('it was asked once too often');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

test('a limit of requests is waited for as long as it says; any other refusal is told at once', async () => {
  const asked = script<string>(limited(7), limited(), 'answered');
  assert.equal(await withinLimits(asked.next, asked), 'answered');
  assert.deepEqual(asked.pauses, [7, 1]);
  const down = script<string>(new FrostbyteError('SERVICE_UNAVAILABLE', 'down', { retryAfter: 5 }));
  await assert.rejects(withinLimits(down.next, down), { code: 'SERVICE_UNAVAILABLE' });
  assert.deepEqual(down.pauses, []);
});

test('progress is asked for less and less often, at most every two seconds', async () => {
  const asked = script<number>(...Array.from({ length: 30 }, (_, n) => n));
  const seen: number[] = [];
  const last = await askUntil(asked.next, (n) => n === 29, { ...asked, seen: (n) => seen.push(n) });
  assert.deepEqual([last, seen.length], [29, 30]);
  assert.equal(asked.pauses[0], 0.1);
  assert.ok(asked.pauses.every((pause, n) => n === 0 || pause >= asked.pauses[n - 1]!));
  assert.deepEqual(asked.pauses.slice(-20), Array(20).fill(2));
});

test('what is over already is not asked about, and whoever is out of time gets the last answer', async () => {
  const asked = script<string>('running');
  assert.equal(await askUntil(asked.next, (state) => state === 'over', { ...asked, from: 'over' }), 'over');
  assert.equal(await askUntil(asked.next, (state) => state === 'over', { ...asked, seconds: 0 }), 'running');
  assert.deepEqual(asked.pauses, []);
});

test('following documents that run again outlives the limit of requests', async () => {
  const at = (examined: number, processing: number, status = 'running') =>
    ({
      tenant_id: 'acme',
      reprocess_id: 'r1',
      status,
      documents: { candidates: 3, examined, processing },
    }) as ReprocessAnswer;
  const asked = script<ReprocessAnswer>(at(2, 2), limited(40), at(3, 1), at(3, 0, 'completed'));
  const paths: string[] = [];
  const api = {
    get: async (path: string) => {
      paths.push(path);
      return { data: await asked.next() };
    },
  } as unknown as Client;
  const shown: string[] = [];
  const bar = { update: (done: number, note?: string) => shown.push(`${done} ${note}`), end: () => shown.push('end') };
  const done = await follow(api, at(0, 0), { progress: () => bar } as unknown as Output, asked);
  assert.equal(done.status, 'completed');
  assert.ok(asked.pauses.includes(40));
  assert.deepEqual(new Set(paths), new Set(['/ingest/acme/reprocess/r1']));
  assert.deepEqual(shown, ['0 0 at work', '0 2 at work', '2 1 at work', '3 0 at work', 'end']);
});

test('approving a large batch waits for the limit of requests in the middle and counts what came before', async () => {
  const asked = script<{ approved: number; remaining: number }>(
    { approved: 25, remaining: 30 },
    limited(12),
    { approved: 25, remaining: 5 },
    { approved: 0, remaining: 5 },
  );
  const api = { send: async () => ({ data: await asked.next() }) } as unknown as Client;
  const result = await approveBatch(api, 'acme', 'b', undefined, asked);
  assert.deepEqual(result, { batch_id: 'b', approved: 50, remaining: 5 });
  assert.deepEqual(asked.pauses, [12]);
});
