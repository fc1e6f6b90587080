import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { saveFile } from '../../../appliance/cli/save-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'save-file-'));
after(() => rmSync(folder, { recursive: true }));

test('a download becomes a new file that only its owner reads', async () => {
  const file = join(folder, 'new');
  assert.equal(await saveFile(new Response('some bytes'), file), 10);
  assert.equal(readFileSync(file, 'utf8'), 'some bytes');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a file that is there is not touched', async () => {
  const file = join(folder, 'there');
  writeFileSync(file, 'mine');
  await assert.rejects(saveFile(new Response('other'), file), { code: 'VALIDATION_ERROR' });
  assert.equal(readFileSync(file, 'utf8'), 'mine');
});

test('a place that cannot be written is said before anything is read', async () => {
  await assert.rejects(saveFile(new Response('x'), join(folder, 'no', 'file')), { code: 'VALIDATION_ERROR' });
});

test('what did not come whole is not left behind', async () => {
  const body = ReadableStream.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('the line broke');
    })(),
  );
  const file = join(folder, 'half');
  await assert.rejects(saveFile(new Response(body as ReadableStream<Uint8Array>), file), /the line broke/);
  assert.equal(existsSync(file), false);
});
