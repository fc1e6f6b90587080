import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { sendDocument } from '../../../../../appliance/data/2-parse/sandbox/send-document.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';

describe('sending a document', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-send-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Sends `bytes` as a document that was promised to be `promise`; what arrived, and whether it ended. */
  async function send(bytes: Uint8Array, promise: Uint8Array) {
    const file = join(folder, 'document');
    writeFileSync(file, bytes);
    const fd = openSync(file, 'r');
    const arrived: Buffer[] = [];
    let ended = false;
    const to = new Writable({
      write(part, _encoding, done) {
        arrived.push(part);
        setImmediate(done);
      },
      final(done) {
        ended = true;
        done();
      },
    });
    try {
      await sendDocument(fd, promise.length, sha256Hex(promise), to);
      return { bytes: Buffer.concat(arrived), ended, error: undefined };
    } catch (error) {
      return { bytes: Buffer.concat(arrived), ended, error };
    } finally {
      closeSync(fd);
    }
  }

  it('sends every byte, then ends', async () => {
    for (const size of [0, 1, 262_144, 262_145, 1_000_000]) {
      const bytes = Buffer.alloc(size, 'abcdefg');
      const result = await send(bytes, bytes);
      assert.ok(result.bytes.equals(bytes) && result.ended && result.error === undefined, String(size));
    }
  });

  it('never lets a parser see the end of a file that is not the one that was promised', async () => {
    const promise = Buffer.alloc(600_000, 'a');
    const other = Buffer.from(promise);
    other[3] = 0;
    for (const bytes of [other, promise.subarray(0, 599_999), Buffer.alloc(0)]) {
      const result = await send(bytes, promise);
      assert.ok(isFrostbyteError(result.error, 'OBJECT_CORRUPTED'));
      assert.ok(!result.ended && result.bytes.length < promise.length);
    }
  });

  it('returns quietly when the parser is gone', async () => {
    const file = join(folder, 'document');
    writeFileSync(file, Buffer.alloc(600_000));
    const fd = openSync(file, 'r');
    const gone = new Writable({ write: (_part, _encoding, done) => done(new Error('EPIPE')) });
    gone.on('error', () => {});
    await sendDocument(fd, 600_000, sha256Hex(Buffer.alloc(600_000)), gone);
    closeSync(fd);
  });
});
