import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { modelFolder } from '../../appliance/models/embedder/folder/model-folder.ts';
import { mpnetGraph } from '../../appliance/models/embedder/graph/mpnet.ts';
import { readTensors } from '../../appliance/models/embedder/graph/safetensors.ts';
import { type LoadedModel, loadModel } from '../../appliance/models/embedder/onnx/load-model.ts';
import { type ModelSession, openSession } from '../../appliance/models/embedder/onnx/session.ts';
import { readTokenizer } from '../../appliance/models/embedder/onnx/tokenizer.ts';
import { FETCHED, FETCHED_MODEL as model } from '../support/models/fetched.ts';
import { cosineOf, LEAST_COSINE, REFERENCES } from '../support/models/references.ts';

const path = (name: string) => join(FETCHED, model.name, name);

describe(`${model.name} against its original implementation`, () => {
  let session: ModelSession;
  let loaded: LoadedModel;
  before(async () => {
    session = await openSession(path('model.onnx'), model.padding_id);
    loaded = await loadModel(FETCHED, model);
  });
  after(async () => {
    await session.close();
    await loaded.close();
  });

  it('is whole, and its graph comes out of its weights byte for byte', async () => {
    assert.deepEqual(await modelFolder(FETCHED).verify(model.name), []);
    const graph = mpnetGraph(await readTensors(path('model.safetensors')), 'model.safetensors');
    assert.equal(sha256Hex(graph), model.files.find(({ role }) => role === 'graph')!.sha256);
  });

  it('has 24 references, of them one as long as the model reads', () => {
    assert.equal(REFERENCES.length, 24);
    assert.equal(Math.max(...REFERENCES.map(({ input_ids }) => input_ids.length)), model.max_tokens);
  });

  it('cuts every text into the publisher’s tokens', async () => {
    const { before: first, behind, tokensOf } = await readTokenizer(path('tokenizer.json'));
    for (const { text, input_ids } of REFERENCES) {
      const most = model.max_tokens - first.length - behind.length;
      assert.deepEqual([...first, ...tokensOf(text).slice(0, most), ...behind], input_ids, text);
    }
  });

  it('gives the reference’s vectors, alone and padded beside the longest', async () => {
    const longest = REFERENCES.find(({ input_ids }) => input_ids.length === model.max_tokens)!;
    for (const [i, { text, input_ids, vector }] of REFERENCES.entries()) {
      const [alone] = await session.run([input_ids]);
      // Some of them are enough: the longest costs a second each time.
      const [beside] = i % 6 === 0 ? await session.run([input_ids, longest.input_ids]) : [alone];
      for (const made of [alone!, beside!])
        assert.ok(cosineOf(made, vector) >= LEAST_COSINE, `${text}: ${cosineOf(made, vector)}`);
    }
  });

  it('gives them packed as documents are, but for the text that is longer than the model reads', async () => {
    const made: Float32Array[] = [];
    await loaded.embed(
      REFERENCES.map(({ text }) => text),
      'document',
      (places, vectors) => {
        for (const [i, place] of places.entries()) made[place] = vectors[i]!;
      },
    );
    const cosines = REFERENCES.map(({ vector }, i) => cosineOf(made[i]!, vector));
    const whole = REFERENCES.flatMap(({ input_ids }, i) => (input_ids.length < model.max_tokens ? [cosines[i]!] : []));
    assert.equal(whole.length, 23);
    assert.ok(Math.min(...whole) >= LEAST_COSINE, String(Math.min(...whole)));
    // Its reference knows nothing of the half that was cut off.
    const windowed = Math.min(...cosines);
    assert.ok(windowed > 0.9 && windowed < LEAST_COSINE, String(windowed));
  });
});
