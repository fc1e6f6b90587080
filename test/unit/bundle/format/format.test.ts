import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readChecksums, writeChecksums } from '../../../../appliance/bundle/format/checksums.ts';
import {
  type BundleManifest,
  MOST_FILES,
  MOST_MANIFEST_BYTES,
  readManifest,
  writeManifest,
} from '../../../../appliance/bundle/format/manifest.ts';
import { collision, whatIsWrongWithPath } from '../../../../appliance/bundle/format/paths.ts';
import { BLOCK, readTarHeader, tarHeader } from '../../../../appliance/bundle/format/tar.ts';
import { ABOUT } from '../../../support/bundle-world.ts';

describe('paths of a bundle', () => {
  test('are plain names below it', () => {
    for (const path of ['MANIFEST.json', 'bin/node', `images/blobs/sha256/${'0'.repeat(64)}`, 'a+b@1_2-3.x'])
      assert.equal(whatIsWrongWithPath(path), null, path);
    for (const path of [
      '',
      '/etc/passwd',
      '../x',
      'a/../b',
      'a/..',
      './a',
      'a//b',
      'a/',
      '.hidden',
      '-rf',
      'a b',
      'a\nb',
      'a\\b',
      'C:/x',
      'ä',
      'docs/nul',
      'aux.txt',
      'COM1.tar',
      'a.',
      'a'.repeat(101),
      `${'a/'.repeat(100)}a`,
    ])
      assert.notEqual(whatIsWrongWithPath(path), null, JSON.stringify(path));
  });

  test('collide where a file system of a stick would make one of two', () => {
    assert.equal(collision(['a', 'b', 'c/d', 'c/e', 'c/f/g']), null);
    for (const paths of [
      ['a', 'a'],
      ['README.txt', 'readme.TXT'],
      ['docs/a', 'Docs/b'],
      ['a', 'a/b'],
      ['a/b', 'a'],
      ['A/b', 'a'],
    ])
      assert.ok(collision(paths), paths.join());
  });
});

describe('headers of the tar', () => {
  test('say the same when they are read', () => {
    for (const entry of [
      { path: 'MANIFEST.json', size: 0, executable: false },
      { path: 'bin/node', size: 2 ** 32 - 1, executable: true },
      { path: `${'a'.repeat(90)}/${'b'.repeat(100)}`, size: 513, executable: false },
      { path: 'c'.repeat(100), size: 1, executable: true },
    ])
      assert.deepEqual(readTarHeader(tarHeader(entry)), entry);
    assert.throws(() => tarHeader({ path: 'a'.repeat(101), size: 1, executable: false }), RangeError);
    assert.throws(() => tarHeader({ path: 'a', size: 2 ** 33, executable: false }), RangeError);
  });

  test('with any byte changed mean something else or nothing', () => {
    const header = tarHeader({ path: 'bin/node', size: 4711, executable: true });
    const entry = readTarHeader(header);
    for (let at = 0; at < BLOCK; at++) {
      const changed = Buffer.from(header);
      changed[at]! ^= 0x11;
      const read = readTarHeader(changed);
      assert.ok(typeof read === 'string', `byte ${at}: ${JSON.stringify(read)} of ${JSON.stringify(entry)}`);
    }
  });

  test('of links, devices and extended headers are told as what they are', () => {
    for (const [kind, words] of [
      ['1', 'a hard link'],
      ['2', 'a symbolic link'],
      ['3', 'a device'],
      ['6', 'a pipe'],
      ['x', 'an extended header'],
      ['L', 'an extended header'],
      ['Z', 'an entry of an unknown kind ("Z")'],
    ] as const) {
      const header = tarHeader({ path: 'x', size: 0, executable: false });
      header.write(kind, 156, 'latin1');
      assert.equal(readTarHeader(header), words);
    }
  });
});

