import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BatchReceipt, ReceiptAnswer } from '../../appliance/api/receipts.ts';
import type { AcceptanceReport, BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { canonicalKey } from '../../appliance/data/keys.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { openRootKey, openStorageKeys } from '../../appliance/secrets/keyring.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text } from '../support/batch.ts';
import { type ServerEvent, serverEvents } from '../support/events-stream.ts';
import type { Caller } from '../support/http.ts';
import { objectsAtRest } from '../support/inside.ts';
import { sample } from '../support/samples.ts';
import { openStorageByHand, stockAge, stockSops, without } from '../support/stock-tools.ts';

/** Dana sends documents and wants to know what became of each. */

let appliance: Appliance;
let dana: Caller;
before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false, max_file_size_mb: 1 });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
});
after(() => appliance.end());

const send = (batch: TestBatch) => dana<BatchReceipt>('POST', '/ingest/acme/batch', batch.form);
const status = async (id: string) => (await dana<BatchStatus>('GET', `/ingest/acme/batch/${id}`)).data;
/** Where data planes run in containers a scanner is always there. */
const expectedScan = () => (appliance.stack?.planes === 'containers' ? 'clean' : 'skipped');

async function stream(id: string, lastEventId?: string): Promise<ServerEvent[]> {
  const response = await dana.raw('GET', `/ingest/acme/batch/${id}/stream`, {
    headers: lastEventId ? { 'last-event-id': lastEventId } : {},
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(response)) events.push(event);
  return events;
}

async function settled(id: string): Promise<BatchStatus> {
  assert.equal((await stream(id)).at(-1)?.event, 'done');
  return status(id);
}

const SEVEN = [
  'contract-warehouse-lease.pdf',
  'sop-freezer-alarm.docx',
  'invoice-2025-118.xlsx',
  'letter-claim-follow-up.txt',
  'shipments-2025.csv',
  'scanned-delivery-note.png',
  'scanned-inspection.tif',
];

test('all seven formats arrive, are followed to the end, and are accounted for', async () => {
  const batch = makeBatch('acme', SEVEN.map(sample), { submitter: 'Dana', metadata: { matter: 'M-7' } });
  const received = await send(batch);
  assert.equal(received.status, 202);
  assert.deepEqual(received.data.counts, {
    files: 7,
    accepted: 7,
    rejected: 0,
    quarantined: 0,
    duplicates: 0,
    missing: 0,
  });
  for (const [i, receipt] of received.data.receipts.entries()) {
    const claimed = batch.manifest.files[i]!;
    assert.deepEqual(
      [
        receipt.file_id,
        receipt.sha256,
        receipt.size_bytes,
        receipt.mime_type,
        receipt.scan_result,
        receipt.submitted_by,
      ],
      [claimed.file_id, claimed.sha256, claimed.size_bytes, claimed.mime_type, expectedScan(), 'dana'],
    );
    assert.equal(receipt.storage_path, `raw/acme/${receipt.doc_id}/${receipt.sha256}`, 'no file name in a path');
  }

  const id = batch.manifest.batch_id;
  const events = await stream(id);
  assert.equal(events.at(-1)!.event, 'done');
  assert.deepEqual(
    new Set(events.filter(({ event }) => event === 'file').map(({ data }) => data.file_id)),
    new Set(batch.manifest.files.map(({ file_id }) => file_id)),
  );

  const done = await status(id);
  assert.equal(
    done.status,
    'completed',
    JSON.stringify(done.files.map(({ original_filename, state, error }) => [original_filename, state, error])),
  );
  assert.deepEqual(done.summary, { total_files: 7, completed: 7, processing: 0, queued: 0, held: 0, failed: 0 });
  for (const file of done.files) {
    assert.deepEqual(new Set(Object.values(file.stages)), new Set(['completed']), file.original_filename);
  }
  const report = done.acceptance_report as AcceptanceReport;
  assert.equal(report.final, true);
  assert.equal(report.summary.files_accepted, 7);
  assert.equal(report.summary.files_parsed_successfully + report.summary.files_parsed_with_warnings, 7);
  assert.equal(
    report.summary.total_chunks_indexed,
    report.summary.total_chunks_produced - report.summary.total_chunks_quarantined,
  );
  assert.equal(
    Object.values(report.summary.classifications).reduce((sum, n) => sum + n, 0),
    7,
  );
  for (const file of report.files) {
    assert.ok(file.indexing!.chunks_indexed! > 0, file.original_filename);
    assert.ok(file.parsing!.coverage! > 0.8, `${file.original_filename}: ${file.parsing!.coverage}`);
    for (const { remediation } of file.problems) assert.ok(remediation.length > 10, 'every problem has a mend');
  }
  const scanned = report.files.find(({ original_filename }) => original_filename.endsWith('.tif'))!;
  assert.ok(scanned.parsing!.ocr_pages! > 0);

  // Who comes back with the last id gets the end again and nothing twice.
  const again = await stream(id, events.at(-1)!.id);
  assert.deepEqual(
    again.map(({ event }) => event),
    ['done'],
  );
  assert.deepEqual(
    new Set((await stream(id, 'unknown')).map(({ event }) => event)),
    new Set(['file', 'summary', 'done']),
  );
});

test('whoever holds the root key opens every object with stock age and sops alone: hashes are those of receipt and canonical document', {
  skip: without(stockAge, 'age') || without(stockSops, 'sops'),
}, async () => {
  const { secrets } = tenantPaths(appliance.dataFolder, 'acme');
  const objects = objectsAtRest(appliance, 'acme');
  const { rootKey } = controlPaths(appliance.dataFolder);
  const keys = await mkdtemp(join(tmpdir(), 'frostbyte-keys-'));
  const open = (identity: string, file: string) =>
    execFileSync('age', ['-d', '-i', identity, file], { maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] });
  const keep = async (name: string, bytes: Buffer) => {
    await writeFile(join(keys, name), bytes, { mode: 0o600 });
    return join(keys, name);
  };
  try {
    // The ring by hand: the root identity opens the tenant's, which opens the secrets file with its storage identity.
    const tenant = await keep('tenant', open(rootKey, join(secrets, 'identity-0001.age')));
    const storage = await keep('storage', openStorageByHand(tenant, secrets));
    const ring = await openStorageKeys(await openRootKey(rootKey), secrets);
    assert.ok(ring.identities.every((identity) => readFileSync(storage, 'utf8').includes(identity)));

    const { data } = await dana<BatchReceipt[]>('GET', '/ingest/acme/batches?limit=1');
    const { files } = await status(data[0]!.batch_id);
    assert.equal(files.length, SEVEN.length);
    for (const { doc_id, receipt_id, original_filename } of files) {
      const { data: receipt } = await dana<ReceiptAnswer>('GET', `/ingest/acme/receipt/${receipt_id}`);
      const raw = open(storage, await keep('raw', Buffer.from(await objects.read(receipt.storage_path!))));
      assert.equal(sha256Hex(raw), receipt.sha256);
      assert.deepEqual(
        raw,
        Buffer.from(sample(original_filename).content as Uint8Array),
        'byte for byte what was sent',
      );
      const { data: document } = await dana<{ lineage: { canonical_sha256: string } }>(
        'GET',
        `/query/acme/document/${doc_id}`,
      );
      const { canonical_sha256 } = document.lineage;
      const stored = await objects.read(canonicalKey('acme', doc_id!, canonical_sha256));
      const structured = await keep('structured', Buffer.from(stored));
      const canonical = open(storage, structured);
      assert.equal(sha256Hex(canonical), canonical_sha256);
      assert.equal((JSON.parse(canonical.toString()) as { doc_id: string }).doc_id, doc_id);
      // Nothing but the storage identity does.
      for (const other of [rootKey, tenant]) assert.throws(() => open(other, structured), /no identity matched/);
    }
  } finally {
    await objects.close();
    await rm(keys, { recursive: true });
  }
});

