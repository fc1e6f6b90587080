import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ReindexAnswer } from '../../appliance/api/schemas/reindex.ts';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import type { IndexNumber } from '../../appliance/stores/record/rows.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestFile, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { ageIndex, onRecords, vectorsOf } from '../support/inside.ts';
import { PROGRAM } from '../support/program.ts';

/** An upgrade brought another version of the model: Frode has the index made anew, and Dana searches meanwhile. */

const REINDEX = '/admin/tenants/acme/reindex';

let appliance: Appliance;
let dana: Caller;
let frode: Caller;
const docs: string[] = [];

before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  docs.push(...(await ingest(Array.from({ length: 12 }, (_, n) => basket(n)))));
});
after(() => appliance.end());

const basket = (n: number) => text(`basket-${n}.txt`, `Basket ${n} holds apples.\n\nAnd ${n} pears lie beside it.`);

async function ingest(files: TestFile[]): Promise<string[]> {
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', makeBatch('acme', files).form);
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${data.batch_id}/stream`))) void _;
  return data.receipts.map(({ doc_id }) => doc_id!);
}

async function search(query_text = 'apples'): Promise<{ proof: RetrievalProof; warning: string | null }> {
  const answer = await dana.raw('POST', '/query/acme/search', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query_text, top_k: 10 }),
  });
  assert.equal(answer.status, 200);
  const { data } = (await answer.json()) as { data: RetrievalProof };
  return { proof: data, warning: answer.headers.get('warning') };
}

async function statusOf(id: string): Promise<ReindexAnswer> {
  return (await frode<ReindexAnswer>('GET', `${REINDEX}/${id}`)).data;
}

async function dropped(id: string): Promise<ReindexAnswer> {
  return until('the old index to be emptied', async () => {
    const now = await statusOf(id);
    return now.dropped_at !== null && now;
  });
}

/** The index of a number holds the vectors that the records name, and no other. */
async function assertWhole(number: IndexNumber): Promise<void> {
  const vectors = vectorsOf(appliance, 'acme', number);
  try {
    const records = await onRecords<{ chunk_id: string; vector_sha256: string }>(
      appliance,
      'acme',
      number === 1
        ? 'SELECT chunk_id, vector_sha256 FROM reindexed_chunks WHERE number = 1'
        : 'SELECT chunk_id, vector_sha256 FROM reindexed_chunks WHERE number = 0',
    );
    const stored = await vectors.read(records.map(({ chunk_id }) => chunk_id));
    for (const { chunk_id, vector_sha256 } of records) assert.equal(vectorSha256(stored.get(chunk_id)!), vector_sha256);
    assert.equal(await vectors.count(), records.length);
    const other = vectorsOf(appliance, 'acme', number === 1 ? 0 : 1);
    assert.equal(await other.count(), 0);
    await other.close();
  } finally {
    await vectors.close();
  }
}

test('where a part of the index is another version’s, search answers and says so', async () => {
  const before = await search();
  assert.deepEqual([before.proof.model_version_match, before.warning], [true, null]);
  assert.equal((await frode('POST', REINDEX, { reason: 'for nothing' })).code, 'INVALID_STATE_TRANSITION');
  await ageIndex(appliance, 'acme');
  const { proof, warning } = await search();
  assert.equal(proof.model_version_match, false);
  assert.match(warning!, /^299 frostbyte ".*another embedding model or version.*frostbyte tenant reindex/);
  assert.deepEqual(
    proof.chunks.map(({ chunk_id }) => chunk_id),
    before.proof.chunks.map(({ chunk_id }) => chunk_id),
  );
});

test('the index is made anew while people search and documents arrive, and is served when it is whole', async () => {
  const { status, data: started } = await frode<ReindexAnswer>('POST', REINDEX, { reason: 'the new version' });
  assert.deepEqual([status, started.status, started.documents], [202, 'building', { total: 12, done: 0 }]);
  const late = ingest([text('late.txt', 'A late basket of apples.')]);
  let searches = 0;
  let now = started;
  while (now.status === 'building') {
    assert.equal((await search()).proof.chunks.length, 10);
    searches += 1;
    now = await statusOf(started.reindex_id);
  }
  assert.equal(now.status, 'switched');
  assert.ok(searches > 0);
  docs.push(...(await late));
  const { proof, warning } = await search();
  assert.deepEqual([proof.model_version_match, warning], [true, null]);
  assert.notEqual(proof.embed_version, '0');
  assert.equal((await search('late basket')).proof.chunks[0]?.doc_id, docs.at(-1));
  const done = await dropped(started.reindex_id);
  assert.equal(done.documents.done, done.documents.total);
  assert.ok(done.chunks_done >= 12, String(done.chunks_done));
  const list = await frode<ReindexAnswer[]>('GET', REINDEX);
  assert.deepEqual(
    list.data.map(({ reindex_id }) => reindex_id),
    [started.reindex_id],
  );
});

test('it is told: who asked, what came of it, and for each document a chain that is whole', async () => {
  const events = await until('the relay', async () => {
    const { data } = await dana<{ event_type: string; actor: string; details: Record<string, unknown> }[]>(
      'GET',
      '/audit/acme/events?limit=500',
    );
    return data.some(({ event_type }) => event_type === 'REINDEX_SWITCHED') && data;
  });
  const [started] = events.filter(({ event_type }) => event_type === 'REINDEX_STARTED');
  assert.deepEqual([started?.actor, started?.details.reason], ['frode', 'the new version']);
  for (const id of docs) {
    const { data } = await dana<{ hash_chain_verification: { valid: boolean; breaks: unknown[] } }>(
      'GET',
      `/audit/acme/chain/${id}?resource_type=document`,
    );
    assert.deepEqual(data.hash_chain_verification.breaks, []);
    assert.equal(data.hash_chain_verification.valid, true);
  }
});

test('who is erased afterwards is in neither index', async () => {
  const gone = docs.shift()!;
  const body = { reason: 'asked for', confirm_doc_id: gone };
  assert.equal((await dana('DELETE', `/query/acme/document/${gone}`, body)).status, 200);
  for (const number of [0, 1] as const) {
    const vectors = vectorsOf(appliance, 'acme', number);
    assert.equal(await vectors.countDocument(gone), 0);
    await vectors.close();
  }
});

test('a second one goes back to the first place, from the command line', async () => {
  await ageIndex(appliance, 'acme');
  const token = await appliance.token({ role: 'admin', subject: 'frode' });
  const cli = (...args: string[]) =>
    new Promise<{ code: number | null; out: string }>((done) => {
      const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...args], {
        env: { PATH: process.env.PATH ?? '', FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token },
      });
      let out = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (out += part));
      child.on('close', (code) => done({ code, out }));
    });
  const made = await cli('tenant', 'reindex', 'acme', '--model', 'lexical', '--because', 'once more');
  assert.equal(made.code, 0, made.out);
  assert.match(made.out, /lexical \S+, switched[\s\S]*documents +12 of 12/);
  const list = await cli('tenant', 'reindexes', 'acme', '--json');
  const [latest] = JSON.parse(list.out) as ReindexAnswer[];
  await dropped(latest!.reindex_id);
  await assertWhole(0);
  const late = await cli('tenant', 'cancel-reindex', 'acme', latest!.reindex_id);
  assert.ok(late.code !== 0 && late.out.includes('nothing to cancel'), late.out);
  const none = await cli('tenant', 'reindex', 'acme', '--because', 'again');
  assert.ok(none.code !== 0 && none.out.includes('already'), none.out);
});

test('an administrator alone may, and only to a model that is here', async () => {
  assert.equal((await dana('POST', REINDEX, { reason: 'x' })).code, 'INSUFFICIENT_PERMISSIONS');
  const away = await frode('POST', REINDEX, { model: 'all-mpnet-base-v2', reason: 'x' });
  assert.deepEqual([away.status, away.code], [503, 'SERVICE_UNAVAILABLE']);
  const pin = (embedding_model: string | null) =>
    frode('PATCH', '/admin/tenants/acme', { config: { embedding_model }, reason: 'pinned' });
  const unknown = await pin('lexicla');
  assert.deepEqual([unknown.status, unknown.code], [400, 'VALIDATION_ERROR']);
  assert.match(JSON.stringify(unknown), /did you mean lexical/);
  assert.match(JSON.stringify(await pin('all-mpnet-base-v2')), /is not here\. Bring it \(frostbyte model import\)/);
  assert.equal((await pin('lexical')).status, 200);
  assert.equal((await search()).proof.model_version_match, true);
  assert.equal((await pin(null)).status, 200);
});
