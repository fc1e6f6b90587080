import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { limitsFollowing } from '../../../../appliance/stores/limits/following.ts';
import type { RateLimiter } from '../../../../appliance/stores/limits/port.ts';

const AWAY = new FrostbyteError('STORE_UNAVAILABLE', 'away');

function limiter(change: Partial<RateLimiter> = {}): RateLimiter & { closed: boolean } {
  const made = {
    closed: false,
    take: async () => null,
    check: async () => undefined,
    close: async () => {
      made.closed = true;
    },
    ...change,
  };
  return made;
}

test('until the place is known nobody waits for it, and then it counts', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const limits = limitsFollowing({ place: () => promise, open: () => limiter({ take: async () => 7 }) });
  await assert.rejects(limits.take('query', 'acme'), { code: 'STORE_UNAVAILABLE' });
  resolve('here');
  await turn();
  assert.equal(await limits.take('query', 'acme'), 7);
});

test('a place that refuses is asked for again, and the limits move to the new one', async () => {
  const places = ['first', 'second'];
  const opened: ReturnType<typeof limiter>[] = [];
  const limits = limitsFollowing({
    place: async () => places.shift() ?? 'second',
    open: (place) => {
      const one = limiter(place === 'first' ? { take: () => Promise.reject(AWAY) } : { take: async () => 3 });
      opened.push(one);
      return one;
    },
    askEveryMs: 0,
  });
  await turn();
  await assert.rejects(limits.take('query', 'acme'), AWAY);
  await turn();
  assert.equal(await limits.take('query', 'acme'), 3);
  assert.deepEqual(
    opened.map(({ closed }) => closed),
    [true, false],
  );
  await limits.close();
  assert.equal(opened[1]?.closed, true);
});

test('a place that stays the same keeps its limits, and is asked for no oftener than it may be', async () => {
  let asked = 0;
  let opened = 0;
  const limits = limitsFollowing({
    place: async () => {
      asked++;
      return 'here';
    },
    open: () => {
      opened++;
      return limiter({ take: () => Promise.reject(AWAY) });
    },
    askEveryMs: 60_000,
  });
  await turn();
  for (let n = 0; n < 5; n++) await assert.rejects(limits.take('query', 'acme'), AWAY);
  assert.deepEqual([asked, opened], [1, 1]);
});
