import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertVectors } from '../../../../../appliance/models/embedder/assert.ts';
import type { LockedModel } from '../../../../../appliance/models/embedder/lock.ts';
import { meanVector } from '../../../../../appliance/models/embedder/mean-vector.ts';
import {
  type LoadedModel,
  type LoadOptions,
  loadModel,
  type TextKind,
} from '../../../../../appliance/models/embedder/onnx/load-model.ts';
import { writeSmallModel } from '../../../../support/models/small-model.ts';

const LONG = 'abcdefghijklmnopqrstuvwxyz 0123456789 '.repeat(3);

describe('a model in memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-load-'));
  let model: LockedModel;
  const opened: LoadedModel[] = [];
  before(async () => {
    model = await writeSmallModel(folder);
  });
  after(async () => {
    for (const one of opened) await one.close();
    rmSync(folder, { recursive: true });
  });

  async function load(which = model, options?: LoadOptions): Promise<LoadedModel> {
    const loaded = await loadModel(folder, which, options);
    opened.push(loaded);
    return loaded;
  }
  async function embed(loaded: LoadedModel, texts: string[], kind: TextKind = 'document'): Promise<Float32Array[]> {
    const made: Float32Array[] = new Array(texts.length);
    await loaded.embed(texts, kind, (places, vectors) => {
      for (const [i, place] of places.entries()) {
        assert.equal(made[place], undefined, 'each place once');
        made[place] = vectors[i]!;
      }
    });
    return made;
  }

  it('gives each text its vector, whatever it is packed with', async () => {
    const loaded = await load();
    const texts = ['lease', 'a', LONG, 'notice in writing', 'b', LONG.slice(3)];
    const together = await embed(loaded, texts);
    assertVectors(together, texts.length);
    for (const [i, text] of texts.entries()) {
      const [alone] = await embed(loaded, [text]);
      assert.ok(dot(alone!, together[i]!) > 0.999999, text);
    }
  });

  it('averages the windows of a long text, and leaves none out', async () => {
    const loaded = await load();
    const words = 'abc de '.repeat(8).trim();
    // 40 tokens in three windows of 13, 13 and 14 of the 14 that fit beside what stands around them.
    const [whole] = await embed(loaded, [words]);
    const [altered] = await embed(loaded, [`${words.slice(0, -2)}xy`]);
    assert.ok(dot(whole!, altered!) < 0.9999, 'the end of it counts');
    assertVectors([whole!], 1);
  });

  it('has the vector of nothing for a text without a token', async () => {
    const [none, blank, some] = await embed(await load(), ['', ' \n\t', 'a']);
    assert.ok(none!.every((number) => number === 0) && blank!.every((number) => number === 0));
    assertVectors([some!], 1);
  });

  it('puts the prefix before every window, by what the text is', async () => {
    const prefixes = { document: 'doc: ', query: 'ask: ' };
    const plain = await load();
    const prefixed = await load({ ...model, prefixes });
    const [document] = await embed(prefixed, ['lease'], 'document');
    const [query] = await embed(prefixed, ['lease'], 'query');
    const [asDocument] = await embed(plain, ['doc: lease'], 'document');
    const [asQuery] = await embed(plain, ['ask: lease'], 'document');
    assert.ok(dot(document!, asDocument!) > 0.999999);
    assert.ok(dot(query!, asQuery!) > 0.999999);
    assert.ok(dot(document!, query!) < 0.9999);
    const [, nothing] = await embed(prefixed, ['a', '']);
    assert.ok(
      nothing!.every((number) => number === 0),
      'a prefix alone is no text',
    );
  });

  it('averages tokens where the graph gives those back, without padding', async () => {
    const tokens = await load(await writeSmallModel(folder, { name: 'tokens', output: 'last_hidden_state' }));
    const texts = ['lease', 'a much longer text'];
    const [byTokens, byTexts] = [await embed(tokens, texts), await embed(await load(), texts)];
    for (const i of texts.keys()) assert.ok(dot(byTokens[i]!, byTexts[i]!) > 0.999999);
  });

  for (const [what, scale] of [
    ['are not finite', Number.POSITIVE_INFINITY],
    ['have another length than one', 2],
  ] as const) {
    it(`refuses vectors that ${what}`, async () => {
      const loaded = await load(
        await writeSmallModel(folder, { name: `scaled-${String(scale).toLowerCase()}`, scale }),
      );
      await assert.rejects(embed(loaded, ['lease']), { code: 'DIMENSION_MISMATCH' });
    });
  }

  it('refuses a model of other dimensions', async () => {
    const loaded = await load(await writeSmallModel(folder, { name: 'narrow', width: 384 }));
    await assert.rejects(embed(loaded, ['lease']), { code: 'DIMENSION_MISMATCH', message: /768/ });
  });

  it('refuses each file that is not the locked one, by name and before anything is loaded', async () => {
    for (const { name } of model.files) {
      for (const ruin of [
        (path: string) => truncateSync(path, 10),
        (path: string) => {
          const bytes = readFileSync(path);
          bytes[bytes.length >> 1]! ^= 4;
          writeFileSync(path, bytes);
        },
        (path: string) => rmSync(path),
      ]) {
        const other = mkdtempSync(join(folder, 'ruined-'));
        cpSync(join(folder, model.name), join(other, model.name), { recursive: true });
        ruin(join(other, model.name, name));
        await assert.rejects(
          loadModel(other, model, { available: () => assert.fail('memory is looked at after the files') }),
          (error: { code: string; message: string }) => {
            assert.equal(error.code, 'EMBEDDER_UNAVAILABLE');
            assert.ok(error.message.includes(` ${name} `), error.message);
            return true;
          },
        );
      }
    }
  });

  it('says before loading that the memory is not enough, and how much is', async () => {
    const short = loadModel(folder, { ...model, memory_mb: 1200 }, { available: () => 1199.5 * 1024 * 1024 });
    await assert.rejects(short, {
      code: 'EMBEDDER_UNAVAILABLE',
      message: /takes 1200 MiB of memory, and 1199 are free/,
    });
  });

  it('stops between two batches where nobody waits any more', async () => {
    const loaded = await load(model, { pack: (lengths) => lengths.map((_, i) => [i]) });
    const stop = new AbortController();
    const made: number[] = [];
    const work = loaded.embed(
      ['a', 'b', 'c'],
      'document',
      (places) => {
        made.push(...places);
        stop.abort(new Error('gone'));
      },
      stop.signal,
    );
    await assert.rejects(work, { message: 'gone' });
    assert.deepEqual(made, [0]);
  });
});

describe('the mean of vectors', () => {
  it('has length one', () => {
    const two = new Float32Array(2 * 768);
    two[0] = 1;
    two[768 + 1] = 1;
    const mean = meanVector(two);
    assert.ok(Math.abs(mean[0]! - Math.SQRT1_2) < 1e-6 && Math.abs(mean[1]! - Math.SQRT1_2) < 1e-6);
  });
});

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
