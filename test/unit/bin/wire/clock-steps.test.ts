import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clockSteps, DOUBT_FOR_MS, DOUBTED_MS } from '../../../../appliance/bin/wire/clock-steps.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const DAY = 86_400_000;

/** A host whose clock and uptime a test sets, and the steps as processes on one folder see them, one after the other. */
async function host(t: TestContext) {
  const file = join(await temporaryFolder(t), 'clock-step');
  let clock = NOON;
  let uptime = 0;
  return {
    steps: (kept: number) =>
      clockSteps(
        file,
        kept,
        () => clock,
        () => uptime,
      ),
    pass(ms: number) {
      clock += ms;
      uptime += ms;
    },
    set(time: number) {
      clock = time;
    },
  };
}

test('a clock that goes on, also over nights without the box, is not doubted', async (t) => {
  const box = await host(t);
  const first = box.steps(0);
  for (let n = 0; n < 100; n++) {
    box.pass(30_000);
    first.look();
  }
  assert.equal(first.doubted(), null);
  const kept = NOON + 50 * 60_000;
  box.set(kept + DOUBTED_MS);
  assert.equal(box.steps(kept).doubted(), null);
});

test('a step of years is doubted until the appliance has run for a day, restarts or not', async (t) => {
  const box = await host(t);
  const first = box.steps(NOON);
  box.set(NOON + 3650 * DAY);
  box.pass(30_000);
  first.look();
  assert.equal(first.doubted()?.from, NOON);
  const second = box.steps(NOON + 3650 * DAY);
  assert.notEqual(second.doubted(), null, 'the next process knows');
  box.pass(DOUBT_FOR_MS - 60_000);
  second.look();
  assert.notEqual(second.doubted(), null);
  box.pass(60_000);
  second.look();
  assert.equal(second.doubted(), null, 'nobody objected');
  assert.equal(box.steps(NOON + 3651 * DAY).doubted(), null);
});

test('a step while the box was off is seen at the start', async (t) => {
  const box = await host(t);
  box.set(NOON + 400 * DAY);
  const { from, to } = box.steps(NOON).doubted() ?? { from: 0, to: 0 };
  assert.deepEqual([from, to], [NOON, NOON + 400 * DAY]);
});

test('a clock that is set right again is trusted at once', async (t) => {
  const box = await host(t);
  const steps = box.steps(NOON);
  box.set(NOON + 400 * DAY);
  box.pass(1000);
  steps.look();
  assert.notEqual(steps.doubted(), null);
  box.set(NOON + 60_000);
  box.pass(30_000);
  steps.look();
  assert.equal(steps.doubted(), null);
});

test('without a memory of time nothing is doubted', async (t) => {
  const box = await host(t);
  box.set(NOON + 4000 * DAY);
  assert.equal(box.steps(0).doubted(), null);
});
