import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience, ShareSilent } from '../../../../appliance/data/inbox/patience.ts';

/** A call that hangs until it is let go. */
function hanging<T>(result: T) {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { work: () => promise, letGo: () => resolve(result) };
}

const PROMPT = 60_000;
const nothing = async () => 'done';

test('no more calls are made at a time than there are places, and all of them are made', async () => {
  const patience = new Patience(2, PROMPT);
  let running = 0;
  let most = 0;
  const work = async (n: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return n;
  };
  const results = await Promise.all(Array.from({ length: 30 }, (_, n) => patience.call(() => work(n))));
  assert.deepEqual(results, [...results.keys()]);
  assert.equal(most, 2);
});

test('a call that fails gives its place back, with its own error', async () => {
  const patience = new Patience(1, PROMPT);
  const failed = Object.assign(new Error('none'), { code: 'ENOENT' });
  await assert.rejects(
    patience.call(() => Promise.reject(failed)),
    failed,
  );
  assert.equal(await patience.call(nothing), 'done');
});

test('who waits for a call that hangs is told; the others have the places that are left', async () => {
  const patience = new Patience(2, 1);
  const [one, two] = [hanging(1), hanging(2)];
  await assert.rejects(patience.call(one.work), ShareSilent);
  assert.equal(patience.hanging, 1);
  patience.patienceMs = PROMPT;
  assert.equal(await patience.call(nothing), 'done', 'the other place');
  patience.patienceMs = 1;
  const waiting = patience.call(two.work);
  const behind = patience.call(nothing);
  await assert.rejects(waiting, ShareSilent);
  await assert.rejects(behind, ShareSilent, 'who waited for a place waits no longer');
  await assert.rejects(patience.call(nothing), ShareSilent, 'and nobody begins to');
  one.letGo();
  two.letGo();
  const { back } = await patience.call(nothing).then(
    () => ({ back: Promise.resolve() }),
    (error: ShareSilent) => error,
  );
  await back;
  assert.equal(await patience.call(nothing), 'done');
  assert.equal(patience.hanging, 0);
});

test('what came too late is handed to who cleans up, and handles are closed only when nothing hangs any more', async () => {
  const patience = new Patience(2, 1);
  const late = hanging('a handle');
  const { promise: cleaned, resolve: clean } = Promise.withResolvers<string>();
  const silent = await patience.call(late.work, clean).catch((error: ShareSilent) => error);
  assert.ok(silent instanceof ShareSilent);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let isClosed = false;
  patience.patienceMs = PROMPT;
  await patience.close({
    close: async () => {
      isClosed = true;
      resolve();
    },
  });
  assert.equal(isClosed, false, 'its number is still in use');
  late.letGo();
  assert.equal(await cleaned, 'a handle');
  await closed;
  await silent.back;
  assert.equal(patience.hanging, 0);
});
