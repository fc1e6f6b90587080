import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketLimiter } from '../../../../appliance/stores/limits/in-process.ts';
import { type LimitClass, PER_MINUTE, unlimited } from '../../../../appliance/stores/limits/port.ts';
import { manualClock } from '../../../support/manual-clock.ts';

test('the limits per minute are those of the specification', () => {
  // The pieces of uploads are a class of their own: the specification counts an upload as one request of ingest.
  assert.deepEqual(PER_MINUTE, { ingest: 100, upload: 1000, query: 1000, admin: 60, audit: 300 });
});

async function takeAll(take: () => Promise<number | null>): Promise<number> {
  let passed = 0;
  while ((await take()) === null) passed += 1;
  return passed;
}

for (const [limit, expected] of Object.entries(PER_MINUTE) as [LimitClass, number][]) {
  test(`${limit}: a minute’s worth passes, the next one waits`, async () => {
    const limiter = bucketLimiter(manualClock());
    assert.equal(await takeAll(() => limiter.take(limit, 'acme')), expected);
    assert.ok((await limiter.take(limit, 'acme'))! >= 1);
  });
}

test('tenants do not share a limit, but administration is one for all', async () => {
  const limiter = bucketLimiter(manualClock());
  await takeAll(() => limiter.take('ingest', 'acme'));
  assert.equal(await limiter.take('ingest', 'globex'), null);
  assert.equal(await limiter.take('query', 'acme'), null, 'classes are apart');
  await takeAll(() => limiter.take('admin', 'acme'));
  assert.notEqual(await limiter.take('admin', 'globex'), null);
});

test('after the seconds that were named the next request passes', async () => {
  const clock = manualClock();
  const limiter = bucketLimiter(clock);
  await takeAll(() => limiter.take('admin', ''));
  const wait = (await limiter.take('admin', ''))!;
  clock.advance(wait * 1000);
  assert.equal(await limiter.take('admin', ''), null);
});

test('asking while one must wait does not make one wait longer', async () => {
  const clock = manualClock();
  const limiter = bucketLimiter(clock);
  await takeAll(() => limiter.take('admin', ''));
  for (let i = 0; i < 10; i++) {
    clock.advance(100);
    if (i < 9) assert.equal(await limiter.take('admin', ''), 1);
  }
  assert.equal(await limiter.take('admin', ''), null);
});

test('whatever the rhythm, no window passes more than a full bucket and what flowed in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 }), async (pauses) => {
      const clock = manualClock();
      const limiter = bucketLimiter(clock, { ...PER_MINUTE, admin: 6 });
      const start = clock.now();
      let passed = 0;
      for (const pause of pauses) {
        clock.advance(pause);
        if ((await limiter.take('admin', '')) === null) passed += 1;
      }
      assert.ok(passed <= 6 + ((clock.now() - start) / 60_000) * 6 + 1e-6);
    }),
    { numRuns: 50 },
  );
});

test('buckets that are full again are forgotten and still correct', async () => {
  const clock = manualClock();
  const limiter = bucketLimiter(clock, { ...PER_MINUTE, ingest: 1 });
  for (let i = 0; i <= 10_001; i++) await limiter.take('ingest', `t${i}`);
  assert.notEqual(await limiter.take('ingest', 't5'), null, 'an empty bucket is kept');
  clock.advance(60_000);
  assert.equal(await limiter.take('ingest', 'one-more'), null);
  assert.equal(await limiter.take('ingest', 't5'), null);
  assert.notEqual(await limiter.take('ingest', 't5'), null);
});

test('no limits means none', async () => {
  for (let i = 0; i < 5000; i++) assert.equal(await unlimited.take('admin', ''), null);
});
