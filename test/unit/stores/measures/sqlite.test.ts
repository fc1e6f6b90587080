import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { STEPS } from '../../../../appliance/stores/measures/port.ts';
import { openMeasures } from '../../../../appliance/stores/measures/sqlite.ts';

const DAY = 86_400;

function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-measures-'));
  const store = openMeasures(join(folder, 'measures.sqlite'), '2026-01-01T00:00:00.000Z');
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

test('the ring keeps a day by the minute and a month by the quarter of an hour, and never more', (t) => {
  const store = opened(t);
  const start = 1_800_000_000;
  const end = start + 33 * DAY;
  // As if it had looked four times an hour for 33 days.
  for (let at = start; at <= end; at += 900) store.add(at, new Map([['acme', { at }]]));
  store.add(end + 10, new Map([['acme', { at: 0 }]]));
  const day = store.since('acme', end - DAY, end);
  assert.equal(day.step, 60);
  assert.ok(day.taken.length <= DAY / 900 + 1 && day.taken.length >= DAY / 900 - 1, String(day.taken.length));
  assert.equal(day.taken.at(-1)!.sample.at, end, 'a second within the same minute counts for nothing');
  const all = store.since('acme', 0, end);
  assert.equal(all.step, 900);
  assert.ok(all.taken.length <= STEPS.at(-1)!.keeps / 900 + 1, String(all.taken.length));
  assert.ok(all.taken[0]!.at >= end - STEPS.at(-1)!.keeps - 900);
});

test('of a tenant that is gone nothing is left, and of others all', (t) => {
  const store = opened(t);
  store.add(60, new Map(['acme', 'beta', ''].map((id) => [id, { dlq: 1 }])));
  store.forget('acme');
  assert.deepEqual(
    ['acme', 'beta', ''].map((id) => store.since(id, 0, 120).taken.length),
    [0, 1, 1],
  );
});