describe('the lists', () => {
  const hash = 'ab'.repeat(32);
  const manifest = (changes: Partial<BundleManifest> = {}): BundleManifest => ({
    ...ABOUT,
    files: [
      { path: 'a.part001', size: 5, sha256: hash },
      { path: 'a.part002', size: 2, sha256: hash },
      { path: 'bin/node', size: 1, sha256: hash, executable: true },
    ],
    joined: [{ path: 'a', size: 7, sha256: hash, parts: ['a.part001', 'a.part002'] }],
    ...changes,
  });

  test('a manifest reads as it was written, also one with as many files as there may be', () => {
    assert.deepEqual(readManifest(writeManifest(manifest())), manifest());
    const { length } = manifest().files;
    const more = Array.from({ length: MOST_FILES - length }, (_, n) => ({ path: `f${n}`, size: 1, sha256: hash }));
    const most = manifest({ files: [...manifest().files, ...more] });
    assert.deepEqual(readManifest(writeManifest(most)), most);
  });

  test('one that no bundle has is refused, with what is wrong', () => {
    const file = { path: 'x', size: 1, sha256: hash };
    const cases: [text: string, code: string][] = [
      ['', 'BUNDLE_MANIFEST_INVALID'],
      ['null', 'BUNDLE_MANIFEST_INVALID'],
      ['['.repeat(1_000_000), 'BUNDLE_MANIFEST_INVALID'],
      [' '.repeat(MOST_MANIFEST_BYTES + 1), 'BUNDLE_TOO_LARGE'],
      [JSON.stringify({ ...manifest(), more: 1 }), 'BUNDLE_MANIFEST_INVALID'],
      [JSON.stringify({ ...manifest(), format: 2 }), 'BUNDLE_MANIFEST_INVALID'],
      [
        writeManifest(
          manifest({ files: Array.from({ length: MOST_FILES + 1 }, (_, n) => ({ ...file, path: `f${n}` })) }),
        ),
        'BUNDLE_TOO_LARGE',
      ],
      [writeManifest(manifest({ files: [{ ...file, size: 2 ** 32 }] })), 'BUNDLE_MANIFEST_INVALID'],
      [writeManifest(manifest({ joined: [{ ...manifest().joined[0]!, size: 8 }] })), 'BUNDLE_MANIFEST_INVALID'],
      [
        writeManifest(manifest({ joined: [{ ...manifest().joined[0]!, parts: ['a.part001', 'a.part001'] }] })),
        'BUNDLE_MANIFEST_INVALID',
      ],
      [
        writeManifest(manifest({ joined: [{ ...manifest().joined[0]!, parts: ['a.part001', 'b'] }] })),
        'BUNDLE_MANIFEST_INVALID',
      ],
      [writeManifest(manifest({ joined: [], files: [{ ...file, path: '../x' }] })), 'BUNDLE_PATH_UPWARD'],
      [writeManifest(manifest({ joined: [], files: [{ ...file, path: '/x' }] })), 'BUNDLE_PATH_ABSOLUTE'],
      [writeManifest(manifest({ joined: [], files: [file, file] })), 'BUNDLE_PATH_TWICE'],
      [writeManifest(manifest({ joined: [], files: [file, { ...file, path: 'X' }] })), 'BUNDLE_PATH_CASE'],
      [writeManifest(manifest({ joined: [{ ...manifest().joined[0]!, path: 'bin/node' }] })), 'BUNDLE_PATH_TWICE'],
    ];
    for (const [text, code] of cases) assert.throws(() => readManifest(text), { code }, text.slice(0, 80));
  });

  test('checksums read as they were written, in the order of their paths', () => {
    const files = new Map([
      ['b', hash],
      ['a/c', 'cd'.repeat(32)],
    ]);
    const text = writeChecksums(files);
    assert.equal(text, `${'cd'.repeat(32)}  a/c\n${hash}  b\n`);
    assert.deepEqual(readChecksums(text), new Map([...files].reverse()));
    for (const bad of [
      '',
      `${hash} b\n`,
      `${hash}  b`,
      `${hash}  b\n${hash}  b\n`,
      `${hash.toUpperCase()}  b\n`,
      `\\${hash}  b\n`,
    ])
      assert.equal(typeof readChecksums(bad), 'string', JSON.stringify(bad));
  });
});
