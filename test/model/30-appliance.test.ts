import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { versionOf } from '../../appliance/models/embedder/lock.ts';
import { type Appliance, type ApplianceOptions, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { FETCHED, FETCHED_MODEL as model } from '../support/models/fetched.ts';

const DAMAGE = 'The lessee is liable for harm that comes to the premises through improper use.';
const PAYMENT = 'Invoices fall due thirty days after receipt; late sums bear interest at four percent.';
const FREEZER = 'When the freezer alarm sounds, move all samples to the spare unit within an hour.';
/** It shares no word with the text that answers it. */
const QUESTION = 'Who must pay if a tenant breaks something in the flat?';

for (const arrangement of ['single', 'split'] as const satisfies ApplianceOptions['arrangement'][]) {
  describe(`an appliance with a model, ${arrangement}`, () => {
    let folder: string;
    let appliance: Appliance;

    before(async () => {
      // Beside the fetched one, so that its files need not be copied.
      folder = mkdtempSync(join(resolve(FETCHED, '..'), 'test-models-'));
      appliance = await startAppliance({
        arrangement,
        environment: { FROSTBYTE_EMBEDDER: 'auto', FROSTBYTE_MODELS: join(folder, 'models') },
      });
    });
    after(async () => {
      await appliance?.end();
      rmSync(folder, { recursive: true });
    });

    async function restart(): Promise<void> {
      await appliance.stop();
      await appliance.restart();
    }
    const personOf = (tenant: string): Promise<Caller> =>
      appliance.caller({ role: 'tenant_admin', tenant_id: tenant, subject: 'dana' });
    async function bring(tenant: string, contents: string[]): Promise<void> {
      const files = contents.map((content, i) => text(`${tenant}-${i}.txt`, content));
      const api = await appliance.client(tenant);
      const receipt = await submit(api, tenant, files);
      const { status, files: settled } = await whenSettled(api, tenant, receipt.batch_id);
      assert.equal(status, 'completed', JSON.stringify(settled));
    }
    async function search(tenant: string, query_text = QUESTION): Promise<RetrievalProof> {
      const { data } = await (await personOf(tenant))<RetrievalProof>('POST', `/query/${tenant}/search`, {
        query_text,
      });
      return data;
    }

    it('takes words alone where there is none', async () => {
      await appliance.createTenant('older', { classification_review_enabled: false });
      await bring('older', [DAMAGE, FREEZER]);
      assert.equal((await search('older', 'liable for improper use')).embed_model, 'lexical');
    });

    it('takes the model once it is there, and finds by meaning what shares no word with the question', async () => {
      mkdirSync(join(folder, 'models', model.name), { recursive: true });
      for (const name of readdirSync(join(FETCHED, model.name))) {
        linkSync(join(FETCHED, model.name, name), join(folder, 'models', model.name, name));
      }
      await restart();
      await appliance.createTenant('newer', { classification_review_enabled: false });
      await bring('newer', [PAYMENT, FREEZER, DAMAGE]);
      const proof = await search('newer');
      assert.equal(proof.chunks[0]!.text, DAMAGE);
      assert.equal(proof.model_version_match, true);
      for (const { embed_model, embed_version } of [proof, ...proof.chunks]) {
        assert.deepEqual([embed_model, embed_version], [model.name, versionOf(model)]);
      }
      const [first, second] = proof.chunks.map(({ similarity_score }) => similarity_score);
      assert.ok(first! > 0.3 && first! > second! + 0.1, `${first} ${second}`);
    });

    it('goes on with words alone where the index was made so', async () => {
      const proof = await search('older', 'liable for improper use');
      assert.equal(proof.embed_model, 'lexical');
      assert.equal(proof.model_version_match, true);
      assert.equal(proof.chunks[0]!.text, DAMAGE);
    });

    it('answers also right after the embedder was killed', async () => {
      const [embedder, ...others] = embeddersBelow(appliance.process.pid!);
      assert.equal(others.length, 0, 'one for all tenants');
      process.kill(embedder!, 'SIGKILL');
      assert.equal((await search('newer')).chunks[0]!.text, DAMAGE);
      await until('another one', () => !embeddersBelow(appliance.process.pid!).includes(embedder!));
    });

    it('says which model is missing, and takes no other in its place', async () => {
      renameSync(join(folder, 'models', model.name), join(folder, 'away'));
      await restart();
      const dana = await personOf('newer');
      const answer = await dana.raw('POST', '/query/newer/search', {
        body: JSON.stringify({ query_text: QUESTION }),
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.equal(error.code, 'SERVICE_UNAVAILABLE');
      assert.match(error.message, /all-mpnet-base-v2, which is not here.*frostbyte model import/);
      assert.equal((await search('older', 'liable for improper use')).chunks[0]!.text, DAMAGE);
      assert.deepEqual(embeddersBelow(appliance.process.pid!), []);
      renameSync(join(folder, 'away'), join(folder, 'models', model.name));
      await restart();
      assert.equal((await search('newer')).chunks[0]!.text, DAMAGE);
    });
  });
}

function embeddersBelow(pid: number): number[] {
  return descendantsOf(pid).filter((one) => {
    try {
      return /(?:^|\/)embedder\.(?:ts|mjs)\0/.test(readFileSync(`/proc/${one}/cmdline`, 'utf8'));
    } catch {
      return false;
    }
  });
}
