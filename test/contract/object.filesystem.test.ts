import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { openFilesystemObjects } from '../../appliance/stores/object/filesystem.ts';
import { objectContract } from './object.suite.ts';

objectContract('folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-'));
  return {
    store: openFilesystemObjects(folder),
    reopen: async () => openFilesystemObjects(folder),
    end: () => rm(folder, { recursive: true }),
  };
});

describe('object folder', () => {
  const within = (work: (folder: string) => Promise<void>) => async () => {
    const folder = await mkdtemp(join(tmpdir(), 'objects-'));
    try {
      await work(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const violated = (error: unknown) => isFrostbyteError(error, 'ISOLATION_VIOLATED');

  it(
    'follows no link, wherever on the path it stands',
    within(async (folder) => {
      const other = join(folder, 'other');
      const mine = join(folder, 'mine');
      await mkdir(join(other, 'acme'), { recursive: true });
      await writeFile(join(other, 'acme', 'secret'), 'of another tenant');
      const store = openFilesystemObjects(mine);
      await symlink(other, join(mine, 'raw'));
      await mkdir(join(mine, 'exports'));
      await symlink(join(other, 'acme', 'secret'), join(mine, 'exports', 'file'));
      await symlink(join(other, 'acme'), join(mine, 'exports', 'folder'));
      for (const key of ['raw/acme/secret', 'exports/file', 'exports/folder/secret']) {
        await assert.rejects(store.read(key), violated, key);
        await assert.rejects(store.get(key), violated, key);
        await assert.rejects(store.size(key), violated, key);
      }
      await assert.rejects(store.put('raw/acme/mine', Buffer.from('x')), violated);
      await assert.rejects(store.put('raw/new/mine', Buffer.from('x')), violated);
      await assert.rejects(store.delete('raw/acme/secret'), violated);
      assert.deepEqual(await readdir(join(other, 'acme')), ['secret']);
      assert.deepEqual(await readdir(other), ['acme']);
      for await (const found of store.list('')) assert.fail(found.key);
    }),
  );

  it(
    'refuses to open a folder that is a link',
    within(async (folder) => {
      await mkdir(join(folder, 'real'));
      await symlink(join(folder, 'real'), join(folder, 'link'));
      assert.throws(() => openFilesystemObjects(join(folder, 'link')), violated);
    }),
  );

  it(
    'keeps files and folders to its own user',
    within(async (folder) => {
      const store = openFilesystemObjects(join(folder, 'objects'));
      await store.put('raw/acme/a/b', Buffer.from('x'));
      assert.equal((await stat(join(folder, 'objects'))).mode & 0o777, 0o700);
      assert.equal((await stat(join(folder, 'objects/raw/acme/a'))).mode & 0o777, 0o700);
      assert.equal((await stat(join(folder, 'objects/raw/acme/a/b'))).mode & 0o777, 0o600);
    }),
  );

  it(
    'leaves no empty folder whose name is an erased document',
    within(async (folder) => {
      const store = openFilesystemObjects(folder);
      await store.put('raw/acme/doc_1/a', Buffer.from('x'));
      await store.put('raw/acme/doc_2/a', Buffer.from('x'));
      await store.delete('raw/acme/doc_1/a');
      assert.deepEqual(await readdir(join(folder, 'raw/acme')), ['doc_2']);
    }),
  );

  it(
    'reports a nearly full disk before anything breaks',
    within(async (folder) => {
      const store = openFilesystemObjects(folder, { reserveBytes: Number.MAX_SAFE_INTEGER });
      await assert.rejects(store.check(), (error) => isFrostbyteError(error, 'DISK_FULL'));
      assert.equal(await store.room(), 0);
    }),
  );

  it(
    'has room for what is free above the reserve',
    within(async (folder) => {
      const { bavail, bsize, blocks } = statfsSync(folder);
      const free = bavail * bsize;
      const near = (value: number, expected: number) =>
        assert.ok(Math.abs(value - expected) < 1 << 28, `${value} of ${expected}`);
      near(await openFilesystemObjects(folder, { reserveBytes: 0 }).room(), free);
      near(await openFilesystemObjects(folder, { reserveBytes: free / 2 }).room(), free / 2);
      near(await openFilesystemObjects(folder).room(), Math.max(0, free - Math.min(1 << 30, (blocks * bsize) / 20)));
    }),
  );

  it(
    'leaves no draft behind where a commit fails',
    within(async (folder) => {
      const store = openFilesystemObjects(folder);
      await store.put('raw/acme/a/b', Buffer.from('x'));
      const draft = await store.begin();
      await draft.write(Buffer.from('y'));
      // A folder stands where the file should go.
      await assert.rejects(draft.commit('raw/acme/a'), (error) => isFrostbyteError(error));
      assert.deepEqual(await readdir(join(folder, 'drafts')), []);
    }),
  );
});
