import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Holdings, isOver, storageWatch } from '../../../../appliance/control/neighbours/storage.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { silentLogger } from '../../../support/control/control-fixture.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const CALM: Holdings = { given: 0.2 * GIB, made: 0.4 * GIB };
const FULL: Holdings = { given: 3 * GIB, made: 0 };

test('a tenant is over its quota where intake and pipeline cannot have made what lies there', () => {
  const quota = 10 * GIB;
  for (const [given, made, over] of [
    [0, 0, false],
    [10, 20, false],
    // A batch takes its files from uploads.
    [19, 20, false],
    [21, 0, true],
    // Plain text, processed anew.
    [2, 60, false],
    // Nothing was given, and much lies there.
    [0, 9, false],
    [0, 11, true],
  ] as const) {
    assert.equal(isOver({ given: given * GIB, made: made * GIB }, quota), over, `${given} given, ${made} made`);
  }
});

/** A watch over two tenants with a quota of 1 GiB each, at a disk that the test fills, beside another. */
function watched(holdings: Record<string, Holdings | Error> = {}) {
  const weighed: string[] = [];
  const suspended: string[] = [];
  const disk = { free: (100 * GIB) as number | null, files: 900 * GIB, time: 0, weighingMs: 0, refuses: false };
  const look = storageWatch({
    free: async () => (disk.free === null ? null : [disk.free, disk.files]),
    async *tenants() {
      for (const tenant_id of ['acme', 'globex']) yield { tenant_id, quota: GIB };
    },
    async weigh(tenantId) {
      weighed.push(tenantId);
      disk.time += disk.weighingMs;
      const found = holdings[tenantId] ?? CALM;
      if (found instanceof Error) throw found;
      return found;
    },
    async suspend(tenantId, reason) {
      if (disk.refuses) throw new FrostbyteError('INVALID_STATE_TRANSITION', 'It is suspended.');
      suspended.push(`${tenantId}: ${reason}`);
    },
    logger: silentLogger,
    now: () => disk.time,
  });
  return { disk, weighed, suspended, look };
}

test('tenants are weighed at the start and whenever much of the disk went, and not while it is calm', async () => {
  const { disk, weighed, suspended, look } = watched();
  await look();
  assert.deepEqual(weighed.splice(0), ['acme', 'globex']);
  for (const gone of [0, 100, 155]) {
    disk.free = 100 * GIB - gone * MIB;
    await look();
  }
  assert.deepEqual(weighed, []);
  disk.free = 100 * GIB - 256 * MIB;
  await look();
  assert.deepEqual(weighed.splice(0), ['acme', 'globex']);
  // Room that came back does not hide what goes after it.
  disk.free = 150 * GIB;
  await look();
  disk.free = 149 * GIB;
  await look();
  assert.deepEqual([weighed.splice(0), suspended], [['acme', 'globex'], []]);
  // The other disk is the larger one by far, and counts as much.
  disk.files -= 255 * MIB;
  await look();
  assert.deepEqual(weighed, []);
  disk.files -= MIB;
  await look();
  assert.deepEqual(weighed, ['acme', 'globex']);
});

test('whoever stored more than its quota is suspended, and nobody else, also where one cannot be weighed', async () => {
  const { weighed, suspended, look } = watched({ acme: new Error('the object store is away'), globex: FULL });
  await look();
  assert.deepEqual(weighed, ['acme', 'globex']);
  assert.equal(suspended.length, 1);
  assert.match(suspended[0]!, /^globex: .*more than its quota/);
});

test('one that somebody else suspended meanwhile is no error', async () => {
  const { disk, weighed, look } = watched({ acme: FULL });
  disk.refuses = true;
  await look();
  assert.deepEqual(weighed, ['acme', 'globex']);
});

test('weighing that takes long is not begun again at once', async () => {
  const { disk, weighed, look } = watched();
  disk.weighingMs = 1000;
  await look();
  for (let left = 99; left > 89; left--) {
    disk.free = left * GIB;
    disk.time += 1000;
    await look();
  }
  // Two seconds of work and ten of rest.
  assert.equal(weighed.length, 4);
});

test('a disk that is full is looked at again and again, and none is nobody’s', async () => {
  const { disk, weighed, look } = watched();
  disk.free = 0;
  for (let n = 0; n < 3; n++) await look();
  assert.equal(weighed.splice(0).length, 6);
  disk.free = null;
  await look();
  assert.deepEqual(weighed, []);
});
