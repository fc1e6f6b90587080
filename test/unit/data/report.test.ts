import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AcceptanceReport, BatchStatus } from '../../../appliance/api/schemas/ingest.ts';
import { acceptanceReport, type BatchFile, batchStatus, fileStatus } from '../../../appliance/data/report.ts';
import { keepsEarlier } from '../../../appliance/data/report-line.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { BatchRow, DocumentRow, Receipt } from '../../../appliance/stores/record/rows.ts';

const AT = '2026-01-01T00:00:00.000Z';
const done = {
  intake: 'completed',
  parse: 'completed',
  policy: 'completed',
  embed: 'completed',
  index: 'completed',
} as const;

function document(n: number, changes: Partial<DocumentRow> = {}): DocumentRow {
  return {
    doc_id: `doc_${String(n).padStart(16, '0')}`,
    state: 'indexed',
    mime_type: 'application/pdf',
    config_version: 3,
    embed_model: 'lexical',
    embed_version: '1',
    stages: { ...done },
    current_stage: 'index',
    canonical_sha256: 'a'.repeat(64),
    enriched_sha256: 'b'.repeat(64),
    chunk_count: 10,
    chunks_indexed: 10,
    chunks_quarantined: 0,
    classification: 'contract',
    classification_confidence: 0.9,
    quarantine_reason: null,
    indexed_at: AT,
    findings: {
      parsing: { coverage: 1, pages: 2, chunks: 10, ocr_pages: 0, dropped_content: [], warnings: [] },
      policy: { injection_max_score: 0, chunks_quarantined: 0, pii_types: [] },
    },
    error: null,
    ...changes,
  } as DocumentRow;
}

function file(n: number, doc: DocumentRow | null, receipt: Partial<Receipt> | null = {}): BatchFile {
  return {
    file: {
      file_id: `f${n}`,
      filename: `f${n}.pdf`,
      mime_type: 'application/pdf',
      size_bytes: 1,
      sha256: 'c'.repeat(64),
    },
    receipt:
      receipt === null
        ? null
        : ({
            receipt_id: newId(),
            received_at: AT,
            mime_type: 'application/pdf',
            details: null,
            status: 'accepted',
            doc_id: doc?.doc_id ?? null,
            duplicate_of: null,
            reason: null,
            message: null,
            remediation: null,
            scan_result: 'skipped',
            ...receipt,
          } as Receipt),
    document: doc,
  };
}

const batch = (files: BatchFile[]) =>
  ({
    batch_id: 'b1',
    submitted_by: 'dana',
    submitter: null,
    file_count: files.length,
    status: 'processing',
    submitted_at: AT,
    updated_at: AT,
  }) as BatchRow;
const report = (files: BatchFile[], final = true) =>
  acceptanceReport({ tenant_id: 'acme', batch: batch(files), files, final, generated_at: AT });

const failed = document(2, {
  state: 'parse_failed',
  canonical_sha256: null,
  enriched_sha256: null,
  indexed_at: null,
  chunk_count: null,
  chunks_indexed: null,
  classification: null,
  findings: {},
  stages: { ...done, parse: 'failed', policy: 'queued', embed: 'queued', index: 'queued' },
  error: { stage: 'parse', code: 'FILE_ENCRYPTED', message: 'm', retry_count: 0, last_retry_at: null },
});
const rejected = {
  status: 'rejected',
  doc_id: null,
  reason: 'CHECKSUM_MISMATCH',
  message: 'differs',
  remediation: 'send again',
} as const;

