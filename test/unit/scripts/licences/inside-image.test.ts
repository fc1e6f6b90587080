import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { blobPath } from '../../../../appliance/bundle/format/oci.ts';
import { componentsOf } from '../../../../scripts/bundle/boms.ts';
import { sources } from '../../../../scripts/bundle/sources.ts';
import { type ForeignImage, readLock } from '../../../../scripts/images/lock.ts';
import { judge, readPolicy } from '../../../../scripts/licences/policy.ts';
import { purlOf, writeSbom } from '../../../../scripts/licences/sbom.ts';
import { licenceTexts } from '../../../../scripts/licences/texts.ts';

/** Images of others, made up: what is in them is found in their layers, and judged. */

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-inside-'));
after(() => rmSync(folder, { recursive: true }));

const IMAGE: ForeignImage = {
  name: 'vectors',
  source: 'registry',
  repository: 'others/vectors',
  version: 'v1.2.3',
  licence: 'Apache-2.0',
  manifest_digest: null,
  config_digest: null,
  size: null,
};
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const policy = readPolicy();

type Content = string | { text: string; mode: number } | { link: string } | { same: string };
const run = (text: string): Content => ({ text, mode: 0o755 });
const PACKERS = { plain: (tar: Buffer) => tar, gzip: gzipSync, zstd: zstdCompressSync } as const;

/** An image of such layers, as a registry gives one; each is packed as its first word says. */
function image(...layers: [pack: keyof typeof PACKERS, files: Record<string, Content>][]) {
  const at = mkdtempSync(join(folder, 'image-'));
  mkdirSync(join(at, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Buffer) => {
    const digest = `sha256:${sha256(bytes)}`;
    writeFileSync(join(at, blobPath(digest)), bytes);
    return { mediaType: 'application/octet-stream', digest, size: bytes.length };
  };
  const put_layers = layers.map(([pack, files], n) => {
    const root = join(at, `root-${n}`);
    mkdirSync(root);
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'string') writeFileSync(file, content);
      else if ('link' in content) symlinkSync(content.link, file);
      else if ('same' in content) linkSync(join(root, content.same), file);
      else writeFileSync(file, content.text, { mode: content.mode });
    }
    // Builders write one form, distributions' tools the other.
    const format = pack === 'zstd' ? '--format=gnu' : '--format=posix';
    const words = ['--create', format, '--sort=name', `--directory=${root}`, '.'];
    return put(Buffer.from(PACKERS[pack](execFileSync('tar', words, { maxBuffer: 16 << 20 }))));
  });
  const rootfs = { type: 'layers', diff_ids: put_layers.map(({ digest }) => digest) };
  const config = put(Buffer.from(JSON.stringify({ rootfs })));
  const manifest = put(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: put_layers })));
  return { folder: at, tag: 'frostbyte.local/vectors:1', manifest_digest: manifest.digest };
}

const components = (built: ReturnType<typeof image>) => componentsOf({ image: IMAGE, built }, readLock(), policy);
const named = (list: Awaited<ReturnType<typeof components>>) => list.map((one) => purlOf(one));

