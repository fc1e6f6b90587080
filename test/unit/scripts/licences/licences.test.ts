import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../../../scripts/images/recipe.ts';
import { machineReadable } from '../../../../scripts/licences/debian.ts';
import { standardLibrary } from '../../../../scripts/licences/go.ts';
import { npmComponents } from '../../../../scripts/licences/npm.ts';
import { atomsOf, type Component, judge, readPolicy } from '../../../../scripts/licences/policy.ts';
import { mergeJudged, purlOf, writeSbom } from '../../../../scripts/licences/sbom.ts';
import { licenceTexts } from '../../../../scripts/licences/texts.ts';

const policy = readPolicy();
const component = (name: string, ...says: string[]): Component => ({ ecosystem: 'npm', name, version: '1.0.0', says });

test('every npm package that ships has a licence that may ship', () => {
  const judged = judge(npmComponents(), policy);
  const names = judged.map((one) => one.component.name);
  assert.ok(names.includes('hono') && names.includes('zod'));
  assert.ok(!names.includes('typescript'), 'what only builds does not ship');
});

test('every npm package, and what it holds inside a binary, comes with the text of its licence and a hash of the lock', () => {
  const parts = npmComponents();
  const names = parts.map(({ name }) => name);
  for (const inside of ['pdfium', 'tesseract', 'leptonica', 'sqlite']) assert.ok(names.includes(inside), inside);
  for (const { name, ecosystem, sha512 } of parts)
    if (ecosystem === 'npm') assert.match(sha512 ?? '', /^[0-9a-f]{128}$/, name);
  const texts = licenceTexts(judge(parts, policy)).map(({ path, from }) => ({ path, text: String(from) }));
  assert.deepEqual(
    texts.map(({ path }) => path),
    ['sources/licences/npm.txt', 'sources/licences/generic.txt'],
  );
  const [npm, inside] = texts.map(({ text }) => text);
  assert.match(npm!, /onnxruntime-node [\d.]+: MIT\n={100}\n\nCopyright \(c\) Microsoft/);
  assert.match(inside!, /Redistributions in binary form must reproduce/);
  const sbom = JSON.parse(
    writeSbom({ name: 'x', version: '1', type: 'application', built_at: 1 }, judge(parts, policy)),
  );
  const hono = sbom.components.find(({ name }: { name: string }) => name === 'hono');
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const integrity = lock.packages['node_modules/hono'].integrity as string;
  assert.equal(hono.hashes[0].alg, 'SHA-512');
  assert.equal(`sha512-${Buffer.from(hono.hashes[0].content, 'hex').toString('base64')}`, integrity);
});

test('parts without the text of a licence are all named, and do not ship', () => {
  const bare = { component: component('bare', 'MIT'), licences: ['MIT'] };
  const whole = {
    component: { ...component('whole', 'MIT'), texts: ['Permission is hereby granted'] },
    licences: ['MIT'],
  };
  const program = (licence: string) => ({
    component: { ...component(licence, licence), ecosystem: 'generic' as const },
    licences: [licence],
  });
  assert.throws(
    () =>
      licenceTexts([
        bare,
        whole,
        { ...bare, component: { ...component('blank', 'MIT'), texts: [' \n'] } },
        program('MPL-2.0'),
      ]),
    ({ message }: Error) =>
      message.startsWith('3 part(s)') && ['npm/bare', 'npm/blank', 'MPL-2.0'].every((name) => message.includes(name)),
  );
  const standard = licenceTexts([
    whole,
    { ...whole, component: { ...whole.component, name: 'twin' } },
    program('Apache-2.0'),
  ]);
  assert.match(
    String(standard[0]!.from),
    /twin 1\.0\.0: MIT\nwhole 1\.0\.0: MIT\n=+\n\nPermission is hereby granted\n$/,
  );
  assert.match(String(standard[1]!.from), /Apache License/);
});

test('whose a package without a text is stands in it, and where the text was found stands beside it', (t) => {
  // What the packages themselves say, where they are installed.
  for (const [name, file] of [
    ['@hono/zod-openapi', 'README.md'],
    ['@hono/zod-validator', 'README.md'],
    ['sqlite-vec', 'package.json'],
    ['sqlite-vec-linux-x64', 'package.json'],
  ] as const) {
    const says = readFileSync(join(ROOT, 'node_modules', name, file), 'utf8');
    const [author] = /Yusuke Wada|Alex Garcia/.exec(says) ?? [];
    const { notice } = policy.texts[`npm/${name}`]!;
    assert.ok(author !== undefined && notice.includes(author), name);
    // A year that stands nowhere is nobody's.
    if (name.startsWith('@hono/')) assert.doesNotMatch(notice, /\d{4}/);
  }
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { from: _, ...unsaid } = policy.texts['npm/sqlite-vec']!;
  const file = join(folder, 'licences.json');
  writeFileSync(file, JSON.stringify({ ...policy, texts: { 'npm/sqlite-vec': unsaid } }));
  assert.throws(() => readPolicy(file), /"from"/);
});

