import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { openBody, sealBody } from '../../../../../appliance/stores/object/minio/sealed-body.ts';

interface Vector {
  id: number;
  bytes: number;
  /** Hex of the whole, of short ones. */
  sealed?: string;
  sha256: string;
}

/**
 * Made by the publisher's own library (madmin-go 3.0.109 over sio-go 0.3.1): byte `i` of each body is `7 i mod 256`. All
 * three kinds, bodies around the borders of fragments.
 */
const { password, salt, nonce, vectors } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../fixtures/madmin-bodies.json'), 'utf8'),
) as { password: string; salt: string; nonce: string; vectors: Vector[] };

const body = (bytes: number) => Buffer.alloc(bytes).map((_, at) => at * 7);
const unreadable = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');

describe('a body of the admin API', () => {
  for (const { bytes, sha256 } of vectors.filter(({ id }) => id === 2)) {
    it(`of ${bytes} bytes is sealed as the publisher's library does it`, async () => {
      const sealed = await sealBody(password, body(bytes), Buffer.from(salt, 'hex'), Buffer.from(nonce, 'hex'));
      assert.equal(createHash('sha256').update(sealed).digest('hex'), sha256);
      assert.deepEqual(await openBody(password, sealed), body(bytes));
    });
  }

  for (const { id, bytes, sealed } of vectors.filter((vector) => vector.sealed !== undefined)) {
    it(`of kind ${id} with ${bytes} bytes is opened, and no byte of it may change`, async () => {
      const whole = Buffer.from(sealed!, 'hex');
      assert.deepEqual(await openBody(password, whole), body(bytes));
      await assert.rejects(openBody('another secret', whole), unreadable);
      // Deriving a key costs tens of milliseconds: the ends of each field stand for the rest.
      for (const at of [0, 31, 32, 33, 40, 41, whole.length - 16, whole.length - 1]) {
        const changed = Buffer.from(whole);
        changed[at] = changed[at]! ^ 0x40;
        await assert.rejects(openBody(password, changed), unreadable, `byte ${at}`);
      }
      for (const length of [0, 20, 41, whole.length - 1]) {
        await assert.rejects(openBody(password, whole.subarray(0, length)), unreadable, `cut at ${length}`);
      }
    });
  }

  it('of several fragments may lose none, nor their order', async () => {
    const sealed = await sealBody(password, body(3 * 16_384));
    const fragment = 16_384 + 16;
    const [header, one, two, three] = [
      sealed.subarray(0, 41),
      ...[0, 1, 2].map((n) => sealed.subarray(41 + n * fragment, 41 + (n + 1) * fragment)),
    ];
    for (const parts of [
      [header!, one!, two!],
      [header!, two!, one!, three!],
      [header!, one!, three!],
    ]) {
      await assert.rejects(openBody(password, Buffer.concat(parts)), unreadable);
    }
  });

  it('is never sealed twice the same', async () => {
    const [one, two] = [await sealBody(password, body(10)), await sealBody(password, body(10))];
    assert.equal(one.subarray(0, 41).equals(two.subarray(0, 41)), false);
  });
});