const paragraph = (name: string, version: string, more = '') =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n${more}Description: x\n y\n`;
const copyright = (...licences: string[]) =>
  [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    ...licences.map((one) => `\nFiles: *\nLicense: ${one}`),
    '',
  ].join('\n');

const OWN = '\x7fELF what others made';
const DEEP = `opt/${'a-very-long-name-of-a-folder/'.repeat(5)}tool`;
const DEBIAN = () =>
  image(
    [
      'gzip',
      {
        'var/lib/dpkg/status': [
          paragraph('libc6', '2.41-12', 'Source: glibc\n'),
          paragraph('libgcc-s1', '14.2.0-19', 'Source: gcc-14 (14.2.0-20)\n'),
          paragraph('gone', '1').replace('install ok installed', 'deinstall ok config-files'),
        ].join('\n'),
        'var/lib/dpkg/info/libc6:amd64.list': '/.\n/lib/x86_64-linux-gnu/libc.so.6\n/usr/bin/getent\n',
        'var/lib/dpkg/info/libc6:amd64.postinst': run('#!/bin/sh\n'),
        'usr/lib/x86_64-linux-gnu/libc.so.6': '\x7fELF libc',
        'usr/bin/getent': run('\x7fELF getent'),
        'usr/share/doc/libc6/copyright': copyright('LGPL-2.1+', 'BSD-3-clause'),
        'usr/share/doc/libgcc-s1': { link: 'gcc-14-base' },
        'usr/share/doc/gcc-14-base/copyright': 'GCC is under the GNU General Public License.\n',
        'usr/lib/os-release': 'PRETTY_NAME="Debian"\nID=debian\n',
        'etc/os-release': { link: '../usr/lib/os-release' },
        'opt/old/tool': run('an old one'),
        'opt/tool': run('another old one'),
      },
    ],
    [
      'zstd',
      {
        'opt/.wh.tool': '',
        'opt/old/.wh..wh..opq': '',
        'opt/old/newer': run('a newer one'),
        [DEEP]: run('deep'),
        'vectors/vectors': run(OWN),
        'vectors/again': { same: 'vectors/vectors' },
        'vectors/settings.yaml': 'plain: yes\n',
      },
    ],
  );

describe('an image of others', () => {
  test('is a part for each package that it holds, and one for what belongs to none', async () => {
    const built = DEBIAN();
    const found = await components(built);
    assert.deepEqual(named(found), [
      'pkg:deb/debian/libc6@2.41-12?arch=amd64',
      'pkg:deb/debian/libgcc-s1@14.2.0-19?arch=amd64',
      'pkg:generic/vectors@v1.2.3',
    ]);
    const own = found.at(-1)!;
    assert.equal(`sha256:${own.sha256}`, built.manifest_digest);
    assert.deepEqual(
      own.programs,
      [
        [DEEP, 'deep'],
        ['opt/old/newer', 'a newer one'],
        ['vectors/again', OWN],
        ['vectors/vectors', OWN],
      ].map(([path, text]) => ({ path: `/${path}`, sha256: sha256(text!) })),
    );
  });

  test('comes with licences, texts and the offer of sources for all of them', async () => {
    const judged = judge(await components(DEBIAN()), policy);
    assert.deepEqual(
      judged.map(({ licences }) => licences),
      [['BSD-3-Clause', 'LGPL-2.1-or-later'], ['GPL-3.0-or-later'], ['Apache-2.0']],
    );
    const bom = JSON.parse(writeSbom({ name: 'x', version: '1', type: 'container', built_at: 1 }, judged));
    const [libc, , own] = bom.components;
    assert.deepEqual(libc.licenses, [{ license: { id: 'BSD-3-Clause' } }, { license: { id: 'LGPL-2.1-or-later' } }]);
    assert.deepEqual(own.components.at(-1), {
      type: 'file',
      name: '/vectors/vectors',
      hashes: [{ alg: 'SHA-256', content: sha256(OWN) }],
    });
    const offer = String(sources(judged).at(-1)!.from);
    assert.match(offer, /^ {2}libc6 2\.41-12 \(Debian source glibc 2\.41-12\): BSD-3-Clause, LGPL-2\.1-or-later$/m);
    assert.match(offer, /^ {2}libgcc-s1 14\.2\.0-19 \(Debian source gcc-14 14\.2\.0-20\): GPL-3\.0-or-later$/m);
    const texts = licenceTexts(judged).map(({ path, from }) => `${path}\n${from}`);
    assert.match(texts[0]!, /libgcc-s1 14\.2\.0-19: GPL-3\.0-or-later\n=+\n\nGCC is under the GNU General/);
    assert.match(texts[1]!, /^vectors v1\.2\.3: Apache-2\.0$/m);
  });

  test('ships with no part whose licence is unknown, unfit or not said: each is named', async () => {
    const found = await components(
      image([
        'plain',
        {
          'var/lib/dpkg/status': ['strange', 'closed', 'silent', 'fit'].map((one) => paragraph(one, '1')).join('\n'),
          'usr/share/doc/strange/copyright': copyright('Do-What-We-Say-1.0'),
          'usr/share/doc/closed/copyright': copyright('Expat', 'SSPL-1.0'),
          'usr/share/doc/fit/copyright': copyright('Expat'),
        },
      ]),
    );
    assert.throws(
      () => judge(found, policy),
      ({ message }: Error) =>
        message.startsWith('3 licence(s)') &&
        /strange 1: its licence is not known: Do-What-We-Say-1\.0/.test(message) &&
        /closed 1: SSPL-1\.0 may not ship/.test(message) &&
        /silent 1: it says nothing/.test(message),
    );
  });

  test('without a shell says its packages in a file each, and one of Alpine in a list of its own', async () => {
    const shellless = await components(
      image([
        'gzip',
        {
          'var/lib/dpkg/status.d/base-files': 'Package: base-files\nVersion: 12.4\nArchitecture: amd64\n',
          'var/lib/dpkg/status.d/base-files.md5sums': `${'0'.repeat(32)}  usr/bin/tool\n`,
          'usr/share/doc/base-files/copyright': copyright('GPL-2+'),
          'usr/share/common-licenses/GPL-2': 'the GNU General Public License, version 2',
          'usr/bin/tool': run('a tool'),
        },
      ]),
    );
    assert.deepEqual(named(shellless), ['pkg:deb/debian/base-files@12.4?arch=amd64', 'pkg:generic/vectors@v1.2.3']);
    assert.deepEqual(shellless[1]!.programs, []);
    assert.ok(shellless[0]!.texts!.includes('the GNU General Public License, version 2'));
    const alpine = await components(
      image([
        'gzip',
        {
          'lib/apk/db/installed': 'P:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld-musl.so\n\nP:gone\n',
          'etc/os-release': 'ID=alpine\n',
          'lib/ld-musl.so': run('\x7fELF musl'),
          'usr/share/licenses/musl/COPYRIGHT': 'musl is under the MIT License',
          'app/serve': run('#!/bin/sh\n'),
        },
      ]),
    );
    assert.deepEqual(named(alpine).slice(0, 1), ['pkg:apk/alpine/musl@1.2.5-r9?arch=x86_64']);
    assert.deepEqual([alpine[0]!.says, alpine[0]!.texts], [['MIT'], ['musl is under the MIT License']]);
    assert.deepEqual(
      alpine.at(-1)!.programs!.map(({ path }) => path),
      ['/app/serve'],
    );
    assert.throws(() => judge(alpine, policy), /1 licence\(s\)[\s\S]*gone {2}: it says nothing|gone : it says nothing/);
  });

  test('is refused where its packages cannot be read, or a layer is cut', async () => {
    const rpm = image(['gzip', { 'var/lib/rpm/rpmdb.sqlite': 'not for us' }]);
    await assert.rejects(
      components(rpm),
      /keeps its packages in var\/lib\/rpm\/rpmdb\.sqlite, which nothing here reads/,
    );
    const cut = image(['plain', { 'vectors/vectors': run('x'.repeat(5000)) }]);
    const { layers } = JSON.parse(readFileSync(join(cut.folder, blobPath(cut.manifest_digest)), 'utf8'));
    const layer = join(cut.folder, blobPath(layers[0].digest));
    writeFileSync(layer, readFileSync(layer).subarray(0, 3000));
    await assert.rejects(components(cut), /a layer is no tar that can be read: it ends before its time/);
  });
});