test('a receipt can be read again by those who may only read receipts, and not by its neighbour', async () => {
  const { data } = await send(makeBatch('acme', [text('r.txt', 'A receipt for these words.')]));
  const path = `/ingest/acme/receipt/${data.receipts[0]!.receipt_id}`;
  const reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  assert.deepEqual((await reader<ReceiptAnswer>('GET', path)).data, data.receipts[0]);
  assert.equal(
    (await reader('POST', '/ingest/acme/batch', makeBatch('acme', [text('a.txt', 'x')]).form)).code,
    'INSUFFICIENT_PERMISSIONS',
  );
  assert.equal(
    (await dana('GET', '/ingest/acme/receipt/0197a000-0000-7000-8000-000000000001')).code,
    'RESOURCE_NOT_FOUND',
  );
});

test('the same batch sent again gives the same receipt; another manifest under its id is refused', async () => {
  const files = [text('same.txt', 'These words come twice, in one and the same batch.')];
  const batch = makeBatch('acme', files);
  const first = await send(batch);
  const second = await send(makeBatch('acme', files, { batch_id: batch.manifest.batch_id }));
  assert.deepEqual(second.data.receipts, first.data.receipts);
  const other = await send(
    makeBatch('acme', [text('other.txt', 'other words')], { batch_id: batch.manifest.batch_id }),
  );
  assert.deepEqual([other.status, other.code], [409, 'BATCH_ALREADY_EXISTS']);
});

