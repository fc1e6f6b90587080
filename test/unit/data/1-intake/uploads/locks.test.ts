import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UploadLocks } from '../../../../../appliance/data/1-intake/uploads/locks.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';

const never = new AbortController().signal;

test('one request at a time holds an upload; whoever comes asks the holder to end, and enters in order', async () => {
  const locks = new UploadLocks();
  const seen: string[] = [];
  const take = async (name: string) => {
    const lock = locks.newLock('u');
    await lock.lock(never, () => void seen.push(`${name} asked`));
    seen.push(name);
    return lock;
  };
  const first = await take('first');
  const second = take('second');
  const third = take('third');
  await locks.newLock('another').lock(never, () => undefined);
  assert.deepEqual(seen, ['first', 'first asked', 'first asked']);
  await first.unlock();
  const held = await second;
  assert.deepEqual(seen.slice(3), ['second asked', 'second'], 'who waits behind it asks it too');
  await held.unlock();
  await (await third).unlock();
  assert.equal(seen.at(-1), 'third');
  await (await take('fourth')).unlock();
  assert.equal(seen.at(-1), 'fourth');
});

test('who waits too long, or has gone, is told to come back, and leaves no trace', async () => {
  const locks = new UploadLocks(5);
  const holder = locks.newLock('u');
  await holder.lock(never, () => undefined);
  const busy = (error: unknown) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE') && error.retryAfter !== undefined;
  await assert.rejects(
    locks.newLock('u').lock(never, () => undefined),
    busy,
  );
  const gone = new AbortController();
  const waiting = new UploadLocks();
  await waiting.newLock('u').lock(never, () => undefined);
  const late = waiting.newLock('u').lock(gone.signal, () => undefined);
  gone.abort();
  await assert.rejects(late, busy);
  await holder.unlock();
  await locks.newLock('u').lock(never, () => undefined);
});
