import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { notSent } from '../../../appliance/cli/not-sent.ts';

const named = (...names: string[]) =>
  ({ files: names.map((filename) => ({ filename })) }) as Parameters<typeof notSent>[1];

test('what stays behind is said, a line a kind, and what is sent is not', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'frostbyte-folder-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const name of ['a.txt', 'b.txt', 'c\u001b[2Jd.txt', '.hidden', '.sent', 'manifest.json'])
    writeFileSync(join(path, name), '');
  for (let i = 1; i <= 7; i++) mkdirSync(join(path, `sub${i}`));
  symlinkSync('a.txt', join(path, 'link.txt'));
  assert.deepEqual(await notSent(path, named('a.txt', '.sent')), [
    'not sent (not in the manifest): b.txt, c\\u001b[2Jd.txt',
    'not sent (a subfolder): sub1, sub2, sub3, sub4, sub5 and 2 more',
    'not sent (a link): link.txt',
    'not sent (hidden): .hidden',
  ]);
});