test('a report fits its schema and counts everything once', () => {
  const twin = document(1);
  const files = [
    file(1, twin),
    file(2, twin, { duplicate_of: newId() }),
    file(3, failed),
    file(4, null, rejected),
    file(
      5,
      document(5, { state: 'quarantined', quarantine_reason: 'PII_BLOCK_POLICY', indexed_at: null, chunks_indexed: 0 }),
    ),
  ];
  const made = report(files);
  AcceptanceReport.parse(made);
  assert.deepEqual(made.summary, {
    files_submitted: 5,
    files_accepted: 4,
    files_rejected: 1,
    files_quarantined: 1,
    files_duplicate: 1,
    files_held: 0,
    files_parsed_successfully: 3,
    files_parsed_with_warnings: 0,
    files_parse_failed: 1,
    total_chunks_produced: 20,
    total_chunks_indexed: 10,
    total_chunks_quarantined: 0,
    classifications: { contract: 2 },
    pii_types: {},
    outcomes: { indexed: 2, held: 0, quarantined: 1, rejected: 1, failed: 1, cancelled: 0, erased: 0, missing: 0 },
  });
});

test('every problem has a remediation, and a file without one has none', () => {
  const noisy = document(6, {
    chunks_quarantined: 2,
    findings: {
      parsing: {
        warnings: ['LOW_COVERAGE', 'CONTENT_DROPPED'],
        dropped_content: [
          { element_type: 'comment', page: 2, reason: 'comments were left out: 1', remediation: 'none needed' },
          { element_type: 'embedded_object', page: 3, reason: 'it was not opened', remediation: 'Send it as a file.' },
        ],
      },
    },
  });
  const lines = report([
    file(1, document(1)),
    file(2, failed),
    file(3, null, rejected),
    file(4, noisy),
    file(5, document(7, { state: 'held', indexed_at: null })),
  ]).files;
  assert.deepEqual(
    lines.map(({ problems }) => problems.map(({ code }) => code)),
    [
      [],
      ['FILE_ENCRYPTED'],
      ['CHECKSUM_MISMATCH'],
      ['CHUNKS_QUARANTINED', 'LOW_COVERAGE', 'CONTENT_DROPPED', 'CONTENT_DROPPED'],
      ['HELD_FOR_REVIEW'],
    ],
  );
  for (const { problems } of lines)
    for (const { message, remediation } of problems) assert.ok(message.length > 3 && remediation.length > 3);
  assert.deepEqual(
    lines[3]!.problems
      .slice(2)
      .map(({ severity, page, message, remediation }) => [severity, page, message, remediation]),
    [
      ['warning', 3, 'Embedded object: It was not opened.', 'Send it as a file.'],
      ['note', 2, 'Comment: Comments were left out: 1.', 'Nothing needs to be done.'],
    ],
  );
  assert.equal(lines[2]!.problems[0]!.remediation, 'send again', 'intake’s own words are kept');
});

test('each file is counted in exactly one outcome, whatever became of it', () => {
  const files = [
    file(1, document(1)),
    file(2, failed),
    file(3, null, rejected),
    file(4, document(4, { state: 'held' })),
    file(5, document(5, { state: 'quarantined', quarantine_reason: 'INJECTION_DETECTED' })),
    file(6, null, { status: 'quarantined', doc_id: null, reason: 'MALWARE_DETECTED' }),
    file(7, document(7, { state: 'cancelled' })),
    file(8, null, { doc_id: 'doc_0000000000000008' }),
    file(9, null, null),
    file(10, document(10, { state: 'policy_failed', quarantine_reason: 'GATE_UNAVAILABLE' })),
  ];
  const { summary, files: lines } = report(files);
  assert.deepEqual(
    lines.map(({ outcome }) => outcome),
    ['indexed', 'failed', 'rejected', 'held', 'quarantined', 'quarantined', 'cancelled', 'erased', 'missing', 'failed'],
  );
  assert.equal(
    Object.values(summary.outcomes).reduce((sum, n) => sum + n, 0),
    files.length,
  );
  assert.deepEqual([lines[7]!.status, lines[7]!.problems[0]!.code], ['erased', 'ERASED']);
  assert.deepEqual([lines[8]!.status, lines[8]!.problems[0]!.code], ['missing', 'FILE_MISSING']);
});

