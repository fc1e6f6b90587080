import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neighbourWatch, type Takes } from '../../../../appliance/control/neighbours/watch.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { silentLogger } from '../../../support/control/control-fixture.ts';

const CALM: Takes = {
  tenant_id: 'acme',
  processor: { got: 0.3, asked: 0.3 },
  received: 200,
  processes: 0.2,
  connections: 0.2,
  memory: 0.1,
};
/** As a plane is seen whose processors are all taken while control still asks it. */
const LOOP: Partial<Takes> = { processor: { got: 0.3, asked: 10 }, received: 75 };

/** The watch over tenants that take what `takes` says, at moments that the test makes. */
function watched(isAtWork: () => Promise<boolean> = async () => false) {
  const suspended: string[] = [];
  let takes: Takes[] = [];
  let time = 0;
  let refuses = false;
  const look = neighbourWatch({
    look: async () => takes,
    isAtWork,
    async suspend(tenantId, reason) {
      if (refuses) throw new FrostbyteError('STORE_UNAVAILABLE', 'no');
      suspended.push(`${tenantId}: ${reason}`);
    },
    logger: silentLogger,
    now: () => time,
  });
  return {
    suspended,
    refuse: (isSo: boolean) => {
      refuses = isSo;
    },
    /** A look each two seconds for so long, while tenants take this. */
    async during(seconds: number, ...all: Partial<Takes>[]): Promise<void> {
      takes = all.map((one) => ({ ...CALM, ...one }));
      for (let second = 0; second < seconds; second += 2) {
        await look();
        time += 2000;
      }
    },
  };
}

for (const [what, takes, reason] of [
  ['floods servers with connections', { connections: 1.5 }, /connections/],
  ['sorts all that its database holds', { memory: 1.2 }, /memory of the database/],
  ['starts more and more processes', { processes: 1 }, /processes/],
  ['loops without work', LOOP, /busy without any work/],
  ['loops once, on a calm box', { processor: { got: 1, asked: 1 }, received: 25 }, /busy without any work/],
] as const) {
  test(`a tenant that ${what} is suspended within 30 seconds, and nobody else`, async () => {
    const { suspended, during } = watched();
    await during(28, takes, { tenant_id: 'globex' });
    assert.equal(new Set(suspended).size, 1);
    assert.match(suspended[0]!, /^acme: /);
    assert.match(suspended[0]!, reason);
  });

  test(`one that ${what} for a moment, again and again, is not`, async () => {
    const { suspended, during } = watched();
    for (let n = 0; n < 10; n++) {
      await during(4, takes);
      await during(2, {});
    }
    assert.deepEqual(suspended, []);
  });
}

test('who has documents at work, or talks with its stores, may use all that it has', async () => {
  const working = watched(async () => true);
  await working.during(120, LOOP);
  const unknown = watched(async () => {
    throw new Error('the database is down');
  });
  await unknown.during(120, LOOP);
  const searching = watched();
  await searching.during(120, { processor: { got: 1, asked: 1 }, received: 500 });
  // Starved by others it asks for all, gets little, and answers little.
  const starved = watched();
  await starved.during(120, { processor: { got: 0.4, asked: 2 }, received: 90 });
  for (const { suspended } of [working, unknown, searching, starved]) assert.deepEqual(suspended, []);
});

test('a first look says nothing of processors, and a tenant that was gone begins anew', async () => {
  const { suspended, during } = watched();
  await during(60, { processor: null, received: null });
  await during(12, LOOP);
  await during(2);
  await during(12, LOOP);
  assert.deepEqual(suspended, []);
});

test('where it cannot be suspended yet, it is tried again', async () => {
  const { suspended, refuse, during } = watched();
  refuse(true);
  await during(20, { connections: 2 });
  refuse(false);
  await during(20, { connections: 2 });
  assert.ok(suspended.length > 0);
});
