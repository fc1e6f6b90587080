import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readTensors } from '../../../../../appliance/models/embedder/graph/safetensors.ts';
import { safetensors } from '../../../../support/models/safetensors.ts';

describe('safetensors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-tensors-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (bytes: Uint8Array) => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, bytes);
    return path;
  };

  it('says where the tensors lie, from the beginning of the file', async () => {
    const bytes = safetensors([
      { name: 'a', shape: [2, 3], numbers: [1, 2, 3, 4, 5, 6] },
      { name: 'b', shape: [1], numbers: [7] },
    ]);
    const tensors = await readTensors(file(bytes));
    assert.deepEqual([...tensors.keys()], ['a', 'b']);
    const { shape, offset, length } = tensors.get('a')!;
    assert.deepEqual({ shape, length }, { shape: [2, 3], length: 24 });
    assert.equal(Buffer.from(bytes).readFloatLE(offset), 1);
    assert.equal(Buffer.from(bytes).readFloatLE(tensors.get('b')!.offset), 7);
  });

  it('refuses what does not hold together', async () => {
    const whole = safetensors([{ name: 'a', shape: [4], numbers: [1, 2, 3, 4] }]);
    const head = (text: string) => Buffer.concat([lengthOf(text), Buffer.from(text), Buffer.alloc(16)]);
    for (const [what, bytes] of [
      ['cut short', whole.subarray(0, whole.length - 1)],
      ['no head', Buffer.from('PK\u0003\u0004')],
      ['a head longer than the file', Buffer.concat([lengthOf('x'.repeat(1000)), Buffer.alloc(10)])],
      ['a head that is no JSON', head('{"a":')],
      ['a head of another kind', head('[]')],
      ['a shape that its bytes do not fill', head('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}')],
      ['a tensor before the numbers', head('{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}')],
    ] as const) {
      await assert.rejects(readTensors(file(bytes)), { code: 'OBJECT_CORRUPTED' }, what);
    }
  });
});

function lengthOf(text: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return bytes;
}