test('a document that a gate stopped shows nothing as in search, whatever an earlier version had there', () => {
  const line = (state: DocumentRow['state']) => report([file(1, document(1, { state }))]).files[0]!;
  assert.equal(line('indexed').indexing!.chunks_indexed, 10);
  assert.equal(line('embed_failed').indexing!.chunks_indexed, 10, 'the earlier version stays served');
  for (const state of ['held', 'quarantined', 'policy_failed'] as const)
    assert.equal(line(state).indexing, null, state);
});

test('what blocks a file comes first, a page is named where there are pages, hidden text is told once', () => {
  const findings = (dropped: string) => ({
    parsing: {
      warnings: ['CONTENT_DROPPED'],
      dropped_content: [{ element_type: dropped, page: 1, reason: 'r', remediation: 'm' }],
      hidden_text: [{ kind: 'hidden_sheet', page: 1, characters: 120 }],
    },
  });
  const sheet = document(1, {
    mime_type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    state: 'held',
    findings: findings('comment'),
  });
  const [held, hidden, comment] = report([file(1, sheet)]).files[0]!.problems;
  assert.deepEqual([held!.code, hidden!.code, comment!.code], ['HELD_FOR_REVIEW', 'HIDDEN_TEXT', 'CONTENT_DROPPED']);
  assert.match(hidden!.message, /on a hidden sheet \(120 characters\)/);
  assert.equal(comment!.page, null);
  const twice = report([file(1, document(1, { findings: findings('hidden_sheet') }))]).files[0]!.problems;
  assert.deepEqual(
    twice.map(({ code, page }) => [code, page]),
    [['CONTENT_DROPPED', 1]],
  );
});

test('an error of an earlier try is no problem of an indexed document', () => {
  const recovered = document(1, {
    error: { stage: 'embed', code: 'EMBEDDER_UNAVAILABLE', message: 'm', retry_count: 1, last_retry_at: AT },
  });
  assert.deepEqual(report([file(1, recovered)]).files[0]!.problems, []);
});

test('a document that could not run again counts as failed, and its earlier version is named', () => {
  const served = { run: 1 } as DocumentRow['served'];
  const { error } = failed;
  const torn = document(1, { state: 'parse_failed', error, served });
  const made = report([
    file(1, torn),
    file(2, document(2, { state: 'policy_failed', error, served: null, indexed_at: null })),
  ]);
  const { files_parsed_successfully, files_parse_failed, total_chunks_indexed } = made.summary;
  assert.deepEqual([files_parsed_successfully, files_parse_failed, total_chunks_indexed], [1, 1, 20]);
  const codes = made.files.map(({ problems }) => problems.map(({ code }) => code));
  assert.deepEqual(codes, [['FILE_ENCRYPTED', 'EARLIER_VERSION_SERVED'], ['FILE_ENCRYPTED']]);
  assert.ok(made.files[0]!.indexing, 'it is still in the index');
  const severities = made.files.map(({ problems }) => problems[0]!.severity);
  assert.deepEqual(severities, ['warning', 'blocked'], 'what an earlier version keeps in search is not blocked');
});

test('a document whose new run was cancelled is not said to be gone from search', () => {
  const again = document(1, { state: 'cancelled', served: { run: 1 } as DocumentRow['served'] });
  const never = document(2, { state: 'cancelled', served: null, indexed_at: null });
  const { files } = report([file(1, again), file(2, never)]);
  assert.deepEqual(
    files.map(({ outcome, problems }) => [outcome, problems.map(({ code, severity }) => [code, severity])]),
    [
      ['cancelled', [['RERUN_CANCELLED', 'warning']]],
      ['cancelled', [['CANCELLED', 'blocked']]],
    ],
  );
  assert.deepEqual(files.map(keepsEarlier), [true, false]);
});

test('who decides about a held document reads which of it stays out of search', () => {
  const held = document(1, { state: 'held', chunks_quarantined: 2, indexed_at: null });
  const [file1] = report([file(1, held)]).files;
  assert.deepEqual(
    file1!.problems.map(({ code }) => code),
    ['HELD_FOR_REVIEW', 'CHUNKS_QUARANTINED'],
  );
});

