import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type FullDisk, makingRoom, type Room, roomOn, withRoom } from '../../../../appliance/bundle/operation/room.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';

const FULL: FullDisk = { folder: '/var/lib/frostbyte', left: '0.0 MB are left' };
const never = new AbortController().signal;

/** A disk that is full, or not, at each look, the last of them for ever. */
function roomThat(...looks: (FullDisk | null)[]): Room & { readonly asked: number } {
  let asked = 0;
  return {
    get asked() {
      return asked;
    },
    full: () => looks[Math.min(asked++, looks.length - 1)] ?? null,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** What is left of the disk that is full, which is that of a folder. */
function said(disk: FullDisk | null, at: string): string {
  assert.equal(disk?.folder, at);
  return disk!.left;
}

const failing = (error: Error) => async () => {
  throw error;
};
/** Waits for ever for what cannot come, and ends when it is told to. */
const waiting = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('the room that an operation has', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-room-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is looked for where a host writes; what is not there yet is on another’s disk', () => {
    const [programs, data] = [join(folder, 'opt'), join(folder, 'var')];
    assert.equal(roomOn({ root: folder, programs, data }).full(), null);
    mkdirSync(data);
    assert.equal(roomOn({ root: folder, programs, data }).full(), null);
  });

  test('is gone on a small disk by bytes and by names, also where the engine’s own settings put it; not on one that is only read', {
    skip: process.getuid?.() === 0 ? false : 'needs root, to mount',
  }, () => {
    const root = join(folder, 'host');
    const layout = { root, programs: join(root, 'opt'), data: join(root, 'data') };
    const elsewhere = join(root, 'srv/engine');
    for (const at of ['etc/docker', 'opt', 'data', 'srv/engine']) mkdirSync(join(root, at), { recursive: true });
    writeFileSync(join(root, 'etc/docker/daemon.json'), '{"data-root":"/srv/engine"}');
    const on = (at: string, options: string, look: () => void) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'frostbyte-test', at]);
      try {
        look();
      } finally {
        execFileSync('umount', [at]);
      }
    };
    for (const at of [layout.data, layout.programs, elsewhere]) {
      on(at, 'size=8m', () => assert.match(said(roomOn(layout).full(), at), /^8\.\d MB are left$/));
      on(at, 'size=64m,nr_inodes=50', () =>
        assert.match(said(roomOn(layout).full(), at), /^\d+ more files can be made/),
      );
      on(at, 'size=64m', () => assert.equal(roomOn(layout).full(), null));
      on(at, 'size=8m,ro', () => assert.equal(roomOn(layout).full(), null));
    }
  });

  test('is made by work that takes something back: a full disk does not end it, and is named where it fails', async () => {
    const ended = makingRoom(roomThat(FULL), never, async () => 'through');
    assert.equal(await ended, 'through');
    const refused = new FrostbyteError('OPERATION_FAILED', 'dpkg failed');
    await assert.rejects(makingRoom(roomThat(FULL), never, failing(refused)), { code: 'DISK_FULL' });
    await assert.rejects(makingRoom(roomThat(null), never, failing(refused)), refused);
  });

  test('is no matter of work that ends well, or that fails while there is some', async () => {
    assert.equal(await withRoom(roomThat(FULL), never, async () => 7), 7);
    const refused = new FrostbyteError('OPERATION_FAILED', 'dpkg failed');
    await assert.rejects(withRoom(roomThat(null), never, failing(refused)), refused);
  });

  test('is named where it is gone and what failed follows from that, whoever met it', async () => {
    for (const error of [
      new FrostbyteError('OPERATION_FAILED', 'dpkg failed: no space left'),
      new FrostbyteError('SERVICE_UNAVAILABLE', 'The container engine refused (500)'),
      new FrostbyteError('DISK_FULL', 'The disk of the store is full.'),
      new FrostbyteError('QUOTA_EXCEEDED', 'The disk of the store is full.'),
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
    ]) {
      await assert.rejects(withRoom(roomThat(FULL), never, failing(error)), (told: FrostbyteError) => {
        assert.equal(told.code, 'DISK_FULL');
        assert.match(told.message, /^The disk of \/var\/lib\/frostbyte is full: 0\.0 MB are left\. Free some space/);
        assert.ok(told.message.includes(error.message));
        return true;
      });
    }
  });

  test('is not blamed for what has nothing to do with it', async () => {
    const named = { details: [{ field: 'path', value: '/mnt/other', constraint: 'can be written' }] };
    for (const wrong of [
      new FrostbyteError('BUNDLE_FILE_ALTERED', 'bin/node is not what was verified.'),
      new FrostbyteError('DISK_FULL', 'The disk of /mnt/other is full.', named),
    ])
      await assert.rejects(withRoom(roomThat(FULL), never, failing(wrong)), wrong);
  });

  test('ends what waits, once a disk stays full, and says which even if it has room again by then', async () => {
    const room = roomThat(...Array<FullDisk>(15).fill(FULL), null);
    await assert.rejects(withRoom(room, never, waiting), { code: 'DISK_FULL', message: /frostbyte is full/ });
    assert.equal(room.asked, 15);
  });

  test('may be gone for a moment', async () => {
    const looks = Array.from({ length: 60 }, (_, at) => (at % 15 === 14 ? null : FULL));
    const room = roomThat(...looks, null);
    const work = async (signal: AbortSignal) => {
      while (room.asked < looks.length) await new Promise((resolve) => setImmediate(resolve));
      return signal.aborted;
    };
    assert.equal(await withRoom(room, never, work), false);
  });

  test('leaves to whoever stops an operation what he wants', async () => {
    const stop = new AbortController();
    const stopped = withRoom(roomThat(FULL), stop.signal, waiting);
    stop.abort(new Error('the operator wants it'));
    await assert.rejects(stopped, { message: 'the operator wants it' });
  });
});
