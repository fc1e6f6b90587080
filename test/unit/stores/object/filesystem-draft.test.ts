import assert from 'node:assert/strict';
import type { FileHandle } from 'node:fs/promises';
import { it } from 'node:test';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { FilesystemDraft, writeAll } from '../../../../appliance/stores/object/filesystem-draft.ts';

const SYNC_EVERY = 32 << 20;

/** A file that takes at most `most` bytes a call, and none from `full` on. */
function file(most: number, full = Number.POSITIVE_INFINITY) {
  const taken: Buffer[] = [];
  let size = 0;
  let closed = 0;
  const syncs: ('data' | 'last')[] = [];
  const disk = { failing: false };
  const handle = {
    async writev(buffers: Uint8Array[]) {
      const all = Buffer.concat(buffers).subarray(0, most);
      if (size + all.length > full) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      taken.push(all);
      size += all.length;
      return { bytesWritten: all.length, buffers };
    },
    async datasync() {
      syncs.push('data');
      if (disk.failing) throw Object.assign(new Error('lost'), { code: 'EIO' });
    },
    async sync() {
      syncs.push('last');
    },
    close: async () => {
      closed++;
    },
  } as unknown as FileHandle;
  return { handle, bytes: () => Buffer.concat(taken), closed: () => closed, syncs, disk };
}

it('short writes are continued where they stopped, across buffers', async () => {
  const buffers = ['one', '', 'twotwo', 'three'].map((text) => Buffer.from(text));
  for (const most of [1, 2, 3, 4, 100]) {
    const { handle, bytes } = file(most);
    await writeAll(handle, buffers);
    assert.equal(bytes().toString(), 'onetwotwothree', `at most ${most}`);
  }
});

it('a disk that fills up in the background fails the draft, which never becomes visible', async () => {
  const { handle, closed } = file(1 << 30, 1 << 20);
  const published: string[] = [];
  const draft = new FilesystemDraft(handle, '/nowhere/draft', async (_path, key) => {
    published.push(key);
  });
  const full = (error: unknown) => isFrostbyteError(error, 'DISK_FULL');
  await assert.rejects(async () => {
    for (let n = 0; n < 5; n++) await draft.write(Buffer.alloc(1 << 20));
    await draft.commit('raw/acme/a');
  }, full);
  await assert.rejects(draft.commit('raw/acme/a'), full);
  await draft.abort();
  assert.deepEqual(published, []);
  assert.equal(closed(), 1);
});

it('a large draft is synced while it comes in, a small one only at its end', async () => {
  const small = file(1 << 30);
  const draft = new FilesystemDraft(small.handle, '/nowhere/draft', async () => undefined, SYNC_EVERY);
  for (let n = 0; n < 20; n++) await draft.write(Buffer.alloc(1 << 20));
  await draft.end();
  assert.deepEqual(small.syncs, ['last']);

  const large = file(1 << 30);
  const long = new FilesystemDraft(large.handle, '/nowhere/draft', async () => undefined, SYNC_EVERY);
  const megabyte = Buffer.alloc(1 << 20);
  for (let n = 0; n < 100; n++) await long.write(megabyte);
  await long.end();
  assert.deepEqual(large.syncs, ['data', 'data', 'data', 'last']);
});

it('a page that the disk lost on the way fails the draft, though the last sync answers well', async () => {
  const { handle, syncs, disk, closed } = file(1 << 30);
  const draft = new FilesystemDraft(handle, '/nowhere/draft', async () => assert.fail('published'), SYNC_EVERY);
  const megabyte = Buffer.alloc(1 << 20);
  disk.failing = true;
  await assert.rejects(
    async () => {
      for (let n = 0; n < 40; n++) await draft.write(megabyte);
      await draft.commit('raw/acme/a');
    },
    (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'),
  );
  await draft.abort();
  assert.ok(syncs.includes('data'));
  assert.equal(closed(), 1);
});

it('each chunk is handed back once, when it was written', async () => {
  const { handle, bytes } = file(1 << 30);
  const draft = new FilesystemDraft(handle, '/nowhere/draft', async () => undefined);
  const back: number[] = [];
  for (let n = 0; n < 5; n++) {
    await draft.write(Buffer.alloc(700_000, n), (chunk) => {
      assert.ok(bytes().length >= (n + 1) * 700_000, 'before it was written');
      back.push(chunk[0]!);
    });
  }
  await draft.end();
  assert.deepEqual(back, [0, 1, 2, 3, 4]);
});