test('the same bytes under another name are one document with two receipts', async () => {
  const content = 'Words that two vendors send, each under a name of their own.';
  const first = (await send(makeBatch('acme', [text('one.txt', content)]))).data;
  await settled(first.batch_id);
  const second = (await send(makeBatch('acme', [text('two.txt', content)]))).data;
  assert.equal(second.receipts[0]!.doc_id, first.receipts[0]!.doc_id);
  assert.equal(second.receipts[0]!.duplicate_of, first.receipts[0]!.receipt_id);
  assert.equal(second.counts.duplicates, 1);
  const done = await settled(second.batch_id);
  assert.equal(done.status, 'completed', 'a batch of known files is complete at once');
  assert.equal(done.acceptance_report!.summary.files_duplicate, 1);
});

test('counts that differ, repeated ids and a foreign tenant refuse the batch whole', async () => {
  const two = [text('a.txt', 'a'), text('b.txt', 'b')];
  const counted = await send(makeBatch('acme', two, { file_count: 3 }));
  assert.deepEqual([counted.status, counted.code], [400, 'MANIFEST_FILE_COUNT_MISMATCH']);
  assert.deepEqual(
    counted.error.details.slice(0, 2).map(({ field, value }) => [field, value]),
    [
      ['expected', 3],
      ['actual', 2],
    ],
  );
  const repeated = await send(
    makeBatch(
      'acme',
      two.map((file) => ({ ...file, file_id: 'twice' })),
    ),
  );
  assert.equal(repeated.code, 'DUPLICATE_FILE_ID');
  assert.deepEqual(
    repeated.error.details.map(({ value }) => value),
    ['twice'],
  );
  assert.equal((await send(makeBatch('globex', two))).code, 'MANIFEST_INVALID');
  assert.equal((await send(makeBatch('acme', two, { surprise: 1 }))).code, 'MANIFEST_INVALID');
  const missing = makeBatch('acme', two);
  missing.form.delete('f2');
  const short = await send(missing);
  assert.equal(short.code, 'MANIFEST_FILE_COUNT_MISMATCH');
  assert.equal(
    (await dana('GET', `/ingest/acme/batch/${missing.manifest.batch_id}`)).code,
    'RESOURCE_NOT_FOUND',
    'nothing of it is kept',
  );
  const json = await dana('POST', '/ingest/acme/batch', { manifest: {} });
  assert.equal(json.status, 400);
});

test('each file is judged alone, and each refusal names what was declared, what it is, and the mend', async () => {
  const batch = makeBatch('acme', [
    text('fine.txt', 'This one is fine.'),
    {
      filename: 'slides.pptx',
      mime_type: 'application/vnd.ms-powerpoint',
      content: sample('quarterly-slides.pptx').content,
    },
    { filename: 'picture.pdf', mime_type: 'application/pdf', content: sample('scanned-delivery-note.png').content },
    { filename: 'page.html', mime_type: 'text/html', content: '<html><body>hello</body></html>' },
    { filename: 'contract.pdf.exe', mime_type: 'application/pdf', content: 'MZ' },
    { filename: 'empty.txt', mime_type: 'text/plain', content: '' },
    { ...text('changed.txt', 'not what was hashed'), claim: { sha256: 'a'.repeat(64) } },
    { ...text('large.txt', 'x'.repeat(1024 * 1024 + 1)) },
    text('after-the-large-one.txt', 'The parts behind a file that is too large are read.'),
  ]);
  const { data } = await send(batch);
  const of = (name: string) => data.receipts.find(({ original_filename }) => original_filename === name)!;
  assert.deepEqual(
    Object.fromEntries(
      data.receipts.map(({ original_filename, status: state, reason }) => [original_filename, reason ?? state]),
    ),
    {
      'fine.txt': 'accepted',
      'slides.pptx': 'UNSUPPORTED_FORMAT',
      'picture.pdf': 'UNSUPPORTED_FORMAT',
      'page.html': 'UNSUPPORTED_FORMAT',
      'contract.pdf.exe': 'UNSUPPORTED_FORMAT',
      'empty.txt': 'UNSUPPORTED_FORMAT',
      'changed.txt': 'CHECKSUM_MISMATCH',
      'large.txt': 'SIZE_EXCEEDED',
      'after-the-large-one.txt': 'accepted',
    },
  );
  const mismatch = of('changed.txt').details as Record<string, string>;
  assert.ok(Object.values(mismatch).includes('a'.repeat(64)), 'both values are told');
  const typed = JSON.stringify(of('picture.pdf').details);
  assert.match(typed, /application\/pdf/);
  assert.match(typed, /image\/png/);
  for (const file of data.rejected_files)
    assert.ok(file.message.length > 5 && file.remediation.length > 5, file.file_id);
  for (const receipt of data.receipts.filter(({ status: state }) => state === 'rejected')) {
    assert.deepEqual([receipt.doc_id, receipt.storage_path], [null, null]);
  }
  const done = await settled(data.batch_id);
  assert.equal(done.summary.failed, 7);
  assert.equal(done.summary.completed, 2);
  assert.equal(done.acceptance_report!.summary.files_rejected, 7);
  assert.equal(done.acceptance_report!.files.filter(({ problems }) => problems.length > 0).length, 7);
});

