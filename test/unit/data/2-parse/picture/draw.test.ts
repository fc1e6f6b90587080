import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { writePng } from '../../../../../appliance/data/2-parse/picture/write-png.ts';
import { answerRequest } from '../../../../../appliance/data/2-parse/sandbox/answer-request.ts';
import { checkPicture } from '../../../../../appliance/data/2-parse/sandbox/check-picture.ts';
import type { PictureOrder } from '../../../../../appliance/data/2-parse/sandbox/protocol.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { docId } from '../../../../../appliance/kernel/ids.ts';
import { decodePng, valuesIn } from '../../../../support/decode-png.ts';
import { USUAL_LIMITS } from '../../../../support/read-options.ts';

const SAMPLES = join(import.meta.dirname, '../../../../../docs/samples');
const COVER = 0x55;

async function ask(media_type: string, file: string, order: Partial<PictureOrder> = {}): Promise<Buffer> {
  const bytes = readFileSync(join(SAMPLES, file));
  const raw_sha256 = sha256Hex(bytes);
  const answer = await answerRequest(
    {
      ...{ media_type, size: bytes.length, tenant_id: 'acme', doc_id: docId('acme', raw_sha256), raw_sha256 },
      ...{ chunk_limits: { soft: 1200, hard: 2400 }, limits: USUAL_LIMITS },
      picture: { page: 1, width: 600, cover: [], show: null, ...order },
    },
    bytes,
  );
  return Buffer.from(JSON.stringify(answer));
}

describe('the picture of a page', () => {
  for (const [type, file] of [
    ['application/pdf', 'contract-warehouse-lease.pdf'],
    ['image/png', 'scanned-delivery-note.png'],
    ['image/tiff', 'scanned-inspection.tif'],
  ] as const)
    it(`is drawn of ${type}, as wide as it was asked for and no wider, with ink on paper`, async () => {
      const { png, width } = checkPicture(await ask(type, file));
      assert.ok(width <= 600 && width > 250, String(width));
      const values = valuesIn(decodePng(png), { left: 0, top: 0, right: 1, bottom: 1 });
      assert.ok(Math.min(...values) < 100 && Math.max(...values) > 200);
    });

  it('holds nothing of what is painted over, and the rest as it was', async () => {
    const box = { x: 60, y: 60, width: 400, height: 300 };
    const [bare, covered] = await Promise.all([
      ask('application/pdf', 'contract-warehouse-lease.pdf'),
      ask('application/pdf', 'contract-warehouse-lease.pdf', { cover: [box] }),
    ]).then((all) => all.map((one) => decodePng(checkPicture(one).png)));
    const within = { left: 60 / 595, top: 60 / 842, right: 460 / 595, bottom: 360 / 842 };
    assert.ok(valuesIn(bare!, within).size > 10, 'there is something to be seen');
    assert.deepEqual([...valuesIn(covered!, within)], [COVER]);
    const below = { left: 0, top: 0.5, right: 1, bottom: 1 };
    assert.deepEqual(valuesIn(covered!, below), valuesIn(bare!, below));
  });

  it('holds nothing but what may be shown, where that is named', async () => {
    const [shown, covered] = [
      { x: 60, y: 60, width: 400, height: 300 },
      { x: 60, y: 60, width: 400, height: 100 },
    ];
    const order = { show: [shown], cover: [covered] };
    const picture = decodePng(checkPicture(await ask('application/pdf', 'contract-warehouse-lease.pdf', order)).png);
    const share = (top: number, bottom: number) => ({
      left: 60 / 595,
      top: top / 842,
      right: 460 / 595,
      bottom: bottom / 842,
    });
    assert.ok(valuesIn(picture, share(170, 360)).size > 10, 'there is something to be seen');
    assert.deepEqual([...valuesIn(picture, share(60, 160))], [COVER]);
    assert.deepEqual([...valuesIn(picture, { left: 0, top: 0.5, right: 1, bottom: 1 })], [0xec]);
  });

  it('is none of a page that is not there, nor of a format without pages', async () => {
    const pdf = ask('application/pdf', 'contract-warehouse-lease.pdf', { page: 99 });
    assert.throws(() => checkPicture(Buffer.from('{}')), { code: 'PARSER_ERROR' });
    await assert.rejects(async () => checkPicture(await pdf), { code: 'FILE_CORRUPTED' });
    await assert.rejects(async () => checkPicture(await ask('text/plain', 'policy-retention.txt')), {
      code: 'UNSUPPORTED_FORMAT',
    });
    await assert.rejects(async () => checkPicture(await ask('constructor', 'policy-retention.txt')), {
      code: 'UNSUPPORTED_FORMAT',
    });
  });

  it('is believed only as what it says that it is', async () => {
    const good = JSON.parse((await ask('image/png', 'scanned-delivery-note.png')).toString()) as Record<
      string,
      unknown
    >;
    const html = Buffer.from('<script>alert(1)</script>'.padEnd(64)).toString('base64');
    for (const change of [{ width: 1 }, { height: 9000 }, { png: html }, { png: '' }, { more: 1 }])
      assert.throws(() => checkPicture(Buffer.from(JSON.stringify({ ...good, ...change }))), { code: 'PARSER_ERROR' });
  });

  it('is written so that it reads back, whatever its pixels', () => {
    const pixels = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 3))
      .chain(([width, height, channels]) =>
        fc.record({
          data: fc.uint8Array({ minLength: width * height * channels, maxLength: width * height * channels }),
          width: fc.constant(width),
          height: fc.constant(height),
          channels: fc.constant(channels as 1 | 3),
        }),
      );
    fc.assert(fc.property(pixels, (one) => assert.deepEqual(decodePng(writePng(one)), { ...one })));
  });
});