test('what a person refused for good and is sent again is one problem, not two', () => {
  const rejection = { scope: 'document', chunks: [] } as unknown as DocumentRow['rejection'];
  const refused = document(1, { state: 'quarantined', quarantine_reason: 'INJECTION_DETECTED', rejection });
  const [again] = report([file(1, refused, { status: 'quarantined', reason: 'INJECTION_DETECTED' })]).files;
  assert.deepEqual(
    again!.problems.map(({ code }) => code),
    ['QUARANTINE_REJECTED'],
  );
});

test('what is counted in files counts every file, also where two are the same document', () => {
  const twins = (state: DocumentRow['state'], n: number) => {
    const twin = document(n, { state });
    return [file(n, twin), file(n, twin, { duplicate_of: newId() })];
  };
  const { summary } = report([...twins('indexed', 1), ...twins('held', 2), ...twins('parse_failed', 3)]);
  assert.equal(summary.files_parsed_successfully + summary.files_parsed_with_warnings, 4);
  assert.deepEqual([summary.files_held, summary.files_parse_failed, summary.files_duplicate], [2, 2, 3]);
  assert.deepEqual([summary.outcomes.held, summary.outcomes.failed], [2, 2]);
  assert.equal(summary.total_chunks_produced, 30, 'chunks are those of documents');
});

test('a status counts each file in one place', () => {
  const running = document(3, { state: 'processing', stages: { ...done, embed: 'processing', index: 'queued' } });
  const waiting = document(4, {
    state: 'processing',
    stages: { ...done, parse: 'queued', policy: 'queued', embed: 'queued', index: 'queued' },
  });
  const files = [
    file(1, document(1)),
    file(2, failed),
    file(3, running),
    file(4, waiting),
    file(5, document(5, { state: 'held' })),
    file(6, null, rejected),
  ];
  const status = batchStatus('acme', batch(files), files, null);
  BatchStatus.parse(status);
  assert.deepEqual(status.summary, { total_files: 6, completed: 1, processing: 1, queued: 1, held: 1, failed: 2 });
});

test('a file that has not come is waited for while the batch is received, and counts as failed afterwards', () => {
  const files = [file(1, document(1)), file(2, null, null)];
  const counts = (status: BatchRow['status']) => {
    const { summary } = batchStatus('acme', { ...batch(files), status }, files, null);
    assert.equal(summary.completed + summary.processing + summary.queued + summary.held + summary.failed, 2);
    return [summary.queued, summary.failed];
  };
  assert.deepEqual(counts('receiving'), [1, 0]);
  assert.deepEqual(counts('cancelled'), [0, 1]);
});

test('a file that was refused, or that a gate keeps, says why where other errors stand', () => {
  const why = (n: Parameters<typeof file>) => {
    const { error } = fileStatus(file(...n), { status: 'completed' });
    return error && [error.stage, error.code];
  };
  assert.deepEqual(why([1, null, rejected]), ['intake', rejected.reason]);
  const injection = document(2, { state: 'quarantined', quarantine_reason: 'INJECTION_DETECTED' });
  assert.deepEqual(why([2, injection]), ['policy', 'INJECTION_DETECTED']);
  const malware = document(3, { state: 'quarantined', quarantine_reason: 'MALWARE_DETECTED' });
  assert.deepEqual(why([3, malware, { status: 'quarantined', reason: 'MALWARE_DETECTED' }]), [
    'intake',
    'MALWARE_DETECTED',
  ]);
  const released = { status: 'quarantined', reason: 'INJECTION_DETECTED' } as const;
  assert.equal(why([4, document(4), released]), null, 'what was let out since has no error');
});

