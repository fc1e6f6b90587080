import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ReindexAnswer } from '../../appliance/api/schemas/reindex.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { FETCHED, FETCHED_MODEL as model } from '../support/models/fetched.ts';

const TEXTS = [
  'The lessee is liable for harm that comes to the premises through improper use.',
  'Invoices fall due thirty days after receipt; late sums bear interest at four percent.',
  'When the freezer alarm sounds, move all samples to the spare unit within an hour.',
];
/** It shares no word with the text that answers it. */
const QUESTION = 'Who must pay if a tenant breaks something in the flat?';
const REINDEX = '/admin/tenants/acme/reindex';

describe('a tenant that is pinned to words and then wants to find by meaning', () => {
  let appliance: Appliance;
  let frode: Caller;
  let dana: Caller;

  before(async () => {
    appliance = await startAppliance({ environment: { FROSTBYTE_EMBEDDER: 'auto', FROSTBYTE_MODELS: FETCHED } });
    await appliance.createTenant('acme', { classification_review_enabled: false, embedding_model: 'lexical' });
    frode = await appliance.caller({ role: 'admin', subject: 'frode' });
    dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const api = await appliance.client('acme');
    const { batch_id } = await submit(
      api,
      'acme',
      TEXTS.map((content, n) => text(`${n}.txt`, content)),
    );
    assert.equal((await whenSettled(api, 'acme', batch_id)).status, 'completed');
  });
  after(() => appliance?.end());

  async function search(query_text: string): Promise<RetrievalProof> {
    const { status, data } = await dana<RetrievalProof>('POST', '/query/acme/search', { query_text });
    assert.equal(status, 200);
    return data;
  }

  it('goes by words although a model is here', async () => {
    const proof = await search('liable for improper use');
    assert.deepEqual([proof.embed_model, proof.model_version_match], ['lexical', true]);
  });

  it('is told by every search, once it is pinned to the model, that its index is another’s', async () => {
    const config = { embedding_model: model.name };
    assert.equal((await frode('PATCH', '/admin/tenants/acme', { config, reason: 'by meaning' })).status, 200);
    const proof = await search('liable for improper use');
    assert.deepEqual([proof.embed_model, proof.model_version_match], ['lexical', false]);
  });

  it('finds by meaning once its index was made anew, and was answered all the time', async () => {
    const { data: started } = await frode<ReindexAnswer>('POST', REINDEX, { reason: 'by meaning' });
    assert.equal(started.embed_model, model.name);
    const done = await until(
      'the switch',
      async () => {
        assert.equal((await search('liable for improper use')).chunks[0]?.text, TEXTS[0]);
        const { data } = await frode<ReindexAnswer>('GET', `${REINDEX}/${started.reindex_id}`);
        return data.status === 'switched' && data;
      },
      { seconds: 180 },
    );
    assert.deepEqual([done.documents.done, done.chunks_done], [3, 3]);
    const proof = await search(QUESTION);
    assert.deepEqual([proof.embed_model, proof.model_version_match], [model.name, true]);
    assert.equal(proof.chunks[0]?.text, TEXTS[0]);
    assert.ok(proof.chunks[0]!.similarity_score > 0.3);
  });
});