test('unknown, unfit and missing licences are all named at once', () => {
  const wrong = [
    component('ours', 'MIT'),
    component('strange', 'Do-What-We-Say-1.0'),
    component('closed', 'MIT AND SSPL-1.0'),
    component('silent'),
  ];
  assert.throws(
    () => judge(wrong, policy),
    ({ message }: Error) =>
      message.startsWith('3 licence(s)') &&
      /strange 1\.0\.0: its licence is not known: Do-What-We-Say-1\.0/.test(message) &&
      /closed 1\.0\.0: SSPL-1\.0 may not ship/.test(message) &&
      /silent 1\.0\.0: it says nothing/.test(message) &&
      !message.includes('ours'),
  );
});

test('the library of Go is a part of what it compiled, under the name that known holes are listed by', (t) => {
  const told = '/cache/minio: go1.26.8\n\tpath\tgithub.com/minio/minio\n\tdep\tgithub.com/minio/pkg/v3\tv3.1.3\n';
  const root = mkdtempSync(join(tmpdir(), 'frostbyte-go-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'LICENSE'), 'as Go has it');
  // Whoever runs tests need not have the compiler.
  const component = standardLibrary(told, () => root);
  assert.deepEqual(component.texts, ['as Go has it']);
  assert.equal(purlOf(component), 'pkg:golang/stdlib@1.26.8');
  assert.deepEqual(judge([component], readPolicy())[0]!.licences, ['BSD-3-Clause']);
  assert.throws(() => standardLibrary('/bin/sh: not a Go executable'), /does not say/);
});

test('a licence is taken apart into those it is made of', () => {
  assert.deepEqual(atomsOf('(MIT OR CC0-1.0)'), ['MIT', 'CC0-1.0']);
  assert.deepEqual(atomsOf('GPL-1+ or Artistic, and Expat'), ['GPL-1+', 'Artistic', 'Expat']);
  assert.deepEqual(atomsOf('GPL-2+ with Libtool exception and GPL-3+'), ['GPL-2+', 'GPL-3+']);
  assert.deepEqual(judge([component('both', 'Expat or GPL-2+')], policy)[0]!.licences, ['GPL-2.0-or-later', 'MIT']);
});

test('Debian’s copyright files are read where a program can read them', () => {
  const text = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    '',
    'Files: *',
    'License: GPL-2+',
    '',
    'Files: debian/*',
    'License: Expat',
    ' Permission is hereby granted',
    '',
    'License:',
    ' A text under no name',
  ].join('\n');
  assert.deepEqual(machineReadable(text), ['Expat', 'GPL-2+']);
  assert.deepEqual(machineReadable('This package was debianized by hand.\nLicense: GPL'), []);
});

test('a bill of materials is the same for the same parts, in whatever order, and another for others', () => {
  const [a, b] = judge(
    [component('b', 'MIT'), { ...component('a', 'ISC'), ecosystem: 'deb', arch: 'amd64', sha256: 'ab'.repeat(32) }],
    policy,
  );
  const subject = { name: 'frostbyte', version: '1.2.3', type: 'application', built_at: 1_790_000_000 } as const;
  const text = writeSbom(subject, [a!, b!]);
  assert.equal(writeSbom(subject, [b!, a!]), text);
  const bom = JSON.parse(text);
  assert.deepEqual(
    [bom.bomFormat, bom.specVersion, bom.metadata.timestamp],
    ['CycloneDX', '1.6', '2026-09-21T14:13:20.000Z'],
  );
  assert.deepEqual(
    bom.components.map(({ purl }: { purl: string }) => purl),
    ['pkg:deb/debian/a@1.0.0?arch=amd64', 'pkg:npm/b@1.0.0'],
  );
  assert.notEqual(JSON.parse(writeSbom(subject, [a!])).serialNumber, bom.serialNumber);
  assert.deepEqual(mergeJudged([[a!, b!], [b!]]), [a, b]);
  assert.equal(
    purlOf({ ecosystem: 'deb', name: 'libstdc++6', version: '1:14+b1', arch: 'amd64', says: [] }),
    'pkg:deb/debian/libstdc%2B%2B6@1:14%2Bb1?arch=amd64',
  );
});
