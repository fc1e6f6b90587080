import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesToSend, folderEntries } from '../../../../appliance/data/1-intake/folder-entries.ts';
import { buildManifest, checkManifest } from '../../../../appliance/data/1-intake/manifest-check.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';

/** A folder with two files, and a link, a socket, a subfolder and a hidden file as asked. */
async function folder(t: TestContext, ...more: ('link' | 'socket')[]): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'frostbyte-folder-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const name of ['b.txt', 'a.txt', '.hidden']) writeFileSync(join(path, name), name);
  mkdirSync(join(path, 'sub'));
  if (more.includes('link')) symlinkSync('/etc/passwd', join(path, 'link.txt'));
  if (more.includes('socket')) {
    const server = createServer();
    t.after(() => server.close());
    await new Promise<void>((done) => server.listen(join(path, 'socket.txt'), done));
  }
  return path;
}

const refusal = async (work: Promise<unknown>): Promise<FrostbyteError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof FrostbyteError && error.code === 'VALIDATION_ERROR', String(error));
  return error;
};

test('everything in a folder is told apart by what it is, and nothing is followed', async (t) => {
  assert.deepEqual(await folderEntries(await folder(t, 'link', 'socket')), {
    files: ['a.txt', 'b.txt'],
    links: ['link.txt'],
    folders: ['sub'],
    specials: ['socket.txt'],
    hidden: ['.hidden'],
  });
});

test('a manifest counts as none of its files, but a link of its name does', async (t) => {
  const path = await folder(t);
  writeFileSync(join(path, 'manifest.json'), '{}');
  assert.deepEqual((await folderEntries(path)).files, ['a.txt', 'b.txt']);
  rmSync(join(path, 'manifest.json'));
  symlinkSync('a.txt', join(path, 'manifest.json'));
  assert.deepEqual((await folderEntries(path)).links, ['manifest.json']);
});

test('a folder with links and devices is refused as a whole, each by its name', async (t) => {
  const { details } = await refusal(filesToSend(await folder(t, 'link', 'socket')));
  assert.deepEqual(
    details.map(({ value }) => value),
    ['link.txt', 'socket.txt'],
  );
  await refusal(buildManifest(await folder(t, 'link'), 'acme', 'b'));
  assert.deepEqual(await filesToSend(await folder(t)), ['a.txt', 'b.txt']);
});

test('a folder that cannot be read or holds nothing is refused with its path and the reason', async (t) => {
  const path = await folder(t);
  for (const [dir, reason] of [
    [join(path, 'none'), /ENOENT/],
    [join(path, 'a.txt'), /ENOTDIR/],
    [join(path, 'sub'), /subfolders are not sent/],
  ] as const) {
    const { details } = await refusal(filesToSend(dir));
    assert.equal(details[0]?.value, dir);
    assert.match(details[0]!.constraint, reason);
  }
});

test('a check of the sender names a link that the manifest does not, like any file', async (t) => {
  const path = await folder(t);
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(await buildManifest(path, 'acme', 'b')));
  symlinkSync('/etc/passwd', join(path, 'link.txt'));
  assert.deepEqual(
    (await checkManifest(path)).problems.map(({ filename, code }) => [filename, code]),
    [['link.txt', 'MANIFEST_INVALID']],
  );
});
