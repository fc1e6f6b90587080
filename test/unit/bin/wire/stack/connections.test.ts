import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastShare, poolsOf, shareOf } from '../../../../../appliance/bin/wire/stack/connections.ts';

/** As `images/postgres` has them: 600, less those that are reserved and those of control's role. */
const PLACES = 560;

test('fifty tenants and the probe have enough, and a few have no more than they use', () => {
  assert.deepEqual(shareOf(PLACES, 51, 1), { limit: 10, plane: 5, worker: 3 });
  assert.deepEqual(shareOf(PLACES, 1, 1), { limit: 10, plane: 5, worker: 3 });
  assert.deepEqual(shareOf(PLACES, 0, 1), shareOf(PLACES, 1, 1));
  assert.deepEqual(shareOf(PLACES, 80, 1), { limit: 7, plane: 3, worker: 2 });
});

test('never are more promised than there are, and what is promised is enough to work', () => {
  for (const workers of [0, 1, 2, 7, 64]) {
    let last = Number.POSITIVE_INFINITY;
    for (let tenants = 1; tenants <= 254; tenants++) {
      const share = shareOf(PLACES, tenants, workers);
      if (share === null) {
        assert.ok(tenants * leastShare(workers) > PLACES);
        continue;
      }
      const { limit, plane, worker } = share;
      assert.ok(limit * tenants <= PLACES && limit <= last, `${tenants} tenants`);
      assert.ok(plane >= 2 && worker >= 1);
      assert.ok(plane + worker * workers < limit, 'something is left for the isolation check');
      last = limit;
    }
  }
});

test('a limit that is too small for all is split so that each can work, one after another', () => {
  assert.deepEqual(poolsOf(2, 3), { limit: 2, plane: 2, worker: 1 });
});
