import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROUTES, type Route } from '../../appliance/api/routes.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { OriginalsAnswer } from '../../appliance/api/schemas/quarantine.ts';
import type { ReviewItem } from '../../appliance/api/schemas/review.ts';
import { MIME } from '../../appliance/api/tenant-config.ts';
import { type TestFile, text } from '../support/batch.ts';
import { ATTACK, type DecisionsWorld, decisionsWorld, VAGUE } from '../support/decisions-world.ts';
import { serverEvents } from '../support/events-stream.ts';
import { until } from '../support/faults/until.ts';
import { bytesOf, filesIn } from '../support/files-holding.ts';
import type { Caller } from '../support/http.ts';
import { ageIndex, foldersAtRest } from '../support/inside.ts';
import { PLANTED, plantedFiles, plantedIn } from '../support/planted-pii.ts';

/** Under `redact`, what lies before the gate opens through one audited route, and through nothing else. */

let world: DecisionsWorld;
let admin: Caller;
let unexplained: Caller;
let auditor: Caller;
let dana: Record<string, Caller>;
let batch = '';
let docs: string[] = [];
let files: TestFile[] = [];

before(async () => {
  world = await decisionsWorld(['chunky', 'careful']);
  ({ admin, unexplained, auditor, dana } = world);
  files = [
    ...plantedFiles(),
    text('quarantined.txt', `SECTION A\n\nFreight ${ATTACK} SSN ${PLANTED.SSN}\n\nSECTION B\n\n${VAGUE}.`),
  ];
  ({ batch, docs } = await world.send('chunky', files));
  const torn = `%PDF-1.7\n${`(SSN ${PLANTED.SSN}) Tj\n`.repeat(80)}%%EOF\n`;
  await world.send('chunky', [{ filename: 'torn.pdf', mime_type: MIME.pdf, content: torn }], ['parse_failed']);
  await world.send('careful', [text('held.txt', `Freight of ${PLANTED.EMAIL}, SSN ${PLANTED.SSN}.`)], ['held']);
});
after(() => world.end());

test('what lies before the gate is served by no search', async () => {
  for (const query of ['freight person claim', ...Object.values(PLANTED), `born ${PLANTED.DOB} ${PLANTED.EMAIL}`]) {
    const proof = await world.search('chunky', query);
    assert.ok(proof.chunks.length > 0, query);
    for (const chunk of proof.chunks) assert.deepEqual(plantedIn(JSON.stringify(chunk)), [], JSON.stringify(chunk));
  }
  const { chunks } = await world.search('chunky', 'freight person claim');
  const found = new Set(chunks.map(({ doc_id }) => doc_id));
  for (const doc of docs) assert.ok(found.has(doc), 'the words are found, the person is not');
});

