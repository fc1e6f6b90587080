import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  entryHeader,
  extendedSize,
  fixedHeader,
  readHeader,
} from '../../../../appliance/bundle/backup/entry-header.ts';
import { readTar } from '../../../../appliance/bundle/backup/read-tar.ts';
import { TarFileWriter } from '../../../../appliance/bundle/backup/write-tar.ts';
import { BLOCK } from '../../../../appliance/bundle/format/tar.ts';
import { sha256Hex } from '../../../../appliance/kernel/digest.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-tar-'));
after(() => rmSync(folder, { recursive: true }));

/** Contents whose lengths lie around the edges of a block. */
const CONTENTS: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  'a/one': Buffer.from('1'),
  'a/block': Buffer.alloc(BLOCK, 7),
  'a/more': Buffer.alloc(BLOCK + 1, 8),
  large: Buffer.alloc(300_000, 'frostbyte '),
};

async function written(name: string): Promise<string> {
  const file = join(folder, name);
  const tar = await TarFileWriter.begin(file);
  for (const [path, bytes] of Object.entries(CONTENTS)) {
    const entry = await tar.entry(path, async (write) => {
      for (let at = 0; at < bytes.length; at += 1000) await write(bytes.subarray(at, at + 1000));
    });
    assert.deepEqual(entry, { path, size: bytes.length, sha256: sha256Hex(bytes) });
  }
  const { size, sha256 } = await tar.end();
  await tar.close();
  assert.deepEqual([size, sha256], [readFileSync(file).length, sha256Hex(readFileSync(file))]);
  return file;
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {};
  for await (const file of readTar(bytes)) {
    const parts: Buffer[] = [];
    for await (const part of file.content()) parts.push(Buffer.from(part));
    found[file.path] = Buffer.concat(parts);
  }
  return found;
}

/** In pieces of a length that fits nothing. */
async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

test('what is written is read again, in pieces of any length, and by stock tar', async () => {
  const file = await written('good.tar');
  const bytes = readFileSync(file);
  for (const length of [97, 511, 513, 1 << 20]) assert.deepEqual(await read(pieces(bytes, length)), CONTENTS);
  const out = mkdtempSync(join(folder, 'out-'));
  execFileSync('tar', ['-xf', file, '-C', out]);
  for (const [path, content] of Object.entries(CONTENTS)) assert.deepEqual(readFileSync(join(out, path)), content);
  assert.deepEqual(readdirSync(out).sort(), ['a', 'empty', 'large']);
});

test('the same entries give the same bytes', async () => {
  assert.deepEqual(readFileSync(await written('once.tar')), readFileSync(await written('twice.tar')));
});

test('content that nobody takes is passed over', async () => {
  const paths: string[] = [];
  for await (const { path } of readTar(createReadStream(await written('skipped.tar')))) paths.push(path);
  assert.deepEqual(paths, Object.keys(CONTENTS));
});

test('an entry that cannot be filled leaves the file as it was', async () => {
  const file = join(folder, 'undone.tar');
  const tar = await TarFileWriter.begin(file);
  await tar.entry('kept', (write) => write(Buffer.from('kept')));
  const failing = tar.entry('lost', async (write) => {
    await write(Buffer.alloc(100_000));
    throw new Error('the store went away');
  });
  await assert.rejects(failing, /went away/);
  await tar.entry('last', (write) => write(Buffer.from('last')));
  await tar.end();
  await tar.close();
  assert.deepEqual(Object.keys(await read(createReadStream(file))), ['kept', 'last']);
});

test('a size that no ustar header can say is said by an extended one', () => {
  const size = 20 * 2 ** 30 + 17;
  const header = entryHeader({ path: 'huge', size });
  assert.deepEqual(header, fixedHeader({ path: 'huge', size }));
  assert.deepEqual(readHeader(header.subarray(0, BLOCK)), { kind: 'extended', path: 'PaxHeader/size', size: 29 });
  assert.equal(extendedSize(header.subarray(BLOCK, 2 * BLOCK)), size);
  writeFileSync(join(folder, 'huge.tar'), Buffer.concat([header, Buffer.alloc(BLOCK)]));
  // Stock tar lists the size, and then complains of the bytes that are not there.
  let listed = '';
  try {
    listed = execFileSync('tar', ['-tvf', join(folder, 'huge.tar')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    listed = String((error as { stdout?: string }).stdout);
  }
  assert.match(listed, new RegExp(`\\b${size}\\b.*huge`));
});

test('a tar that was cut, goes on, or leads elsewhere is refused', async () => {
  const bytes = readFileSync(await written('spoilt.tar'));
  const rejected = async (spoilt: Buffer, why: RegExp) => assert.rejects(read(pieces(spoilt, 4096)), why);
  for (let cut = bytes.length - 1; cut > 0; cut -= 911)
    await rejected(bytes.subarray(0, cut), /OBJECT_CORRUPTED|damaged/);
  await rejected(Buffer.concat([bytes, Buffer.alloc(1)]), /behind its end/);
  const second = Buffer.concat([bytes, bytes]);
  await rejected(second, /behind its end/);
  // What fills up the last block of the last file.
  const between = Buffer.from(bytes);
  between[bytes.length - 2 * BLOCK - 1] = 7;
  await rejected(between, /between its files/);
  for (const path of ['../escape', '/etc/passwd', 'a/../b', 'a/./b', 'name with spaces']) {
    const evil = Buffer.concat([entryHeader({ path, size: 0 }), Buffer.alloc(2 * BLOCK)]);
    await rejected(evil, /leads elsewhere/);
  }
  for (const kind of ['1', '2', '5', 'g', 'L']) {
    const header = entryHeader({ path: 'link', size: 0 });
    header.write(kind, 156);
    header.write('        ', 148);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    await rejected(Buffer.concat([header, Buffer.alloc(2 * BLOCK)]), /none of ours/);
  }
});
