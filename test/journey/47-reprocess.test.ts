import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { DiffAnswer } from '../../appliance/api/schemas/diff.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ReprocessAnswer } from '../../appliance/api/schemas/reprocess.ts';
import { type ProofChunk, proofEvidence, verifyProofChunk } from '../../appliance/data/verify-proof.ts';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import { lexicalEmbedder } from '../../appliance/models/embedder/lexical.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestFile, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import { until } from '../support/faults/until.ts';
import { bytesOf, filesIn } from '../support/files-holding.ts';
import type { Caller } from '../support/http.ts';
import { foldersAtRest, objectsOpened, onRecords, vectorsOf, written } from '../support/inside.ts';
import { PROGRAM } from '../support/program.ts';
import { sample } from '../support/samples.ts';

/** The terms change: Frode sets the new ones, and Dana has her documents run again. */

const EMAIL = 'kari.zyxlunde@nordcold.example';
const SSN = '536-22-8719';
const HEADED = 'olav.zyxberg@nordcold.example';
const PLANTED = [EMAIL, SSN, HEADED, 'zyxlunde', 'zyxberg'];

let appliance: Appliance;
let dana: Caller;
let frode: Caller;
let objects: ObjectStore;

before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false, pii_policy: 'flag' });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  objects = await objectsOpened(appliance, 'acme');
});
after(async () => {
  await objects?.close();
  await appliance.end();
});

const configure = async (config: Record<string, unknown>) => {
  const { status } = await frode('PATCH', '/admin/tenants/acme', { config, reason: 'new terms' });
  assert.equal(status, 200);
};

async function ingest(files: TestFile[], extra: Record<string, unknown> = {}): Promise<BatchReceipt> {
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', makeBatch('acme', files, extra).form);
  await settled(data.batch_id);
  return data;
}

