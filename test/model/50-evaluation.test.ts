import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateRetrieval } from '../../appliance/bin/wire/evaluate.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import type { EvaluationText } from '../../appliance/data/evaluate-retrieval.ts';
import { FETCHED, FETCHED_MODEL, modelMissing } from '../support/models/fetched.ts';

const CORPUS: EvaluationText[] = [
  { id: 'damage', text: 'The lessee is liable for harm that comes to the premises through improper use.' },
  { id: 'freezer', text: 'When the freezer alarm sounds, move all samples to the spare unit within an hour.' },
  { id: 'tugs', text: 'The harbour master orders tugs for vessels above two hundred metres.' },
];
/** It shares no word with the text that answers it, and some with the others. */
const QUERIES: EvaluationText[] = [{ id: 'who pays', text: 'Who must pay if a tenant breaks something in the flat?' }];

async function* each(texts: readonly EvaluationText[]): AsyncGenerator<EvaluationText> {
  yield* texts;
}

/** What `frostbyte eval retrieval` ranks with, where a model is here. */
describe('a collection ranked with a model', { skip: (await modelMissing()) ?? false, timeout: 180_000 }, () => {
  async function first(model: string): Promise<string | undefined> {
    const config = loadConfig({ variables: { FROSTBYTE_MODELS: FETCHED, FROSTBYTE_EMBEDDER: model } });
    const ranks: string[] = [];
    for await (const { doc } of evaluateRetrieval(config, each(CORPUS), each(QUERIES), 3)) ranks.push(doc);
    return ranks[0];
  }

  it('goes by meaning with the best model that is here, or the one that is named', async () => {
    assert.equal(await first('auto'), 'damage');
    assert.equal(await first(FETCHED_MODEL.name), 'damage');
  });

  it('refuses a model that is not here', async () => {
    await assert.rejects(first('nomic-embed-text'), { code: 'CONFIG_INVALID' });
  });
});