test('a file that was refused went no further; one that has not come is waited for, or will never come', () => {
  const stages = (n: Parameters<typeof file>, status: BatchRow['status']) => fileStatus(file(...n), { status }).stages;
  assert.deepEqual(stages([1, null, rejected], 'completed'), {
    intake: 'failed',
    parse: 'skipped',
    policy: 'skipped',
    embed: 'skipped',
    index: 'skipped',
  });
  assert.equal(stages([1, null, { status: 'quarantined', doc_id: null }], 'completed').intake, 'quarantined');
  const missing = fileStatus(file(1, null, null), { status: 'receiving' });
  assert.deepEqual([missing.status, missing.state, missing.receipt_id], ['missing', null, null]);
  const all = (status: BatchRow['status']) => [...new Set(Object.values(stages([1, null, null], status)))];
  assert.deepEqual([all('receiving'), all('processing'), all('cancelled')], [['queued'], ['cancelled'], ['cancelled']]);
});

test('what a cancelled batch did not take is to be sent in another one', () => {
  const [missing, cancelled] = report([file(1, null, null), file(2, document(2, { state: 'cancelled' }))]).files;
  const told = [missing, cancelled].map((line) => line!.problems.map(({ code, message }) => `${code}: ${message}`));
  assert.deepEqual(told, [
    ['FILE_MISSING: The batch was cancelled before this file came.'],
    ['CANCELLED: Processing was cancelled before the file was done.'],
  ]);
  for (const line of [missing, cancelled]) assert.match(line!.problems[0]!.remediation, /another batch_id/);
});

test('metadata that did not fit are told field by field, each with its mend', () => {
  const problems = [
    {
      field: 'amount',
      constraint: 'must be a number',
      remediation: 'Correct it in the metadata of the file.',
      from: 'file',
    },
    { field: 'matter', constraint: 'is required (string)', remediation: 'Add it.', from: 'file' },
  ];
  const details = { schema_version: '1.0', problem_count: 2, problems };
  const rejected = {
    status: 'rejected',
    reason: 'METADATA_INVALID',
    message: 'It does not fit.',
    remediation: 'Mend it.',
  } as const;
  const { files } = report([file(1, null, { ...rejected, details }), file(2, null, { ...rejected, details: null })]);
  const invalid = { code: 'METADATA_INVALID', severity: 'blocked', stage: 'intake', page: null };
  assert.deepEqual(files[0]!.problems, [
    {
      ...invalid,
      message: 'Metadata: amount must be a number.',
      remediation: 'Correct it in the metadata of the file.',
    },
    { ...invalid, message: 'Metadata: matter is required (string).', remediation: 'Add it.' },
  ]);
  assert.deepEqual(files[1]!.problems, [{ ...invalid, message: 'It does not fit.', remediation: 'Mend it.' }]);
});

test('what people decided shows: a class of theirs, a release, and no quarantine that is over', () => {
  const decided = document(1, {
    review: { decision: 'correct' } as DocumentRow['review'],
    release: { scope: 'document' } as DocumentRow['release'],
  });
  const known = { status: 'quarantined', reason: 'INJECTION_DETECTED', duplicate_of: newId() } as const;
  const [line] = report([file(1, decided, known)]).files;
  assert.deepEqual([line!.outcome, line!.policy!.human_override, line!.policy!.released], ['indexed', true, true]);
  assert.deepEqual(
    line!.problems.filter(({ severity }) => severity !== 'note'),
    [],
  );
  const still = document(2, { state: 'quarantined', quarantine_reason: 'INJECTION_DETECTED' });
  const [other] = report([file(1, still, known)]).files;
  assert.deepEqual([other!.policy!.human_override, other!.policy!.released], [false, false]);
  assert.deepEqual(
    other!.problems.map(({ code }) => code),
    ['INJECTION_DETECTED'],
  );
});

test('an erased file says why it was erased where that is known, and what is true in any case where not', () => {
  const told = (erased_because?: 'request' | 'retention') =>
    report([{ ...file(1, null, { doc_id: 'doc_0000000000000001' }), ...(erased_because && { erased_because }) }])
      .files[0]!.problems[0]!.message;
  assert.match(told('request'), /erased on request\.$/);
  assert.match(told('retention'), /erased because its time of retention was over\.$/);
  assert.match(told(), /on request or because its time/);
});
