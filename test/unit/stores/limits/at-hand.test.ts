import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { limitsAtHand } from '../../../../appliance/stores/limits/at-hand.ts';
import { bucketLimiter } from '../../../../appliance/stores/limits/in-process.ts';
import { PER_MINUTE, type RateLimiter, unlimited } from '../../../../appliance/stores/limits/port.ts';
import { gatewayWorld } from '../../../support/gateway-world.ts';
import { manualClock } from '../../../support/manual-clock.ts';

/** Shared limits that count who asks and answer as `answer` does. */
function sharedLimits(answer: () => Promise<number | null>): RateLimiter & { asked(): number } {
  let asked = 0;
  const take = () => {
    asked += 1;
    return answer();
  };
  return { ...unlimited, take, asked: () => asked };
}
const never = () => new Promise<number | null>(() => undefined);
const away = async () => {
  throw new FrostbyteError('STORE_UNAVAILABLE', 'away');
};

test('the shared limits decide as long as they answer', async () => {
  const shared = sharedLimits(async () => 9);
  const limiter = limitsAtHand(shared, unlimited);
  assert.deepEqual([await limiter.take('query', 'acme'), await limiter.take('query', 'acme')], [9, 9]);
  assert.equal(shared.asked(), 2);
});

for (const [what, answer] of [
  ['hang', never],
  ['are away', away],
] as const) {
  test(`where the shared limits ${what}, the own ones decide, and only the first request waits`, async () => {
    const shared = sharedLimits(answer);
    const failures: unknown[] = [];
    const limiter = limitsAtHand(shared, bucketLimiter(manualClock()), {
      withinMs: 5,
      restMs: 60_000,
      onFailure: (error) => failures.push(error),
    });
    let passed = 0;
    while ((await limiter.take('ingest', 'acme')) === null) passed += 1;
    assert.equal(passed, PER_MINUTE.ingest);
    assert.equal(shared.asked(), 1);
    assert.equal(failures.length, 1);
  });
}

test('after its rest the shared store is tried again', async () => {
  const now = mock.method(performance, 'now', () => 1000);
  try {
    let answer: () => Promise<number | null> = away;
    const limiter = limitsAtHand(
      sharedLimits(() => answer()),
      unlimited,
      { restMs: 500 },
    );
    assert.equal(await limiter.take('query', 'acme'), null);
    answer = async () => 4;
    assert.equal(await limiter.take('query', 'acme'), null, 'it rests');
    now.mock.mockImplementation(() => 1501);
    assert.equal(await limiter.take('query', 'acme'), 4);
  } finally {
    now.mock.restore();
  }
});

test('changing over gives nobody a second bucket', async () => {
  let up = true;
  const shared = sharedLimits(async () => (up ? null : away()));
  const limiter = limitsAtHand(shared, bucketLimiter(manualClock()), { restMs: 60_000 });
  for (let n = 0; n < PER_MINUTE.ingest; n++) assert.equal(await limiter.take('ingest', 'acme'), null);
  up = false;
  assert.notEqual(await limiter.take('ingest', 'acme'), null);
});

test('while the shared limits hang, a tenant is suspended without asking them, and refused from then on', async () => {
  const shared = sharedLimits(never);
  const limiter = limitsAtHand(shared, unlimited, { withinMs: 5 });
  const world = gatewayWorld({ limiter });
  const admin = world.token('admin');
  const suspended = await world.request('POST', 'admin/tenants/acme/suspend', {
    token: admin,
    body: { reason: 'now' },
  });
  assert.equal(suspended.status, 200);
  assert.equal(shared.asked(), 0);
  const query = { token: world.token('tenant_admin', { tenant: 'acme' }), body: { query: 'x' } };
  const refused = await world.request('POST', 'query/acme/search', query);
  assert.ok([401, 403].includes(refused.status), `${refused.status}`);
  assert.equal(shared.asked(), 0);
  assert.equal((await world.request('GET', 'admin/tenants', { token: admin })).status, 200);
  assert.equal(shared.asked(), 1);
});
