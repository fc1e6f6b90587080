import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { planeFolders } from '../../../../../appliance/bin/wire/stack/plane-folders.ts';
import { loadConfig } from '../../../../../appliance/config/load.ts';
import { tenantPaths } from '../../../../../appliance/kernel/names.ts';

const UID = 7020;
const needs = { skip: process.getuid?.() === 0 ? false : 'only root gives files away' };

function world(t: TestContext, vectors: 'qdrant' | 'sqlite-vec', hasInbox: boolean) {
  const root = mkdtempSync(join(tmpdir(), 'frostbyte-folders-'));
  t.after(() => rmSync(root, { recursive: true }));
  const [data_folder, inbox] = [join(root, 'data'), join(root, 'inbox')];
  const { folder: own } = tenantPaths(data_folder, 'acme');
  for (const folder of [own, inbox]) mkdirSync(folder, { recursive: true });
  const loaded = loadConfig({ variables: {}, overrides: { data_folder } });
  const config = {
    ...loaded,
    stack: { ...loaded.stack, vectors },
    inbox: { ...loaded.inbox, folder: hasInbox ? inbox : null },
  };
  const secret = join(root, 'secret');
  writeFileSync(secret, 'of the host', { mode: 0o600 });
  return { own, drop: join(inbox, 'acme'), secret, folders: () => planeFolders(config, 'acme', UID) };
}
const rights = (path: string) => {
  const { uid, gid, mode } = statSync(path);
  return [uid, gid, (mode & 0o7777).toString(8)];
};

test('a plane without vectors in a file and without an inbox has no folder of the host', (t) => {
  assert.deepEqual(world(t, 'qdrant', false).folders(), []);
});

test('the folder of its vectors is the plane’s alone, with the files that are there', needs, (t) => {
  const { own, secret, folders } = world(t, 'sqlite-vec', false);
  writeFileSync(join(own, 'vectors.sqlite'), '');
  symlinkSync(secret, join(own, 'vectors.sqlite-wal'));
  assert.deepEqual(folders(), [{ source: own, target: '/var/lib/frostbyte' }]);
  assert.deepEqual(rights(own), [UID, UID, '700']);
  assert.equal(statSync(join(own, 'vectors.sqlite')).uid, UID);
  // A plane that plants a link gets the link.
  assert.equal(lstatSync(join(own, 'vectors.sqlite-wal')).uid, UID);
  assert.deepEqual(rights(secret), [0, 0, '600']);
});

test('an inbox stays its owner’s, with the plane’s group for all that comes into it', needs, (t) => {
  const { drop, secret, folders } = world(t, 'qdrant', true);
  mkdirSync(join(drop, 'delivery'), { recursive: true });
  symlinkSync(secret, join(drop, 'link'));
  for (let n = 0; n < 2; n++) assert.deepEqual(folders(), [{ source: drop, target: '/var/lib/frostbyte-inbox/acme' }]);
  assert.deepEqual(rights(drop), [0, UID, '2770']);
  mkdirSync(join(drop, 'next'));
  assert.equal(statSync(join(drop, 'next')).gid, UID);
  // What was sent is the sender's.
  assert.equal(statSync(join(drop, 'delivery')).gid, 0);
  assert.deepEqual(rights(secret), [0, 0, '600']);
});

test('a link in the place of a folder is refused, and what it leads to stays as it is', needs, (t) => {
  const { drop, folders } = world(t, 'qdrant', true);
  const other = `${drop}-of-another`;
  mkdirSync(other, { mode: 0o755 });
  symlinkSync(other, drop);
  assert.throws(folders, { code: 'CONFIG_INVALID', message: /must be a folder/ });
  assert.deepEqual(rights(other), [0, 0, '755']);
});
