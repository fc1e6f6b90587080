import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { takeIn } from '../../../../appliance/data/1-intake/incoming-file.ts';
import type { Scanner } from '../../../../appliance/data/plane.ts';
import { intakeWorld, sha256 } from '../../../support/intake.ts';

const SIZE = 80 * 65_536;
const all = { limit: SIZE, declared: SIZE, wanted: () => true };

/** Chunks as a socket gives them: each with its memory to itself. */
function chunksOf(content: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < content.length; at += 65_536) {
    const part = content.subarray(at, at + 65_536);
    const chunk = Buffer.from(new ArrayBuffer(part.length));
    part.copy(chunk);
    chunks.push(chunk);
  }
  return chunks;
}

async function* each(chunks: Buffer[]) {
  yield* chunks;
}

const emptied = (chunks: Uint8Array[]) => chunks.filter(({ byteLength }) => byteLength === 0).length;

describe('a file on its way in', () => {
  it('is stored as it came, and its chunks give their memory back on the way', async () => {
    const { plane, end } = await intakeWorld();
    const content = randomBytes(SIZE);
    const chunks = chunksOf(content);
    const seen = await takeIn(plane, each(chunks), all);
    assert.equal(seen.sha256, sha256(content));
    assert.deepEqual(seen.end, { pdf: false, png: false, tiff: false, package: 'none' });
    assert.ok(emptied(chunks) >= chunks.length - 18, `${emptied(chunks)} of ${chunks.length}`);
    await seen.draft!.commit('raw/acme/a');
    assert.deepEqual(Buffer.from(await plane.objects.read('raw/acme/a')), content);
    await end();
  });

  it('leaves nothing in memory that grows with it: a batch may hold ten thousand of these', async () => {
    const { plane, end } = await intakeWorld();
    const seen = await takeIn(plane, each(chunksOf(randomBytes(SIZE))), all);
    const { draft, ...kept } = seen;
    assert.ok(Buffer.byteLength(JSON.stringify(kept)) < 1000);
    const bytes = Object.values(kept).filter((value) => ArrayBuffer.isView(value));
    assert.deepEqual(bytes, []);
    await draft!.abort();
    await end();
  });

  it('keeps its chunks whole while a scanner may still be sending them', async () => {
    const { plane, end } = await intakeWorld();
    const given: Uint8Array[] = [];
    const later: (() => void)[] = [];
    const scanner: Scanner = {
      configured: true,
      begin: async () => ({
        async write(chunk, done) {
          given.push(chunk);
          later.push(() => done?.(chunk));
        },
        end: async () => ({ result: 'clean' }),
        abort: () => undefined,
      }),
      check: async () => undefined,
    };
    const content = randomBytes(SIZE);
    const seen = await takeIn({ ...plane, scanner }, each(chunksOf(content)), all);
    assert.deepEqual(Buffer.concat(given), content);
    for (const done of later) done();
    assert.ok(emptied(given) >= given.length - 18);
    await seen.draft!.abort();
    await end();
  });

  it('gives memory back of what is skipped or only hashed', async () => {
    const { plane, end } = await intakeWorld();
    const content = randomBytes(SIZE);
    const skipped = chunksOf(content);
    assert.equal((await takeIn(plane, each(skipped), { ...all, wanted: () => false })).sha256, null);
    assert.ok(emptied(skipped) >= skipped.length - 1);

    const longer = chunksOf(content);
    const seen = await takeIn(plane, each(longer), { ...all, declared: 1_000_000 });
    assert.equal(seen.draft, null);
    assert.equal(seen.sha256, sha256(content));
    assert.ok(emptied(longer) >= longer.length - 18);
    await end();
  });
});
