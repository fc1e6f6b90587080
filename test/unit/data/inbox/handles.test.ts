import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  ensureFolder,
  isSegment,
  namesIn,
  openFolder,
  openPlain,
  placeOf,
  readPlain,
  removeName,
  writeBeside,
} from '../../../../appliance/data/inbox/handles.ts';

async function folder(t: TestContext): Promise<{ path: string; handle: FileHandle }> {
  const path = mkdtempSync(join(tmpdir(), 'frostbyte-handles-'));
  const handle = await open(path);
  t.after(async () => {
    await handle.close();
    rmSync(path, { recursive: true, force: true });
  });
  return { path, handle };
}

test('a segment is one name: nothing that leaves the folder, nothing that no disk takes', () => {
  for (const good of ['a', 'a b.pdf', '...', '.hidden', 'ä\\b', 'x'.repeat(255)]) assert.ok(isSegment(good), good);
  for (const bad of ['', '.', '..', 'a/b', '/a', '../a', 'a\0', 'ä'.repeat(128), 'x'.repeat(256)])
    assert.ok(!isSegment(bad), JSON.stringify(bad));
});

test('only a regular file with one name is opened; a pipe does not block, a device is not touched', async (t) => {
  const { path, handle } = await folder(t);
  writeFileSync(join(path, 'file'), 'bytes');
  symlinkSync('file', join(path, 'link'));
  mkdirSync(join(path, 'sub'));
  execFileSync('mkfifo', [join(path, 'pipe')]);
  symlinkSync('/dev/zero', join(path, 'device'));
  writeFileSync(join(path, 'two'), 'x');
  linkSync(join(path, 'two'), join(path, 'names'));
  const { file, place } = await openPlain(handle, 'file');
  assert.deepEqual([place.kind, place.size, (await file.readFile()).toString()], ['plain', 5, 'bytes']);
  await file.close();
  for (const name of ['link', 'sub', 'pipe', 'device', 'two', 'names'])
    await assert.rejects(openPlain(handle, name), { code: 'ELOOP' }, name);
  for (const name of ['gone', '../file', '']) await assert.rejects(openPlain(handle, name), { code: 'ENOENT' }, name);
  assert.equal((await placeOf(handle, 'sub'))!.kind, 'folder');
  assert.equal(await placeOf(handle, 'gone'), null);
  assert.equal(await placeOf(handle, '../x'), null);
});

test('a print changes with every write, also one that sets the time back', async (t) => {
  const { path, handle } = await folder(t);
  writeFileSync(join(path, 'file'), 'bytes');
  const before = statSync(join(path, 'file'));
  const first = (await placeOf(handle, 'file'))!.print;
  assert.equal((await placeOf(handle, 'file'))!.print, first);
  writeFileSync(join(path, 'file'), 'other');
  execFileSync('touch', ['-d', before.mtime.toISOString(), join(path, 'file')]);
  assert.notEqual((await placeOf(handle, 'file'))!.print, first);
});

test('a folder that is swapped for a link leads nowhere else', async (t) => {
  const { path, handle } = await folder(t);
  mkdirSync(join(path, 'batch'));
  writeFileSync(join(path, 'batch', 'a'), 'ours');
  mkdirSync(join(path, 'elsewhere'));
  writeFileSync(join(path, 'elsewhere', 'a'), 'theirs');
  const batch = await openFolder(handle, 'batch');
  renameSync(join(path, 'batch'), join(path, 'moved'));
  symlinkSync('elsewhere', join(path, 'batch'));
  assert.equal((await readPlain(batch, 'a', 100))!.bytes.toString(), 'ours');
  await writeBeside(batch, 'receipt.json', Buffer.from('{}'));
  await batch.close();
  assert.deepEqual(readdirSync(join(path, 'elsewhere')), ['a']);
  assert.deepEqual(readdirSync(join(path, 'moved')).sort(), ['a', 'receipt.json']);
  await assert.rejects(openFolder(handle, 'batch'), { code: 'ENOTDIR' });
  await assert.rejects(ensureFolder(handle, 'batch'), { code: 'ENOTDIR' });
});

test('what is written is whole, in place of whatever bore the name, and leaves no half behind', async (t) => {
  const { path, handle } = await folder(t);
  writeFileSync(join(path, 'victim'), 'untouched');
  symlinkSync('victim', join(path, 'out'));
  writeFileSync(join(path, '.out.part'), 'left by a crash');
  await writeBeside(handle, 'out', Buffer.from('whole'));
  assert.equal(readFileSync(join(path, 'victim'), 'utf8'), 'untouched');
  assert.equal(readFileSync(join(path, 'out'), 'utf8'), 'whole');
  assert.equal(statSync(join(path, 'out')).mode & 0o777, 0o644);
  mkdirSync(join(path, 'taken'));
  await assert.rejects(writeBeside(handle, 'taken', Buffer.from('x')), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(path).sort(), ['out', 'taken', 'victim']);
  assert.equal(await removeName(handle, 'out'), true);
  assert.equal(await removeName(handle, 'out'), false);
  assert.equal(await removeName(handle, '../x'), false);
});

test('names are read up to a limit, hidden ones not at all; a file beyond its limit is not read', async (t) => {
  const { path, handle } = await folder(t);
  for (const name of ['a', 'b', 'c', '.hidden']) writeFileSync(join(path, name), name);
  const all = await namesIn(handle, 3);
  assert.deepEqual([all.names.map(({ name }) => name).sort(), all.cut], [['a', 'b', 'c'], false]);
  const some = await namesIn(handle, 2);
  assert.deepEqual([some.names.length, some.cut], [2, true]);
  assert.equal(await readPlain(handle, 'a', 0), null);
});
