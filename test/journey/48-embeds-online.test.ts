import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ReindexAnswer } from '../../appliance/api/schemas/reindex.ts';
import { servedByEndpoint } from '../../appliance/models/embedder/endpoint/served-model.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { type EmbeddingEndpoint, startEmbeddingEndpoint } from '../support/embedding-endpoint.ts';
import { endpointSettings } from '../support/endpoint-settings.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { filesHolding } from '../support/files-holding.ts';
import type { Caller } from '../support/http.ts';

/** A tenant whose site lets its texts go to an endpoint, beside one whose texts stay. */

const KEY = 'sk-journey-0123456789abcdef-secret';
const HARBOUR = 'The harbour master orders tugs for vessels above two hundred metres.';
const ORCHARD = 'The orchard is pruned in February, before the buds open.';

let folder: string;
let endpoint: EmbeddingEndpoint;
let appliance: Appliance;
let served: { model: string; version: string };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-online-'));
  endpoint = await startEmbeddingEndpoint();
  writeFileSync(join(folder, 'key'), `${KEY}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'ca.pem'), endpoint.ca);
  appliance = await startAppliance({
    environment: {
      FROSTBYTE_ENDPOINT: endpoint.url,
      FROSTBYTE_ENDPOINT_KEY_FILE: join(folder, 'key'),
      FROSTBYTE_ENDPOINT_CA_FILE: join(folder, 'ca.pem'),
      FROSTBYTE_ENDPOINT_TIMEOUT_SECONDS: '5',
    },
  });
  const { name, version } = servedByEndpoint(endpointSettings({ url: endpoint.url }));
  served = { model: name, version };
  await appliance.createTenant('away', { embedding_mode: 'online', classification_review_enabled: false });
  await appliance.createTenant('home', { classification_review_enabled: false });
});
after(async () => {
  await appliance?.end();
  await endpoint?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function bring(tenant: string, content: string): Promise<void> {
  const api = await appliance.client(tenant);
  const receipt = await submit(api, tenant, [text(`${tenant}.txt`, content)]);
  const { status, files } = await whenSettled(api, tenant, receipt.batch_id);
  assert.equal(status, 'completed', JSON.stringify(files));
}
const dana = (tenant: string): Promise<Caller> =>
  appliance.caller({ role: 'tenant_admin', tenant_id: tenant, subject: 'dana' });
const search = async (tenant: string, query_text: string) =>
  (await dana(tenant))<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text });
const sent = () => endpoint.received.flatMap(({ input }) => input);

async function embedderHealth(): Promise<{ ok: boolean; message: string }> {
  const { dependencies } = (await (await fetch(`${appliance.url}/ready`)).json()) as {
    dependencies: { name: string; ok: boolean; message: string }[];
  };
  return dependencies.find(({ name }) => name === 'embedder.endpoint')!;
}

test('a tenant that is online is embedded by the endpoint, and one that is not by what is here', async () => {
  await bring('away', HARBOUR);
  await bring('home', ORCHARD);
  const { data } = await search('away', 'who orders tugs');
  assert.equal(data.chunks[0]!.text, HARBOUR);
  assert.equal(data.model_version_match, true);
  for (const one of [data, ...data.chunks]) {
    assert.deepEqual([one.embed_model, one.embed_version], [served.model, served.version]);
  }
  const stays = (await search('home', 'when is the orchard pruned')).data;
  assert.deepEqual([stays.chunks[0]!.text, stays.embed_model], [ORCHARD, 'lexical']);
  assert.deepEqual(new Set(sent()), new Set([HARBOUR, 'who orders tugs']));
  assert.ok(endpoint.received.every(({ authorization }) => authorization === `Bearer ${KEY}`));
  assert.equal((await embedderHealth()).ok, true);
});

test('the key is in no log, no argument, no environment and no file but its own', async () => {
  const processes = [appliance.process.pid!, ...descendantsOf(appliance.process.pid!)];
  assert.ok(processes.length > 2, 'workers and the embedder are looked at too');
  for (const pid of processes) {
    for (const list of ['cmdline', 'environ']) {
      assert.doesNotMatch(readFileSync(`/proc/${pid}/${list}`, 'latin1'), new RegExp(KEY), `${list} of ${pid}`);
    }
  }
  assert.doesNotMatch(appliance.logs(), new RegExp(`${KEY}|tugs`));
  assert.deepEqual(filesHolding(appliance.dataFolder, { key: KEY }), []);
});

test('a tenant that is set offline sends nothing more, and its search says what to do', async () => {
  const frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  const set = async (embedding_mode: string) =>
    assert.equal(
      (await frode('PATCH', '/admin/tenants/away', { config: { embedding_mode }, reason: 'a test' })).status,
      200,
    );
  await set('offline');
  const before = endpoint.received.length;
  const refused = await search('away', 'who orders tugs');
  assert.deepEqual([refused.status, refused.code], [503, 'SERVICE_UNAVAILABLE']);
  assert.match(refused.error.message, /embeds offline: nothing is sent there.*embedding_mode.*reindex/s);
  assert.equal(endpoint.received.length, before);
  await set('online');
  assert.equal((await search('away', 'who orders tugs')).data.chunks[0]!.text, HARBOUR);
});

test('what keeps the endpoint from embedding is in the answer and in /ready, and over once it is mended', async () => {
  endpoint.always({ status: 401, body: KEY });
  const refused = await search('away', 'which vessels');
  assert.equal(refused.code, 'SERVICE_UNAVAILABLE');
  assert.match(refused.error.message, /does not take the key \(401\).*key_file/);
  const red = await until('it to be red', async () => {
    const health = await embedderHealth();
    return health.ok ? null : health;
  });
  assert.match(red.message, /does not take the key/);
  endpoint.always(null);
  assert.equal((await search('away', 'which vessels')).status, 200);
  await until('it to be green', async () => ((await embedderHealth()).ok ? true : null));
});

test('a key that others may read is not used', async () => {
  chmodSync(join(folder, 'key'), 0o644);
  const before = endpoint.received.length;
  const { code, error } = await search('away', 'vessels');
  assert.equal(code, 'SERVICE_UNAVAILABLE');
  assert.match(error.message, /key_file.*mode 0600/);
  assert.doesNotMatch(error.message, /\/key\b/, 'a tenant is told no path of the box');
  assert.equal(endpoint.received.length, before);
  chmodSync(join(folder, 'key'), 0o600);
  assert.equal((await search('away', 'vessels')).status, 200);
});

test('a document whose vectors have other dimensions is not indexed, and that is said', async () => {
  endpoint.always({
    body: (input) => JSON.stringify({ data: input.map((_, index) => ({ index, embedding: [1, 0] })) }),
  });
  const api = await appliance.client('away');
  const receipt = await submit(api, 'away', [text('later.txt', 'Pilots board at the outer buoy.')]);
  const { files } = await whenSettled(api, 'away', receipt.batch_id);
  assert.equal(files[0]!.state, 'embed_failed');
  assert.equal(files[0]!.error!.code, 'DIMENSION_MISMATCH');
  endpoint.always(null);
  const { data } = await search('away', 'outer buoy');
  assert.ok(data.chunks.every(({ text: found }) => !found.includes('Pilots')));
});

test('an indexed tenant is reindexed by the endpoint once it is online, and by what is here once it is not', async () => {
  const frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  const set = async (embedding_mode: string) => {
    const config = { embedding_mode };
    assert.equal((await frode('PATCH', '/admin/tenants/home', { config, reason: 'a test' })).status, 200);
  };
  const asked = () => search('home', 'when is the orchard pruned');
  async function reindex(): Promise<void> {
    const wish = { reason: 'a test' };
    const { data, status } = await frode<ReindexAnswer>('POST', '/admin/tenants/home/reindex', wish);
    assert.equal(status, 202);
    // Another one may begin once the index that was served is empty.
    await until('the other index to be served, and the first one empty', async () => {
      const now = await frode<ReindexAnswer>('GET', `/admin/tenants/home/reindex/${data.reindex_id}`);
      return now.data.status === 'switched' && now.data.dropped_at !== null;
    });
    const proof = (await asked()).data;
    assert.deepEqual([proof.embed_model, proof.model_version_match], [data.embed_model, true]);
    assert.equal(proof.chunks[0]!.text, ORCHARD);
  }

  const pin = { config: { embedding_model: served.model }, reason: 'a test' };
  const refused = await frode('PATCH', '/admin/tenants/home', pin);
  assert.equal(refused.status, 400, 'its documents would wait for ever');
  assert.match(refused.error.message, /embeds offline.*embedding_mode to online/);

  await set('online');
  const { data: between } = await asked();
  assert.equal(between.embed_model, 'lexical', 'the index goes on with the model that made it');
  assert.equal(between.model_version_match, false, 'and says that it is not the one that is wanted');
  assert.ok(!sent().includes(ORCHARD));
  await reindex();
  assert.ok(sent().includes(ORCHARD));

  await set('offline');
  const before = endpoint.received.length;
  assert.equal((await asked()).code, 'SERVICE_UNAVAILABLE');
  await reindex();
  assert.equal(endpoint.received.length, before, 'nothing is sent for it');
});

test('an appliance without an endpoint lets no tenant be online', async () => {
  const offline = await startAppliance();
  try {
    await offline.createTenant('acme');
    const frode = await offline.caller({ role: 'admin', subject: 'frode' });
    const config = { embedding_mode: 'online' };
    for (const answer of [
      await frode('PATCH', '/admin/tenants/acme', { config, reason: 'a test' }),
      await frode('POST', '/admin/tenants', {
        tenant_name: 'Other',
        contact_email: 'a@example.org',
        tier: 'standard',
        config,
      }),
    ]) {
      assert.deepEqual([answer.status, answer.code], [400, 'VALIDATION_ERROR']);
      assert.equal(answer.error.details[0]!.field, 'embedding_mode');
    }
  } finally {
    await offline.end();
  }
});
