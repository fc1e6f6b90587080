import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { passes, unanswered } from '../../../appliance/control/isolation/verdict.ts';
import { type Tries, triesOf } from '../../../appliance/isolation/attempt.ts';
import { fileId, tryVectorFiles } from '../../../appliance/isolation/try-vector-files.ts';
import { mortalServer } from '../../support/isolation/mortal-server.ts';
import { OTHER, OWN, orderOf, REFUSING_STORES, type RefusingStore } from '../../support/isolation/refusing-stores.ts';

/**
 * A store that dies while it is tried, and a credential that does, refuse everybody: nothing of that is a closed door. Each
 * store is a double that refuses all that is not the tenant's, and takes so many connections before its port closes.
 */

const triesAt = (store: string) => triesOf(store, OWN, { againMs: [0, 0] });

interface Fate {
  /** So many connections the store takes before it is gone. */
  lives?: number;
  /** During so many it goes by the tenant's credential. */
  goesBy?: number;
  /** It is there again when the own access is asked once more. */
  comesBack?: boolean;
}

async function tried(t: TestContext, { name, serving, tryAt }: RefusingStore, fate: Fate = {}) {
  const { lives, goesBy = Number.POSITIVE_INFINITY, comesBack = false } = fate;
  const serve = serving();
  const server = await mortalServer(t, (socket, connection) => serve(socket, connection <= goesBy), lives);
  const all = triesAt(name);
  const stillOwn: Tries['stillOwn'] = async (work) => {
    if (comesBack) await server.revive();
    await all.stillOwn(work);
  };
  // What a store that is gone breaks off with, clearing away, is told by who called it.
  await tryAt(server, { ...all, stillOwn }).catch(() => undefined);
  const [own, last] = [all.found[0]!, all.found.at(-1)!];
  assert.deepEqual([own.target, own.test, own.result], [OWN, 'own access', 'OK']);
  assert.deepEqual([last.target, last.test], [OWN, 'own access after all that']);
  return { found: all.found, foreign: all.found.slice(1, -1), last: last.result };
}

for (const store of REFUSING_STORES) {
  const { name, ownTakes, elsewhere } = store;

  test(`${name}: that lives passes: each foreign door refused, the own one open before and after`, async (t) => {
    const { found, foreign, last } = await tried(t, store);
    assert.equal(last, 'OK');
    assert.deepEqual(
      foreign.filter(({ result }) => result !== 'DENIED').map(({ test: door, result }) => `${door}: ${result}`),
      [],
    );
    assert.ok(foreign.length >= 5, String(foreign.length));
    assert.equal(passes(OWN, found), true);
  });

  for (const [what, fate] of [
    ['a store that dies behind the own access', { lives: ownTakes }],
    ['one that dies in the middle', { lives: ownTakes + 2 }],
    ['a credential that dies behind the own access', { goesBy: ownTakes }],
  ] as const) {
    test(`${name}: ${what} has closed no door`, async (t) => {
      const { found, foreign, last } = await tried(t, store, fate);
      assert.equal(last, 'DENIED');
      assert.deepEqual([...new Set(foreign.map(({ result }) => result))], ['SKIPPED']);
      assert.ok(foreign.every(({ reason }) => reason !== undefined));
      assert.equal(passes(OWN, found), false);
      assert.ok(unanswered(found).length > 0, 'and it is worth another try');
    });
  }

  test(`${name}: one that is away in between has closed no door of its own, although it is there in the end`, async (t) => {
    const { found, foreign, last } = await tried(t, store, { lives: ownTakes, comesBack: true });
    assert.equal(last, 'OK');
    // No network leads to the servers of others: those are closed as long as the own one lives.
    const own = foreign.filter(({ test: door, result }) => !(elsewhere.includes(door) && result === 'DENIED'));
    assert.deepEqual([...new Set(own.map(({ result }) => result))], ['SKIPPED']);
    assert.equal(passes(OWN, found), false);
  });
}

test('vectors in files whose own file goes meanwhile have closed no door', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-own-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'vectors.sqlite');
  writeFileSync(file, 'SQLite format 3\0');
  const { dev } = statSync(file, { bigint: true });
  const target = {
    vectors: { kind: 'sqlite-vec', folder: '/nowhere/its', ids: [fileId({ dev, ino: 2n ** 60n })] },
  };
  for (const goes of [false, true]) {
    const all = triesAt('vectors');
    const asked: Tries = {
      ...all,
      foreign: async (...words) => {
        await all.foreign(...words);
        if (goes) rmSync(file, { force: true });
      },
    };
    await tryVectorFiles(orderOf({ own: {}, target }), file, asked);
    const foreign = all.found.filter(({ target: whose }) => whose === OTHER).map(({ result }) => result);
    assert.deepEqual([...new Set(foreign)], [goes ? 'SKIPPED' : 'DENIED']);
    assert.equal(passes(OWN, all.found), !goes);
  }
});
