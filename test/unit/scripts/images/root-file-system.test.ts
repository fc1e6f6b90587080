import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { removeFrom, tidyModes } from '../../../../scripts/images/root-file-system.ts';

let work: string;
let root: string;
/** What a link in the image points at, as `/run` is to `var/run`: on the host it is the host's. */
let hosts: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'frostbyte-root-'));
  root = join(work, 'root');
  hosts = join(work, 'hosts');
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  mkdirSync(hosts);
  writeFileSync(join(hosts, 'file'), '');
  chmodSync(join(hosts, 'file'), 0o4777);
  symlinkSync(hosts, join(root, 'run'));
  symlinkSync(join(hosts, 'file'), join(root, 'link'));
});
afterEach(() => rmSync(work, { recursive: true }));

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('no program keeps the right to run as somebody else, and nothing may be written by all', () => {
  const [su, wall, shared] = ['su', 'wall', 'shared'].map((name) => join(root, 'usr/bin', name)) as [
    string,
    string,
    string,
  ];
  for (const [path, mode] of [
    [su, 0o4755],
    [wall, 0o2755],
    [shared, 0o666],
  ] as const) {
    writeFileSync(path, '');
    chmodSync(path, mode);
  }
  tidyModes(root);
  assert.deepEqual([su, wall, shared].map(modeOf), [0o755, 0o755, 0o644]);
});

test('links are not followed: what they point at is the host’s', () => {
  tidyModes(root);
  assert.equal(modeOf(join(hosts, 'file')), 0o4777);
  assert.throws(() => removeFrom(root, ['run/*']), /run\/\* leads out of the image/);
  removeFrom(root, ['/link', '/run']);
  assert.ok(existsSync(join(hosts, 'file')));
  assert.ok(!existsSync(join(root, 'run')));
});

test('what a pattern matches is removed, folders whole', () => {
  mkdirSync(join(root, 'usr/lib/a/b'), { recursive: true });
  writeFileSync(join(root, 'usr/lib/a/b/c'), '');
  removeFrom(root, ['/usr/lib/*', 'nothing/at/all']);
  assert.ok(!existsSync(join(root, 'usr/lib/a')));
  assert.ok(existsSync(join(root, 'usr/bin')));
});