test('a hostile file name stays text', async () => {
  const name = '../../../etc/passwd\u001b[31m<script>.txt';
  const batch = makeBatch('acme', [text('x.txt', 'Words under a hostile name.')]);
  batch.manifest.files[0]!.filename = name;
  batch.form.set('manifest', JSON.stringify(batch.manifest));
  const { data } = await send(batch);
  assert.equal(data.receipts[0]!.original_filename, name);
  assert.doesNotMatch(data.receipts[0]!.storage_path ?? '', /passwd/);
});

test('a damaged file is accepted, fails in parsing, and its dead letter can be looked at and skipped', async () => {
  const pdf = Buffer.from(sample('sop-sample-intake.pdf').content as Uint8Array);
  pdf.fill(0x20, 200, pdf.length - 200);
  const { data } = await send(
    makeBatch('acme', [{ filename: 'torn.pdf', mime_type: 'application/pdf', content: pdf }]),
  );
  assert.equal(data.counts.accepted, 1, JSON.stringify(data.receipts[0]));
  const done = await settled(data.batch_id);
  assert.equal(done.files[0]!.state, 'parse_failed');
  assert.equal(done.files[0]!.error!.code, 'FILE_CORRUPTED');
  const problem = done.acceptance_report!.files[0]!.problems[0]!;
  assert.equal(problem.code, 'FILE_CORRUPTED');
  const letters = await dana<{ dlq_entry_id: string; resource_id: string; stage: string }[]>(
    'GET',
    '/ingest/acme/dlq?status=pending_review',
  );
  const letter = letters.data.find(({ resource_id }) => resource_id === done.files[0]!.doc_id)!;
  assert.equal(letter.stage, 'parse');
  const path = `/ingest/acme/dlq/${letter.dlq_entry_id}`;
  assert.equal((await dana('GET', path)).status, 200);
  assert.equal((await dana('POST', path, { action: 'burn' })).code, 'VALIDATION_ERROR');
  const skipped = await dana<{ status: string; resolution: string }>('POST', path, { action: 'skip' });
  assert.deepEqual([skipped.data.status, skipped.data.resolution], ['abandoned', 'skipped']);
  assert.equal((await dana('POST', path, { action: 'retry' })).code, 'INVALID_STATE_TRANSITION');
});

test('batches are listed newest first, by page and by cursor alike', async () => {
  const first = await dana<{ batch_id: string }[]>('GET', '/ingest/acme/batches?limit=2');
  const paged = await dana<{ batch_id: string }[]>('GET', '/ingest/acme/batches?limit=2&page=2');
  const cursored = await dana<{ batch_id: string }[]>(
    'GET',
    `/ingest/acme/batches?limit=2&cursor=${first.meta.cursor}`,
  );
  assert.equal(first.data.length, 2);
  assert.deepEqual(paged.data, cursored.data);
  assert.equal((await dana('GET', '/ingest/acme/batches?cursor=nobody')).code, 'VALIDATION_ERROR');
  assert.equal((await dana('GET', '/ingest/acme/batches?limit=501')).code, 'VALIDATION_ERROR');
});

test('a batch held for a person tells so, and is not final', async () => {
  await appliance.createTenant('careful', { classification_threshold: 1 });
  const own = await appliance.caller({ role: 'tenant_admin', tenant_id: 'careful' });
  const batch = makeBatch('careful', [text('unclear.txt', 'The crates are blue and the boxes are green.')]);
  await own('POST', '/ingest/careful/batch', batch.form);
  const response = await own.raw('GET', `/ingest/careful/batch/${batch.manifest.batch_id}/stream`);
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(response)) events.push(event);
  const { data } = await own<BatchStatus>('GET', `/ingest/careful/batch/${batch.manifest.batch_id}`);
  assert.deepEqual([data.status, data.summary.held, data.acceptance_report?.final], ['held', 1, false]);
  assert.equal(data.acceptance_report!.files[0]!.problems[0]!.code, 'HELD_FOR_REVIEW');
});
