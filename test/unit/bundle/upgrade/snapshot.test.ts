import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { putBack } from '../../../../appliance/bundle/upgrade/snapshot/put-back.ts';
import {
  copyOf,
  type DataPlace,
  makeSnapshotFolder,
  noteSnapshot,
  removeSnapshot,
  snapshotAt,
} from '../../../../appliance/bundle/upgrade/snapshot/snapshot.ts';
import { bytesToCopy, type CopyRun, takeCopy } from '../../../../appliance/bundle/upgrade/snapshot/take-copy.ts';
import { needsRoot as skip } from '../../../support/host-world.ts';

let root: string;
let place: DataPlace;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-snapshot-'));
  folder = join(root, 'snapshot');
  place = { name: 'data', path: join(root, 'live'), without: ['left', 'deep/left'] };
  for (const [path, text] of [
    ['rows', 'row 1\n'],
    ['objects/a/one', 'one'],
    ['objects/b/two', 'two'],
    ['deep/kept', 'kept'],
    ['deep/left', 'not ours'],
    ['left/records', 'of what was done'],
  ] as const) {
    mkdirSync(join(place.path, path, '..'), { recursive: true });
    writeFileSync(join(place.path, path), text);
  }
  chmodSync(join(place.path, 'rows'), 0o640);
  chmodSync(join(place.path, 'objects/a'), 0o2750);
  symlinkSync('rows', join(place.path, 'newest'));
  if (!skip) for (const path of ['rows', 'objects/a', 'newest']) lchownSync(join(place.path, path), 5432, 9000);
  makeSnapshotFolder(folder);
});
afterEach(() => rmSync(root, { recursive: true }));

const run: CopyRun = {
  signal: new AbortController().signal,
  copied: () => undefined,
  syncDisk: async () => undefined,
};
const live = (path: string) => join(place.path, path);

/** Names, modes, owners, times of files, and content. */
function now(): string[] {
  return readdirSync(place.path, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { mode, uid, gid, mtimeMs } = lstatSync(file);
      const about = `${file.slice(place.path.length)} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
      if (entry.isSymbolicLink()) return `${about} -> ${readlinkSync(file)}`;
      return entry.isDirectory() ? about : `${about} ${Math.round(mtimeMs)} ${readFileSync(file, 'utf8')}`;
    })
    .sort();
}

describe('a snapshot', { skip }, () => {
  test('is taken once, and then of what changed alone', async () => {
    assert.equal(bytesToCopy(folder, place), 16);
    assert.equal(await takeCopy(folder, place, run), 16);
    assert.equal(await takeCopy(folder, place, run), 0);
    appendFileSync(live('rows'), 'row 2\n');
    rmSync(live('objects/b'), { recursive: true });
    writeFileSync(live('new'), 'new');
    assert.equal(bytesToCopy(folder, place), 15);
    assert.equal(await takeCopy(folder, place, run), 15);
    const copy = copyOf(folder, place);
    assert.equal(readFileSync(join(copy, 'rows'), 'utf8'), 'row 1\nrow 2\n');
    assert.deepEqual([existsSync(join(copy, 'objects/b')), existsSync(join(copy, 'left'))], [false, false]);
  });

  test('sees what was written under the same size and time', async () => {
    await takeCopy(folder, place, run);
    const { atime, mtime } = lstatSync(live('rows'));
    writeFileSync(live('rows'), 'row 9\n');
    utimesSync(live('rows'), atime, mtime);
    await takeCopy(folder, place, run);
    assert.equal(readFileSync(join(copyOf(folder, place), 'rows'), 'utf8'), 'row 9\n');
  });

  test('makes all of it as it was, whatever was done with it, and leaves alone what is left out', async () => {
    const before = now();
    await takeCopy(folder, place, run);
    assert.equal(await putBack(folder, place, run), 0, 'nothing was touched');
    writeFileSync(live('rows'), 'of another release');
    rmSync(live('objects'), { recursive: true });
    writeFileSync(live('objects'), 'a file where a folder was');
    rmSync(live('newest'));
    symlinkSync('nowhere', live('newest'));
    rmSync(live('deep/kept'));
    mkdirSync(live('deep/kept'));
    mkdirSync(live('added/further'), { recursive: true });
    writeFileSync(live('added/further/file'), 'x');
    assert.ok((await putBack(folder, place, run)) >= 8);
    assert.deepEqual(now(), before);
    assert.equal((await putBack(folder, place, run)) > 0, true, 'and once more, by the copy');
    assert.deepEqual(now(), before);
    writeFileSync(live('left/records'), 'of what was done, and of this');
    await putBack(folder, place, run);
    assert.match(readFileSync(live('left/records'), 'utf8'), /and of this$/);
  });

  test('that was ended in the middle is gone on with, both ways', async () => {
    const before = now();
    const ended = new AbortController();
    ended.abort();
    for (let n = 0; n < 1000; n++) writeFileSync(live(`objects/a/${n}`), `${n}`);
    await assert.rejects(takeCopy(folder, place, { ...run, signal: ended.signal }));
    await takeCopy(folder, place, run);
    const whole = now();
    assert.notDeepEqual(whole, before);
    for (let n = 0; n < 1000; n++) rmSync(live(`objects/a/${n}`));
    await assert.rejects(putBack(folder, place, { ...run, signal: ended.signal }));
    await putBack(folder, place, run);
    assert.deepEqual(now(), whole);
  });

  test('is believed only once it was said to be one, and a half one is begun anew', async () => {
    await takeCopy(folder, place, run);
    assert.equal(snapshotAt(folder), null);
    makeSnapshotFolder(folder);
    assert.deepEqual(readdirSync(folder), [], 'what nobody spoke for is no copy');
    await takeCopy(folder, place, run);
    noteSnapshot(folder, { places: [place], is_settled: true });
    makeSnapshotFolder(folder);
    assert.equal(snapshotAt(folder)?.is_settled, true);
    writeFileSync(join(folder, 'snapshot.json'), 'torn');
    assert.throws(() => snapshotAt(folder), { code: 'STORE_CORRUPTED', message: /Nothing was put back/ });
    removeSnapshot(folder);
    assert.equal(existsSync(folder), false);
    removeSnapshot(folder);
  });

  test('whose place or copy is gone is said to be, and nothing is removed for it', async () => {
    await assert.rejects(putBack(folder, place, run), { code: 'OPERATION_FAILED', message: /is not there/ });
    await takeCopy(folder, place, run);
    renameSync(join(copyOf(folder, place), 'rows'), join(root, 'stolen'));
    writeFileSync(live('rows'), 'of another release');
    await assert.rejects(putBack(folder, place, run), { code: 'OPERATION_FAILED', message: /rows is not there/ });
    renameSync(join(root, 'stolen'), join(copyOf(folder, place), 'rows'));
    await putBack(folder, place, run);
    assert.equal(readFileSync(live('rows'), 'utf8'), 'row 1\n');
  });
});