test('what lies before the gate is shown by no route, whoever asks', async () => {
  const { data: document } = await dana.chunky!<{ chunks: { chunk_id: string }[] }>(
    'GET',
    `/query/chunky/document/${docs[0]}`,
  );
  const { data: receipts } = await dana.chunky!<BatchStatus>('GET', `/ingest/chunky/batch/${batch}`);
  const { data: exported } = await auditor<{ export_id: string }>('POST', '/audit/chunky/export', {});
  await until(
    'the export',
    async () => (await auditor('GET', `/audit/chunky/export/${exported.export_id}`)).data.status === 'ready',
  );
  const { data: events } = await auditor<{ event_id: string }[]>('GET', '/audit/chunky/events?limit=500');
  const { data: letters } = await dana.chunky!<{ dlq_entry_id: string }[]>('GET', '/ingest/chunky/dlq');
  const { data: held } = await dana.careful!<ReviewItem[]>('GET', '/ingest/careful/review');
  const erased = await world.send('chunky', [text('erased.txt', `Freight paid by ${PLANTED.EMAIL}.`)]);
  const erasure = await dana.chunky!<{ deletion_receipt_id: string }>(
    'DELETE',
    `/query/chunky/document/${erased.docs[0]}`,
    { reason: 'asked for', confirm_doc_id: erased.docs[0] },
  );
  const upload = await dana.chunky!.raw('POST', '/ingest/chunky/uploads', {
    headers: { 'tus-resumable': '1.0.0', 'upload-length': '64', 'content-type': 'application/offset+octet-stream' },
    body: `Freight paid by ${PLANTED.EMAIL}.`,
  });
  assert.equal(upload.status, 201);
  const again = { from: 'embed', doc_id: docs[0], reason: 'a look' };
  const { data: asked } = await dana.chunky!<{ reprocess_id: string }>('POST', '/ingest/chunky/reprocess', again);
  await ageIndex(world.appliance, 'chunky');
  const anew = { reason: 'another version of the model' };
  const { data: reindex } = await admin<{ reindex_id: string }>('POST', '/admin/tenants/chunky/reindex', anew);
  const ids: Record<string, readonly string[]> = {
    reprocess_id: [asked.reprocess_id],
    reindex_id: [reindex.reindex_id],
    deletion_receipt_id: [erasure.data.deletion_receipt_id],
    upload_id: [upload.headers.get('location')!.split('/').at(-1)!],
    tenant_id: ['chunky', 'careful'],
    batch_id: [batch],
    doc_id: [...docs, ...held.map(({ doc_id }) => doc_id)],
    resource_id: docs,
    chunk_id: document.chunks.map(({ chunk_id }) => chunk_id),
    receipt_id: receipts.files.map(({ receipt_id }) => receipt_id!),
    dlq_entry_id: letters.map(({ dlq_entry_id }) => dlq_entry_id),
    event_id: events.slice(0, 20).map(({ event_id }) => event_id),
    export_id: [exported.export_id],
  };
  // The two that open it, on purpose, to an administrator alone.
  const openers = ['originals', 'quarantinedBytes'];
  let seen = 0;
  for (const [name, route] of Object.entries(ROUTES as Record<string, Route>)) {
    if (route.method !== 'get' || !['data', 'audit'].includes(route.plane) || openers.includes(name)) continue;
    const names = Object.keys(route.params?.shape ?? {});
    for (const id of names) assert.ok(ids[id], `say which ${id} there are, so that ${name} is looked at`);
    for (const path of paths(route.path, names, ids)) {
      for (const who of [admin, auditor, dana.chunky!, dana.careful!]) {
        const shown = await (await who.raw('GET', path)).text();
        assert.deepEqual(plantedIn(shown), [], `${name} ${path}`);
        if (shown.includes('"success":true')) seen += 1;
      }
    }
  }
  assert.ok(seen > 60, `${seen} answers were looked at`);
});

