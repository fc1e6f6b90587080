import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256Hex } from '../../../../appliance/kernel/digest.ts';
import { MODEL_LOCK } from '../../../../appliance/models/embedder/lock.ts';
import { lockedFolder, models } from '../../../../scripts/bundle/components.ts';
import { sources } from '../../../../scripts/bundle/sources.ts';
import { broughtPackages } from '../../../../scripts/licences/debian.ts';
import { judge, readPolicy } from '../../../../scripts/licences/policy.ts';
import { signatureParts } from '../../../../scripts/licences/signatures.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-components-'));
after(() => rmSync(folder, { recursive: true }));

type Files = Record<string, string | Buffer>;

const brought = (name: string, files: Files, sums: Files = files): string => {
  const at = join(folder, name);
  mkdirSync(at);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(at, file), content);
  const lines = Object.entries(sums).map(([file, content]) => `${sha256Hex(content)}  ${file}\n`);
  writeFileSync(join(at, 'SHA256SUMS'), lines.join(''));
  return at;
};
const take = (from: string | undefined) =>
  lockedFolder('signatures', 'signatures', from, 'none were brought', signatureParts);

test('a component that was not brought is declared absent, with what is lost', () => {
  assert.deepEqual(take(undefined).component, {
    name: 'signatures',
    present: false,
    version: null,
    remark: 'none were brought',
  });
});

test('a component that was brought is taken by its locked hashes alone', () => {
  const { component, inputs } = take(brought('whole', { 'main.ndb': 'a', 'daily.ndb': 'b' }));
  assert.equal(component.present, true);
  assert.deepEqual(
    inputs.map(({ path }) => path),
    ['signatures/daily.ndb', 'signatures/main.ndb'],
  );
  assert.throws(() => take(brought('changed', { 'main.ndb': 'x' }, { 'main.ndb': 'a' })), /main\.ndb is not what/);
  assert.throws(() => take(brought('missing', {}, { 'main.ndb': 'a' })), /lacks main\.ndb/);
  assert.throws(() => take(brought('extra', { 'main.ndb': 'a', more: 'b' }, { 'main.ndb': 'a' })), /more is not what/);
  mkdirSync(join(folder, 'unlocked'));
  assert.throws(() => take(join(folder, 'unlocked')), /has no SHA256SUMS/);
});

test('signatures are under what their databases say, or else their folder; silence ends the build', () => {
  const policy = readPolicy();
  const cvd = (copying: string | null) => {
    const at = mkdtempSync(join(folder, 'cvd-'));
    writeFileSync(join(at, copying === null ? 'daily.ndb' : 'COPYING'), copying ?? 'x');
    const body = execFileSync('tar', [
      '--create',
      '--gzip',
      `--directory=${at}`,
      copying === null ? 'daily.ndb' : 'COPYING',
    ]);
    return Buffer.concat([Buffer.from('ClamAV-VDB:27 Nov 2026:27433:1:90:x:y:z:0'.padEnd(512)), body]);
  };
  const gpl = 'GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\n';
  const said = take(brought('said', { 'daily.cvd': cvd(gpl), 'own.ndb': 'a', LICENCE: 'CC0 1.0 Universal\n' }));
  assert.deepEqual(
    judge(said.shipped, policy).map(({ component, licences }) => [component.name, component.version, ...licences]),
    [
      ['daily.cvd', '27433', 'GPL-2.0-only'],
      ['own.ndb', sha256Hex('a').slice(0, 16), 'CC0-1.0'],
    ],
  );
  assert.match(said.shipped[0]!.texts![0]!, /June 1991/);
  assert.ok(
    said.inputs.every(({ path }) => !path.endsWith('LICENCE')),
    'a scanner has no use for it',
  );
  const silent = take(brought('silent', { 'daily.cvd': cvd(null), 'own.ndb': 'a' }));
  assert.throws(() => judge(silent.shipped, policy), /daily\.cvd 27433: it says nothing[\s\S]*own\.ndb/);
});

test('packages of an engine are what their own files say', () => {
  const at = join(folder, 'package');
  mkdirSync(join(at, 'DEBIAN'), { recursive: true });
  mkdirSync(join(at, 'usr/share/doc/runner'), { recursive: true });
  const control =
    'Package: runner\nSource: run (1.1-2)\nVersion: 1.1-2+b1\nArchitecture: amd64\nMaintainer: x <x@y>\nDescription: x\n';
  writeFileSync(join(at, 'DEBIAN/control'), control);
  writeFileSync(join(at, 'usr/share/doc/runner/copyright'), 'Format: 1.0\n\nFiles: *\nLicense: GPL-3+ or Apache-2.0\n');
  const file = join(folder, 'runner.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', at, file], { stdio: 'ignore' });
  const [part] = broughtPackages([file], readPolicy());
  assert.deepEqual([part!.name, part!.version, part!.source], ['runner', '1.1-2+b1', 'run 1.1-2']);
  assert.deepEqual(part!.says, ['GPL-3+ or Apache-2.0']);
  assert.equal(part!.sha256, sha256Hex(readFileSync(file)));
  assert.match(part!.texts![0]!, /Files: \*/);
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

test('a source that does not lie there is offered, each once, and nothing is said to lie there that does not', () => {
  const component = (name: string, ecosystem: 'deb' | 'npm') => ({ ecosystem, name, version: '1', says: [] });
  const [offer] = sources([
    { component: { ...component('tar', 'deb'), source: 'tar 1.35' }, licences: ['GPL-3.0-or-later'] },
    { component: { ...component('tar', 'deb'), source: 'tar 1.35' }, licences: ['GPL-3.0-or-later'] },
    { component: component('redis-server', 'deb'), licences: ['AGPL-3.0-only', 'BSD-3-Clause'] },
    { component: component('hono', 'npm'), licences: ['MIT'] },
  ]);
  assert.equal(offer!.path, 'sources/OFFER.txt');
  const [, here, offered] = String(Buffer.from(offer!.from as Uint8Array)).split(/^[123]\. /m);
  assert.match(here!, /\(none\)/);
  assert.match(offered!, /does not lie here[\s\S]*redis-server 1: AGPL-3\.0-only, BSD-3-Clause[\s\S]*All others/);
  assert.equal(offered!.split('tar 1 (Debian source tar 1.35): GPL-3.0-or-later').length, 2);
  assert.ok(!offered!.includes('hono'));
});
