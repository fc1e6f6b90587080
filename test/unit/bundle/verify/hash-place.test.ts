import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hashPlace } from '../../../../appliance/bundle/verify/hash-place.ts';
import { sha256Hex } from '../../../../appliance/kernel/digest.ts';

describe('hashing places of a medium', () => {
  let folder: string;
  let file: string;
  const bytes = Buffer.alloc(5 << 20, 'as it lies there ');
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-hash-place-'));
    file = join(folder, 'file');
    writeFileSync(file, bytes);
  });
  after(() => rmSync(folder, { recursive: true }));

  test('takes the same memory however many there are', () => {
    const hash = (size: number) => hashPlace({ place: { file, offset: 0, size }, target: null });
    hash(bytes.length);
    const held = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 50; n++) hash(bytes.length - n);
    const grown = process.memoryUsage().arrayBuffers - held;
    assert.ok(grown < 1 << 20, `${grown} bytes more`);
  });

  test('one behind another leaves nothing of the one before in hash or copy', () => {
    const copy = join(folder, 'copy');
    writeFileSync(copy, '');
    hashPlace({ place: { file, offset: 0, size: bytes.length }, target: null });
    const place = { file, offset: 3, size: 10 };
    const { sha256, bytes: length } = hashPlace({ place, target: { file: copy, offset: 0 } });
    assert.deepEqual([sha256, length], [sha256Hex(bytes.subarray(3, 13)), 10]);
    assert.deepEqual(readFileSync(copy), bytes.subarray(3, 13));
  });
});