async function settled(batch: string): Promise<BatchStatus> {
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${batch}/stream`))) void _;
  return (await dana<BatchStatus>('GET', `/ingest/acme/batch/${batch}`)).data;
}

/** Asks for it and waits until it is done. */
async function reprocess(body: Record<string, unknown>): Promise<ReprocessAnswer> {
  const { status, data, error } = await dana<ReprocessAnswer>('POST', '/ingest/acme/reprocess', {
    reason: 'new terms',
    ...body,
  });
  assert.equal(status, 202, JSON.stringify(error));
  return until('the end of the request', async () => {
    const { data: now } = await dana<ReprocessAnswer>('GET', `/ingest/acme/reprocess/${data.reprocess_id}`);
    return now.status === 'completed' && now;
  });
}

const search = async (query_text: string, doc_id?: string) =>
  (
    await dana<RetrievalProof>('POST', '/query/acme/search', {
      query_text,
      top_k: 50,
      ...(doc_id ? { filters: { doc_ids: [doc_id] } } : {}),
    })
  ).data;

interface DocumentData {
  state: string;
  chunks: { chunk_id: string; text: string }[];
  lineage: { canonical_sha256: string; config_version: number };
}
const documentOf = async (id: string) =>
  (await dana<DocumentData>('GET', `/query/acme/document/${id}?limit=1000`)).data;
const eventsOf = async (type: string, resource: string) =>
  (
    await dana<{ event_type: string; details: Record<string, unknown> }[]>(
      'GET',
      `/audit/acme/events?event_type=${type}&resource_id=${resource}&limit=500`,
    )
  ).data;

/** Files of the stores and logs that hold one of these. What the database's journal holds goes with its segments. */
function traces(words: readonly string[]): string[] {
  const files = filesIn(foldersAtRest(appliance)).filter(
    (path) => /\.sqlite(-wal)?$/.test(path) || (/\/data\/base\//.test(path) && !/pg_wal/.test(path)),
  );
  return files.filter((path) => {
    const bytes = bytesOf(path);
    return words.some((word) => bytes.includes(word));
  });
}

/** Every vector of the tenant is that of its chunk's text as it is served now. */
async function vectorsMatch(doc: string): Promise<void> {
  const { chunks } = await documentOf(doc);
  const vectors = vectorsOf(appliance, 'acme');
  try {
    const stored = await vectors.read(chunks.map(({ chunk_id }) => chunk_id));
    const expected = await lexicalEmbedder().embedDocuments(chunks.map((chunk) => chunk.text));
    for (const [i, { chunk_id }] of chunks.entries()) {
      assert.equal(vectorSha256(stored.get(chunk_id)!), vectorSha256(expected[i]!), chunk_id);
    }
    assert.deepEqual(await vectors.removeDocument(doc, new Set(stored.keys())), [], 'vectors of no chunk');
  } finally {
    await vectors.close();
  }
}

async function stands(chunk: ProofChunk): Promise<void> {
  assert.equal(verifyProofChunk(chunk, await proofEvidence(objects, chunk, 'acme'), 'acme'), null, chunk.chunk_id);
}

let batch: BatchReceipt;
const saved: ProofChunk[] = [];
const ids = new Map<string, string>();

test('flag turns to redact: after a run from policy the old text is found nowhere', async () => {
  batch = await ingest([
    text('who.txt', `Send the signed lease to ${EMAIL} before May. The social security number is ${SSN}.\n`),
    text('headed.txt', `1. Questions to ${HEADED}\n\nThe depot answers within a day, pallets or not.\n`),
    { filename: 'roster.csv', mime_type: 'text/csv', content: `name,email\nKari,${EMAIL}\nOlav,${HEADED}\n` },
    sample('contract-warehouse-lease.pdf'),
    text('long.txt', `${'The tenant pays the rent of the warehouse before the third day of the month. '.repeat(12)}\n`),
  ]);
  for (const { original_filename, doc_id } of batch.receipts) ids.set(original_filename, doc_id!);
  for (const question of ['signed lease', EMAIL, SSN, 'questions to the depot', 'rent of the warehouse']) {
    for (const chunk of (await search(question)).chunks) {
      if (!saved.some(({ chunk_id }) => chunk_id === chunk.chunk_id)) saved.push(chunk);
    }
  }
  assert.match(JSON.stringify(saved), /zyxlunde.*zyxberg|zyxberg.*zyxlunde/, 'flagged is shown');
  await written(appliance);
  assert.notDeepEqual(traces(['zyxlunde']), [], 'the look can find');

  await configure({ pii_policy: 'redact' });
  assert.match(JSON.stringify(await search(EMAIL)), /zyxlunde/, 'a new term is for new documents');
  const done = await reprocess({ from: 'policy', batch_id: batch.batch_id });
  const { candidates, examined, restarted, indexed, failed } = done.documents;
  assert.deepEqual([candidates, examined, restarted, indexed, failed], [5, 5, 5, 5, 0]);

  for (const question of [...PLANTED, 'signed lease', 'questions to the depot', 'name email Kari Olav']) {
    assert.doesNotMatch(JSON.stringify(await search(question)), /zyx|536-22/, question);
  }
  for (const [name, id] of ids) {
    assert.doesNotMatch(JSON.stringify(await documentOf(id)), /zyx|536-22/, name);
    await vectorsMatch(id);
  }
  assert.match(JSON.stringify(await documentOf(ids.get('headed.txt')!)), /\[REDACTED:EMAIL\]/);
  const areGone = async () => {
    await written(appliance);
    return traces(PLANTED).length === 0;
  };
  await until('nothing of it in any file', areGone, {
    // What moved rows left is overwritten by maintenance.
    seconds: 120,
    about: () => traces(PLANTED).join(', '),
  });
  assert.doesNotMatch(appliance.logs(), /zyx|536-22/);
});

const isTold = async (id: string) =>
  (await eventsOf('CONTENT_READ', id)).some(({ details }) => details.what === 'diff');
const diffOf = (id: string, query = '') => dana<DiffAnswer>('GET', `/query/acme/document/${id}/diff${query}`);

test('what a stricter policy changed is shown passage by passage, without a word that it took out', async () => {
  const id = ids.get('who.txt')!;
  const { data } = await diffOf(id);
  assert.deepEqual([data.earlier?.run, data.later.run, data.versions.length], [1, 2, 1]);
  assert.equal(data.earlier!.canonical_sha256, data.later.canonical_sha256, 'it was not parsed again');
  assert.notEqual(data.earlier!.config_version, data.later.config_version);
  const changed = data.changes.filter(({ kind }) => kind === 'changed');
  assert.ok(changed.length > 0);
  for (const { before, after, gates } of changed) {
    assert.deepEqual([before!.text, before!.redacted, after!.redacted, gates], [null, false, true, true]);
    assert.match(after!.text!, /\[REDACTED:/);
  }
  assert.doesNotMatch(JSON.stringify(data), /zyx|536-22/);
  await until('the look in the log', () => isTold(id));
});

test('the run is told: the batch has a new report, its documents a whole chain, the request its events', async () => {
  const { status, acceptance_report } = await settled(batch.batch_id);
  assert.deepEqual([status, acceptance_report?.final], ['completed', true]);
  const completed = await until('the second report in the log', async () => {
    const found = await eventsOf('BATCH_COMPLETED', batch.batch_id);
    return found.length === 2 && found;
  });
  assert.equal(completed[0]!.details.report_id, acceptance_report!.report_id);
  const [asked] = await eventsOf('REPROCESS_STARTED', batch.batch_id);
  assert.deepEqual(
    [asked!.details.scope, asked!.details.from, asked!.details.candidates, asked!.details.reason],
    ['batch', 'policy', 5, 'new terms'],
  );
  assert.equal((await eventsOf('REPROCESS_COMPLETED', batch.batch_id)).length, 1);
  for (const id of ids.values()) {
    const [told] = await eventsOf('REPROCESS_STARTED', id);
    assert.deepEqual([told!.details.run, told!.details.reprocess_id], [2, asked!.details.reprocess_id]);
    const { data: chain } = await dana<{ hash_chain_verification: { valid: boolean; breaks: unknown[] } }>(
      'GET',
      `/audit/acme/chain/${id}?resource_type=document`,
    );
    const { valid, breaks } = chain.hash_chain_verification;
    assert.deepEqual({ valid, breaks }, { valid: true, breaks: [] });
  }
});

test('proofs of before still stand, and so do those of now', async () => {
  for (const chunk of saved) await stands(chunk);
  const now = (await search('signed lease for the depot')).chunks;
  assert.ok(now.some((chunk) => chunk.text.includes('[REDACTED:')));
  for (const chunk of now) await stands(chunk);
});

test('other chunk limits make other chunks; those of before are gone everywhere, their proofs stand', async () => {
  const id = ids.get('long.txt')!;
  const before = await documentOf(id);
  await configure({ chunk_soft_limit: 200, chunk_hard_limit: 400 });
  const done = await reprocess({ from: 'parse', doc_id: id });
  assert.deepEqual([done.scope, done.documents.indexed], ['document', 1]);
  const now = await documentOf(id);
  assert.notEqual(now.lineage.canonical_sha256, before.lineage.canonical_sha256);
  const left = new Set(now.chunks.map(({ chunk_id }) => chunk_id));
  const gone = before.chunks.filter(({ chunk_id }) => !left.has(chunk_id));
  assert.ok(gone.length > 0 && now.chunks.length > before.chunks.length);
  for (const { chunk_id } of gone) {
    assert.equal((await dana('GET', `/query/acme/chunk/${chunk_id}`)).code, 'RESOURCE_NOT_FOUND');
  }
  const found = (await search('rent of the warehouse', id)).chunks;
  assert.ok(found.length > 0 && found.every(({ chunk_id }) => left.has(chunk_id)));
  await vectorsMatch(id);
  const { data: diff } = await diffOf(id);
  assert.equal(diff.earlier!.canonical_sha256, before.lineage.canonical_sha256);
  const { stayed, moved, changed, came, went } = diff.summary;
  assert.equal(stayed + moved + changed + came, now.chunks.length);
  assert.equal(stayed + moved + changed + went, before.chunks.length);
  assert.ok(came > 0);
  assert.deepEqual(
    diff.changes.flatMap(({ after }) => after?.chunk_id ?? []),
    now.chunks.map(({ chunk_id }) => chunk_id),
  );
  const first = await diffOf(id, '?run=1');
  assert.equal(first.data.earlier!.run, 1);
  const old = saved.filter(({ doc_id }) => doc_id === id);
  assert.ok(
    old.length > 0 && old.every(({ canonical_sha256 }) => canonical_sha256 === before.lineage.canonical_sha256),
  );
  for (const chunk of [...old, ...found]) await stands(chunk);
});

test('a run that the gates stop takes what was served with it, and one that passes brings it back', async () => {
  const id = ids.get('who.txt')!;
  for (const [config, state, status] of [
    [{ pii_policy: 'block' }, 'quarantined', 'completed'],
    [{ pii_policy: 'redact', classification_review_enabled: true, classification_threshold: 1 }, 'held', 'held'],
  ] as const) {
    await configure(config);
    const done = await reprocess({ from: 'policy', doc_id: id });
    assert.equal(done.documents[state], 1);
    const { chunks, state: now } = await documentOf(id);
    assert.deepEqual([now, chunks], [state, []]);
    assert.equal((await diffOf(id)).code, 'RESOURCE_NOT_FOUND', 'nothing of it is shown, of no version');
    assert.deepEqual((await search('signed lease', id)).chunks, []);
    await vectorsMatch(id);
    const told = await settled(batch.batch_id);
    assert.deepEqual([told.status, told.acceptance_report?.final], [status, status === 'completed']);
    assert.equal(told.acceptance_report!.files[0]!.status, state);
    assert.equal(told.acceptance_report!.files[0]!.indexing, null);
  }
  await configure({ classification_review_enabled: false });
  await reprocess({ from: 'policy', doc_id: id });
  assert.equal((await search('signed lease', id)).chunks.length, 1);
  const told = await settled(batch.batch_id);
  assert.deepEqual([told.status, told.acceptance_report?.final], ['completed', true]);
});

test('all below a version run again, and no others', async () => {
  const fresh = await ingest([text('fresh.txt', 'Received under the newest terms of all.')]);
  const done = await reprocess({ from: 'policy', below: { config_version: 'current' } });
  assert.equal(done.scope, 'below');
  assert.deepEqual([done.documents.candidates, done.documents.examined], [6, 6]);
  assert.deepEqual([done.documents.restarted, done.documents.indexed], [4, 4], 'two are up to date');
  const again = await reprocess({ from: 'policy', below: { config_version: 'current' } });
  assert.deepEqual([again.documents.restarted, again.documents.passed_over], [0, 6]);
  assert.equal((await eventsOf('REPROCESS_STARTED', fresh.receipts[0]!.doc_id!)).length, 0);
  const first = await dana<ReprocessAnswer[]>('GET', '/ingest/acme/reprocess?limit=2');
  assert.deepEqual(
    first.data.map(({ reprocess_id }) => reprocess_id),
    [again.reprocess_id, done.reprocess_id],
  );
  const next = await dana<ReprocessAnswer[]>('GET', `/ingest/acme/reprocess?limit=2&cursor=${first.meta.cursor}`);
  assert.equal(next.data.length, 2);
  assert.equal(next.meta.total, first.meta.total);
});

test('what cannot be asked is refused, and who may not ask', async () => {
  const ask = (body: Record<string, unknown>) =>
    dana('POST', '/ingest/acme/reprocess', { from: 'policy', reason: 'r', ...body });
  const doc_id = ids.get('who.txt')!;
  for (const body of [
    {},
    { doc_id, batch_id: batch.batch_id },
    { doc_id, from: 'index' },
    { doc_id, reason: ' ' },
    { doc_id: '../x' },
    { below: {} },
    { below: { policy_version: 'current', config_version: 1 } },
    { below: { config_version: 99 } },
    { below: { stage1_parser_version: 'current' } },
    { doc_id, extra: 1 },
  ]) {
    assert.equal((await ask(body)).code, 'VALIDATION_ERROR', JSON.stringify(body));
  }
  assert.equal((await ask({ doc_id: 'doc_0123456789abcdef' })).code, 'RESOURCE_NOT_FOUND');
  assert.equal((await ask({ batch_id: 'nobody' })).code, 'RESOURCE_NOT_FOUND');
  assert.equal(
    (await dana('GET', '/ingest/acme/reprocess/0197a000-0000-7000-8000-000000000001')).code,
    'RESOURCE_NOT_FOUND',
  );
  const reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  const body = { from: 'policy', reason: 'r', doc_id };
  assert.equal((await reader('POST', '/ingest/acme/reprocess', body)).code, 'INSUFFICIENT_PERMISSIONS');
});

test('the command line files a request, follows it, and lists it', async () => {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  const cli = (...args: string[]) =>
    new Promise<{ code: number | null; out: string }>((done) => {
      const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...args], {
        env: { PATH: process.env.PATH ?? '', FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token },
      });
      let out = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (out += part));
      child.on('close', (code) => done({ code, out }));
    });
  const asked = ['document', 'reprocess', '--tenant', 'acme', '--from', 'embed', '--because', 'a look'];
  const one = await cli(...asked, ids.get('who.txt')!, '--json');
  assert.equal(one.code, 0, one.out);
  const { reprocess_id, documents } = JSON.parse(one.out) as ReprocessAnswer;
  assert.equal(documents.indexed, 1);
  const whole = await cli(...asked, '--batch', batch.batch_id);
  assert.equal(whole.code, 0, whole.out);
  assert.match(whole.out, /documents 5\/5[\s\S]*from embed, completed[\s\S]*indexed +5/);
  const list = await cli('document', 'reprocesses', 'acme');
  assert.ok(list.out.includes(reprocess_id) && list.out.includes('a look'), list.out);
  const late = await cli('document', 'cancel-reprocess', 'acme', reprocess_id);
  assert.ok(late.code !== 0 && late.out.includes('nothing to cancel'), late.out);
  const all = ['document', 'reprocess', '--tenant', 'acme', '--from', 'policy', '--because', 'a mistake'];
  const filed = await cli(...all, '--below', 'policy_version=current', '--no-follow', '--json');
  const { reprocess_id: wide } = JSON.parse(filed.out) as ReprocessAnswer;
  const ended = await cli('document', 'cancel-reprocess', 'acme', wide);
  // The workers may have been quicker: either way the request is over.
  assert.ok(ended.code === 0 || ended.out.includes('nothing to cancel'), ended.out);
  const compared = await cli('document', 'diff', 'acme', ids.get('long.txt')!, '--run', '1');
  assert.equal(compared.code, 0, compared.out);
  assert.match(
    compared.out,
    /^earlier +doc_\w+ +1 [\s\S]*^all +\d+ +\d+ +\d+ +\d+ +\d+$[\s\S]*^(?:changed|came) +paragraph/m,
  );
  const wrong = await cli(...asked, '--below', 'policy_version');
  assert.equal(wrong.code, 2, wrong.out);
});

test('what began to arrive under old terms is seen under those of now, however late it comes', async () => {
  await appliance.createTenant('late', { classification_review_enabled: false, pii_policy: 'flag' });
  const vendor = await appliance.caller({ role: 'tenant_admin', tenant_id: 'late', subject: 'dana' });
  const note = (name: string) => text(`${name}.txt`, `The ${name} note.\n\nWrite to ${EMAIL}.`);
  /** A batch as it goes over the line, cut before the last file. */
  const sent = async (files: TestFile[]) => {
    const whole = new Response(makeBatch('late', files).form);
    const type = whole.headers.get('content-type')!;
    const bytes = Buffer.from(await whole.arrayBuffer());
    const cut = bytes.lastIndexOf(`--${type.split('boundary=')[1]!}`, bytes.length - 100);
    return { type, bytes, cut };
  };
  const post = (type: string, body: ReadableStream<Uint8Array> | Buffer) =>
    vendor.raw('POST', '/ingest/late/batch', { headers: { 'content-type': type }, body, duplex: 'half' });
  const broken = await sent([note('first'), note('second')]);
  const breaking = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!broken.bytes.length) return;
      controller.enqueue(broken.bytes.subarray(0, broken.cut));
      controller.error(new Error('the line is cut'));
    },
  });
  await assert.rejects(post(broken.type, breaking));
  const slow = await sent([note('third')]);
  const goOn = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const creeping = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(slow.bytes.subarray(0, slow.cut));
      begun.resolve();
      await goOn.promise;
      controller.enqueue(slow.bytes.subarray(slow.cut));
      controller.close();
    },
  });
  const answer = post(slow.type, creeping);
  await begun.promise;

  assert.equal(
    (await frode('PATCH', '/admin/tenants/late', { config: { pii_policy: 'redact' }, reason: 'new terms' })).status,
    200,
  );
  const filed = await vendor<ReprocessAnswer>('POST', '/ingest/late/reprocess', {
    reason: 'new terms',
    from: 'policy',
    below: { config_version: 'current' },
  });
  await until('the end of the request', async () => {
    const path = `/ingest/late/reprocess/${filed.data.reprocess_id}`;
    return (await vendor<ReprocessAnswer>('GET', path)).data.status === 'completed';
  });
  goOn.resolve();
  const batches = [await answer, await post(broken.type, broken.bytes)];
  for (const response of batches) {
    const { data } = (await response.json()) as { data: BatchReceipt };
    for await (const _ of serverEvents(await vendor.raw('GET', `/ingest/late/batch/${data.batch_id}/stream`))) void _;
  }
  const { data } = await vendor<RetrievalProof>('POST', '/query/late/search', { query_text: 'note', top_k: 50 });
  assert.equal(data.chunks.length, 3);
  for (const chunk of data.chunks) assert.ok(!chunk.text.includes('zyxlunde'), chunk.text);
});

test('bytes sent again: what failed runs again and is reported again, under both batches', async () => {
  const torn: TestFile = {
    filename: 'torn.docx',
    mime_type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    content: tornZip(),
  };
  const first = await ingest([torn]);
  const id = first.receipts[0]!.doc_id!;
  assert.equal((await documentOf(id)).state, 'parse_failed');
  const report = (await settled(first.batch_id)).acceptance_report!;
  const second = await ingest([{ ...torn, filename: 'again.docx' }]);
  assert.equal(second.receipts[0]!.duplicate_of, first.receipts[0]!.receipt_id);
  const renewed = await until('the first batch’s new report', async () => {
    const { status, acceptance_report } = await settled(first.batch_id);
    return status === 'completed' && acceptance_report!.report_id !== report.report_id && acceptance_report;
  });
  assert.equal(renewed.final, true);
  const letters = await dana<{ resource_id: string; resolution: string | null }[]>('GET', '/ingest/acme/dlq');
  assert.deepEqual(
    letters.data.filter(({ resource_id }) => resource_id === id).map(({ resolution }) => resolution),
    [null, 'reprocessed'],
    'the first letter is closed, the second try has one of its own',
  );
});

test('bytes sent again: metadata join and are searched, a quarantined original stays, a collision is refused', async () => {
  const content = 'The pallets of the second depot are counted on Mondays.';
  const [kept] = (await ingest([text('kept.txt', content)], { metadata: { lot: 'A' } })).receipts;
  const second = await ingest([text('more.txt', content)], { metadata: { year: 7 } });
  assert.equal(second.receipts[0]!.duplicate_of, kept!.receipt_id);
  const { data } = await dana<RetrievalProof>('POST', '/query/acme/search', {
    query_text: 'pallets',
    filters: { metadata: { lot: 'A', year: 7 } },
  });
  assert.deepEqual(
    data.chunks.map(({ doc_id }) => doc_id),
    [kept!.doc_id],
  );
  const listed = await dana<{ doc_id: string }[]>('GET', `/query/acme/documents?batch_id=${second.batch_id}`);
  assert.deepEqual(
    listed.data.map(({ doc_id }) => doc_id),
    [kept!.doc_id],
  );
  assert.equal((await documentOf(kept!.doc_id!)).lineage.canonical_sha256.length, 64);

  await configure({ pii_policy: 'block' });
  const blocked = text('blocked.txt', 'Write to per@nordcold.example about it.');
  const [stopped] = (await ingest([blocked])).receipts;
  assert.equal((await documentOf(stopped!.doc_id!)).state, 'quarantined');
  await configure({ pii_policy: 'redact' });
  const resent = await ingest([blocked]);
  assert.deepEqual(
    [resent.receipts[0]!.status, resent.receipts[0]!.reason, resent.quarantined_files.length],
    ['quarantined', 'PII_BLOCK_POLICY', 1],
  );
  assert.equal((await documentOf(stopped!.doc_id!)).state, 'quarantined');

  // Two files with one id: the hash of the document that is there is made another's.
  const another = `UPDATE documents SET raw_sha256 = '${'f'.repeat(64)}' WHERE doc_id = '${kept!.doc_id}'`;
  await onRecords(appliance, 'acme', another);
  const clash = await ingest([text('clash.txt', content)]);
  assert.deepEqual(
    clash.rejected_files.map(({ reason }) => reason),
    ['DOC_ID_COLLISION'],
  );
  assert.equal(clash.receipts[0]!.doc_id, null);
  assert.ok(clash.rejected_files[0]!.remediation.length > 10);
});

/** A DOCX by its directory, whose document cannot be read. */
function tornZip(): Uint8Array {
  const bytes = Buffer.from(sample('sop-freezer-alarm.docx').content as Uint8Array);
  return bytes.fill(0x20, 60, 400);
}

test('two revisions of a file are compared as what they are: both in search', async () => {
  const [was, is] = ['six', 'nine'].map((months) =>
    text(
      `terms-${months}.txt`,
      `Terms\n\nThe notice period of the depot is ${months} months for both of the parties.\n`,
    ),
  );
  const { receipts } = await ingest([was!, is!]);
  const [older, newer] = receipts.map(({ doc_id }) => doc_id!);
  const { data: once } = await diffOf(newer!);
  assert.deepEqual([once.earlier, once.versions, once.pages, once.changes], [null, [], [], []], 'it was read once');
  const { data } = await diffOf(newer!, `?against=${older}`);
  assert.equal(data.earlier!.doc_id, older);
  const [change] = data.changes.filter(({ kind }) => kind === 'changed');
  assert.deepEqual(
    [change!.added.map(([start, end]) => change!.after!.text!.slice(start, end)), change!.gone],
    [['nine'], 1],
  );
  assert.match(change!.before!.text!, /six months/);
  for (const looked of [newer!, older!]) await until('the look in the log of both', () => isTold(looked));
});

test('what cannot be compared is refused with its code', async () => {
  const id = ids.get('long.txt')!;
  const nobody = 'doc_0000000000000000';
  for (const [query, code] of [
    [`?run=1&against=${id}`, 'VALIDATION_ERROR'],
    ['?run=0', 'VALIDATION_ERROR'],
    ['?against=../etc', 'VALIDATION_ERROR'],
    ['?run=99', 'RESOURCE_NOT_FOUND'],
    [`?against=${nobody}`, 'RESOURCE_NOT_FOUND'],
    ['?page=99', 'RESOURCE_NOT_FOUND'],
  ] as const)
    assert.equal((await diffOf(id, query)).code, code, query);
  assert.equal((await diffOf(nobody)).code, 'RESOURCE_NOT_FOUND');
});