test('what lies before the gate stands in no log line, no metric and no file but sealed ones', async () => {
  assert.deepEqual(plantedIn(world.appliance.logs()), []);
  assert.deepEqual(plantedIn(await (await fetch(`${world.appliance.url}/metrics`)).text()), []);
  // What comes in, and what waits to be parsed, is not behind the gate yet.
  const before = ['inbox', 'secrets', 'tmp'].map((name) => join(world.appliance.dataFolder, name));
  const files = filesIn(foldersAtRest(world.appliance)).filter((path) => !before.some((one) => path.startsWith(one)));
  assert.ok(files.some((path) => /records\.sqlite$|\/data\/base\//.test(path)));
  for (const path of files) assert.deepEqual(plantedIn(bytesOf(path).toString('latin1')), [], path);
});

test('what lies before the gate opens to an administrator who names a reason, and is in the log before it is answered', async () => {
  const doc = docs[1]!;
  const path = `/query/chunky/document/${doc}/originals`;
  assert.equal((await dana.chunky!('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
  assert.equal((await unexplained('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
  const { data } = await admin<OriginalsAnswer>('GET', path);
  const spans = data.chunks.flatMap(({ spans: each }) => each);
  assert.deepEqual(new Set(spans.map(({ text: value }) => value)), new Set(Object.values(PLANTED)));
  assert.deepEqual(new Set(spans.map(({ field }) => field)), new Set(['text', 'section_title']));
  const { data: sheets } = await admin<OriginalsAnswer>('GET', `/query/chunky/document/${docs[2]}/originals`);
  const beside = new Set(sheets.chunks.flatMap(({ spans: each }) => each.map(({ field }) => field)));
  assert.deepEqual(beside, new Set(['text', 'section_title', 'table_header', 'sheet']));
  const one = data.chunks.at(-1)!.chunk_id;
  const { data: only } = await admin<OriginalsAnswer>('GET', `${path}?chunk_id=${one}`);
  assert.deepEqual(only.chunks, [data.chunks.at(-1)]);
  const paged = await admin<OriginalsAnswer>('GET', `${path}?limit=1`);
  const next = await admin<OriginalsAnswer>('GET', `${path}?cursor=${paged.data.cursor}`);
  assert.deepEqual([...paged.data.chunks, ...next.data.chunks], data.chunks);

  const raw = await admin.raw('GET', `${path}?what=raw`);
  assert.deepEqual(Buffer.from(await raw.arrayBuffer()), Buffer.from(files[1]!.content as Uint8Array));
  assert.equal(raw.headers.get('content-disposition'), `attachment; filename="${doc}.docx"`);
  const canonical = Buffer.from(await (await admin.raw('GET', `${path}?what=canonical`)).arrayBuffer());
  assert.equal(createHash('sha256').update(canonical).digest('hex'), data.canonical_sha256);
  const page = await (await admin.raw('GET', `${path}?what=page&page=1`)).text();
  assert.deepEqual(plantedIn(page), Object.values(PLANTED));
  assert.equal((await admin('GET', `${path}?what=page&page=9`)).code, 'RESOURCE_NOT_FOUND');
  assert.equal((await admin('GET', `${path}?what=page`)).code, 'VALIDATION_ERROR');
  assert.equal((await admin('GET', `${path}?what=raw&chunk_id=${one}`)).code, 'VALIDATION_ERROR');

  const read = await until('the reads', async () => {
    const { data: found } = await auditor<{ actor: string; details: Record<string, unknown> }[]>(
      'GET',
      `/audit/chunky/events?event_type=PII_ORIGINAL_READ&resource_id=${doc}&sort=asc`,
    );
    return found.length === 7 ? found : null;
  });
  assert.deepEqual(
    read.map(({ details }) => details.what),
    ['pii', 'pii', 'pii', 'pii', 'raw', 'canonical', 'page'],
  );
  assert.deepEqual(read[0]!.details.pii_types, ['DOB', 'EMAIL', 'SSN']);
  assert.deepEqual([read[1]!.details.chunk_id, read[6]!.details.page], [one, 1]);
  assert.ok(read.every(({ actor }) => actor === 'frode'));
  assert.deepEqual(plantedIn(JSON.stringify(read)), []);
});

test('what was redacted stays so when the tenant’s policy is another by now', async () => {
  const change = { config: { pii_policy: 'flag' }, reason: 'new terms' };
  const { code, error } = await admin('PATCH', '/admin/tenants/chunky', change);
  assert.equal(code, '', JSON.stringify(error));
  const { chunks } = await world.search('chunky', 'freight person claim');
  assert.ok(chunks.length > 0);
  assert.deepEqual(plantedIn(JSON.stringify(chunks)), []);
  const { data } = await dana.chunky!('GET', `/query/chunky/document/${docs[1]}`);
  assert.deepEqual(plantedIn(JSON.stringify(data)), []);
});

test('the stream of a batch shows none of it either', async () => {
  for await (const event of serverEvents(await dana.chunky!.raw('GET', `/ingest/chunky/batch/${batch}/stream`)))
    assert.deepEqual(plantedIn(JSON.stringify(event)), []);
});

/** Every way to fill a path's ids. */
function paths(path: string, names: readonly string[], ids: Record<string, readonly string[]>): string[] {
  return names.reduce<string[]>(
    (all, name) => all.flatMap((each) => ids[name]!.map((id) => each.replace(`{${name}}`, id))),
    [path],
  );
}
