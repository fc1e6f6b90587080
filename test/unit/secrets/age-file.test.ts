import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import {
  AgeReader,
  AgeWriter,
  open,
  openStream,
  plainSize,
  seal,
  sealedSize,
} from '../../../appliance/secrets/age-file.ts';
import { identityFile, type KeyPair, makeKeyPair } from '../../../appliance/secrets/identities.ts';

const SIZES = [0, 1, 15, 65_535, 65_536, 65_537, 131_072, 131_073, 1_000_000];
const corrupted = (error: unknown) => isFrostbyteError(error, 'OBJECT_CORRUPTED');
const stockAge = spawnSync('age', ['--version']).error === undefined;

describe('age files', () => {
  let pair: KeyPair;
  let other: KeyPair;
  let folder: string;
  before(async () => {
    pair = await makeKeyPair();
    other = await makeKeyPair();
    folder = mkdtempSync(join(tmpdir(), 'age-'));
    writeFileSync(join(folder, 'key'), identityFile(pair, '2026-01-01T00:00:00.000Z'), { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const size of SIZES) {
    it(`opens what it sealed, ${size} bytes, and knows both sizes in advance`, async () => {
      const bytes = randomBytes(size);
      const sealed = await seal([pair.recipient], bytes);
      assert.equal(sealed.length, sealedSize(size));
      assert.equal(plainSize(sealed.length), size);
      assert.deepEqual(await open([pair.identity], sealed), bytes);
    });

    it(`agrees with the stock age tool in both directions, ${size} bytes`, {
      skip: stockAge ? false : 'the age tool is not installed',
    }, async () => {
      const bytes = randomBytes(size);
      const sealed = await seal([pair.recipient], bytes);
      const options = { input: sealed, maxBuffer: 1 << 24 };
      assert.deepEqual(execFileSync('age', ['-d', '-i', join(folder, 'key')], options), bytes);
      const theirs = execFileSync('age', ['-r', pair.recipient], { ...options, input: bytes });
      assert.deepEqual(await open([pair.identity], theirs), bytes);
      assert.equal(plainSize(theirs.length), size);
    });
  }

  it('opens a file for several recipients with any of their identities', async () => {
    const sealed = await seal([other.recipient, pair.recipient], Buffer.from('shared'));
    for (const { identity } of [pair, other]) assert.equal((await open([identity], sealed)).toString(), 'shared');
  });

  it('tries several identities and names a missing key as such', async () => {
    const sealed = await seal([pair.recipient], Buffer.from('mine'));
    assert.equal((await open([other.identity, pair.identity], sealed)).toString(), 'mine');
    await assert.rejects(open([other.identity], sealed), (error) => isFrostbyteError(error, 'KEY_UNAVAILABLE'));
  });

  it('refuses to seal for nobody', async () => {
    await assert.rejects(seal([], Buffer.from('x')));
  });

  it('never makes the same file twice', async () => {
    const [one, two] = await Promise.all([
      seal([pair.recipient], Buffer.alloc(64)),
      seal([pair.recipient], Buffer.alloc(64)),
    ]);
    assert.equal(one.includes(two.subarray(184)), false);
  });

  it('refuses a change of any byte', async () => {
    const sealed = await seal([pair.recipient], Buffer.from('short'));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      await assert.rejects(
        open([pair.identity], changed),
        (error) => isFrostbyteError(error, 'OBJECT_CORRUPTED', 'KEY_UNAVAILABLE'),
        `byte ${at}`,
      );
    }
  });

  it('refuses a file cut at any byte', async () => {
    const sealed = await seal([pair.recipient], Buffer.from('short'));
    for (let length = 0; length < sealed.length; length++) {
      await assert.rejects(open([pair.identity], sealed.subarray(0, length)), corrupted, `length ${length}`);
    }
  });

  it('refuses a file cut between two chunks, with chunks swapped, repeated, or with data behind its end', async () => {
    const sealed = await seal([pair.recipient], randomBytes(65_536 * 3));
    const head = sealed.subarray(0, 184);
    const [a, b, c] = [0, 1, 2].map((n) => sealed.subarray(184 + n * 65_552, 184 + (n + 1) * 65_552)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    assert.equal((await open([pair.identity], Buffer.concat([head, a, b, c]))).length, 65_536 * 3);
    for (const chunks of [
      [a],
      [a, b],
      [b, a, c],
      [a, a, b, c],
      [a, c],
      [a, b, c, c],
      [a, b, c, Buffer.from([0])],
      [a, b, c, Buffer.alloc(16)],
      [],
    ]) {
      await assert.rejects(open([pair.identity], Buffer.concat([head, ...chunks])), corrupted);
    }
  });

  it('refuses an empty last chunk behind a full one', async () => {
    const { createCipheriv } = await import('node:crypto');
    const { makeHeader } = await import('../../../appliance/secrets/age-header.ts');
    const { bytes, key } = await makeHeader([pair.recipient]);
    const chunk = (number: number, last: number, data: Buffer) => {
      const nonce = Buffer.alloc(12);
      nonce[10] = number;
      nonce[11] = last;
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      const body = Buffer.concat([cipher.update(data), cipher.final()]);
      return Buffer.concat([body, cipher.getAuthTag()]);
    };
    const full = Buffer.alloc(65_536, 1);
    assert.deepEqual(await open([pair.identity], Buffer.concat([bytes, chunk(0, 1, full)])), full);
    await assert.rejects(
      open([pair.identity], Buffer.concat([bytes, chunk(0, 0, full), chunk(1, 1, Buffer.alloc(0))])),
      corrupted,
    );
  });

  it('refuses what is no age file without reading all of it', async () => {
    const reader = new AgeReader([pair.identity]);
    const junk = async () => {
      for (let n = 0; n < 20; n++) await reader.push(Buffer.alloc(8192, 0x41));
    };
    await assert.rejects(junk(), corrupted);
    await assert.rejects(
      open([pair.identity], Buffer.from('age-encryption.org/v2\n-> X25519 a\nb\n--- c\n')),
      corrupted,
    );
  });

  it('gives the same bytes however the stream is cut into pieces', async () => {
    const bytes = randomBytes(200_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 140_000 }), { minLength: 1, maxLength: 12 }),
        async (cuts) => {
          const writer = await AgeWriter.start([pair.recipient]);
          const sealed: Buffer[] = [];
          for (const piece of pieces(bytes, cuts)) sealed.push(...writer.push(piece));
          sealed.push(...writer.end());
          const file = Buffer.concat(sealed);
          assert.equal(file.length, sealedSize(bytes.length));
          const opened = openStream([pair.identity], Readable.from(pieces(file, cuts)));
          assert.deepEqual(Buffer.concat(await opened.toArray()), bytes);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('knows no plaintext size for a file size that cannot be', () => {
    for (const size of [0, 184, 199, 184 + 65_552 + 1, 184 + 65_552 + 15])
      assert.throws(() => plainSize(size), corrupted);
    assert.equal(plainSize(200), 0);
    assert.equal(plainSize(184 + 65_552 + 17), 65_537);
  });
});

function* pieces(bytes: Buffer, cuts: number[]): Iterable<Buffer> {
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const length = cuts[n % cuts.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
