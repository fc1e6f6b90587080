import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256Hex } from '../../../../appliance/kernel/digest.ts';
import { MODEL_LOCK } from '../../../../appliance/models/embedder/lock.ts';
import { lockedFolder, models } from '../../../../scripts/bundle/components.ts';
import { sources } from '../../../../scripts/bundle/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-components-'));
after(() => rmSync(folder, { recursive: true }));

const brought = (name: string, files: Record<string, string>, sums: Record<string, string> = files): string => {
  const at = join(folder, name);
  mkdirSync(at);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(at, file), content);
  const lines = Object.entries(sums).map(([file, content]) => `${sha256Hex(content)}  ${file}\n`);
  writeFileSync(join(at, 'SHA256SUMS'), lines.join(''));
  return at;
};
const take = (from: string | undefined) =>
  lockedFolder('signatures', 'signatures', from, 'none were brought', 'GPL-2.0-only');

test('a component that was not brought is declared absent, with what is lost', () => {
  assert.deepEqual(take(undefined).component, {
    name: 'signatures',
    present: false,
    version: null,
    remark: 'none were brought',
  });
});

test('a component that was brought is taken by its locked hashes alone', () => {
  const { component, inputs } = take(brought('whole', { 'main.cvd': 'a', 'daily.cvd': 'b' }));
  assert.equal(component.present, true);
  assert.deepEqual(
    inputs.map(({ path }) => path),
    ['signatures/daily.cvd', 'signatures/main.cvd'],
  );
  assert.throws(() => take(brought('changed', { 'main.cvd': 'x' }, { 'main.cvd': 'a' })), /main\.cvd is not what/);
  assert.throws(() => take(brought('missing', {}, { 'main.cvd': 'a' })), /lacks main\.cvd/);
  assert.throws(() => take(brought('extra', { 'main.cvd': 'a', more: 'b' }, { 'main.cvd': 'a' })), /more is not what/);
  mkdirSync(join(folder, 'unlocked'));
  assert.throws(() => take(join(folder, 'unlocked')), /has no SHA256SUMS/);
});

test('models that are not there are declared absent; one that is damaged is an error', async () => {
  const none = await models([], join(folder, 'models'));
  assert.deepEqual(
    none.map(({ component }) => [component.name, component.present]),
    MODEL_LOCK.models.map(({ name }) => [name, false]),
  );
  const { name, files } = MODEL_LOCK.models[0]!;
  mkdirSync(join(folder, 'damaged', name), { recursive: true });
  writeFileSync(join(folder, 'damaged', name, files[0]!.name), 'not it');
  await assert.rejects(models([], join(folder, 'damaged')), /is damaged/);
  assert.equal((await models([name], join(folder, 'damaged')))[0]!.component.present, false);
});

test('sources under other licences than the AGPL are offered, each once', () => {
  const component = (name: string, ecosystem: 'deb' | 'npm') => ({ ecosystem, name, version: '1', says: [] });
  const [offer] = sources([
    { component: component('tar', 'deb'), licences: ['GPL-3.0-or-later'] },
    { component: component('tar', 'deb'), licences: ['GPL-3.0-or-later'] },
    { component: component('hono', 'npm'), licences: ['MIT'] },
  ]);
  assert.equal(offer!.path, 'sources/OFFER.txt');
  const text = String(Buffer.from(offer!.from as Uint8Array));
  assert.equal(text.split('tar 1: GPL-3.0-or-later').length, 2);
  assert.ok(!text.includes('hono'));
});
