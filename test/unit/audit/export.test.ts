import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createAuditExports,
  type ExportDone,
  type ExportRecord,
  type ExportRequest,
} from '../../../appliance/audit/export.ts';
import { leafHash } from '../../../appliance/audit/leaf.ts';
import type { AuditEvent } from '../../../appliance/kernel/audit-event.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { AuditLog } from '../../../appliance/stores/log/port.ts';
import { memoryLog } from '../../support/control/memory-log.ts';
import { manualClock } from '../../support/manual-clock.ts';

const DAY = 24 * 60 * 60 * 1000;

function event(n: number, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    event_id: newId(),
    tenant_id: 'acme',
    event_type: n % 2 ? 'DOCUMENT_PARSED' : 'CONTENT_READ',
    timestamp: new Date(Date.UTC(2026, 0, 1 + n)).toISOString(),
    actor: 'dana',
    resource_type: 'document',
    resource_id: `doc_${n}`,
    details: { component: 'parse-worker', status: 'success', n },
    previous_event_id: null,
    ...changes,
  };
}

async function world(t: TestContext, events: AuditEvent[]) {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-export-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const log = memoryLog();
  await log.append(
    events.map((one) => ({
      event: one,
      references: [{ name: 'filename', salt: 'ab', value: 'PERSONAL.pdf' }],
      leaf_hash: leafHash(one),
    })),
  );
  const clock = manualClock(Date.UTC(2026, 5, 1));
  const exports = createAuditExports(folder, clock);
  const make = async (request: Partial<ExportRequest> = {}, source: AuditLog = log) => {
    const reported: ExportDone[] = [];
    const started = await exports.start(
      'acme',
      source,
      { format: 'jsonl', include_details: true, ...request },
      async (done) => void reported.push(done),
    );
    return { started, reported, record: await ended(exports, started.export_id) };
  };
  const text = async (id: string) => new Response((await exports.download('acme', id)).stream).text();
  return { folder, log, clock, exports, make, text };
}

/** Follows an export to its end; bounded by the test's own time limit. */
async function ended(exports: ReturnType<typeof createAuditExports>, id: string): Promise<ExportRecord> {
  for (;;) {
    const record = await exports.status('acme', id);
    if (record.status !== 'pending') return record;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('an export is one whole event a line, with its own hash and count, without personal references', async (t) => {
  const events = [0, 1, 2].map((n) => event(n));
  const { make, text, exports } = await world(t, events);
  const { started, record, reported } = await make();
  assert.equal(started.status, 'pending');
  assert.equal(record.status, 'ready');
  const body = await text(record.export_id);
  const lines = body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent & { log_index: number });
  assert.deepEqual(
    lines,
    events.map((one, log_index) => ({ ...one, log_index })),
  );
  assert.equal(record.event_count, 3);
  assert.equal(record.file_sha256, createHash('sha256').update(body).digest('hex'));
  assert.doesNotMatch(body, /PERSONAL/);
  assert.deepEqual(reported, [
    {
      export_id: record.export_id,
      adds: { from: null, to: null, event_count: 3, format: 'jsonl', file_sha256: record.file_sha256 },
    },
  ]);
  const manifest = JSON.parse(await exports.manifest('acme', record.export_id)) as Record<string, unknown>;
  assert.deepEqual([manifest.tenant_id, manifest.event_count, manifest.file_sha256], ['acme', 3, record.file_sha256]);
});

test('a range of days takes both its days whole; types and details can be left out', async (t) => {
  const events = [
    event(1, { timestamp: '2026-01-01T23:59:59.999Z' }),
    event(1, { timestamp: '2026-01-02T00:00:00.000Z' }),
    event(2, { timestamp: '2026-01-03T23:59:59.999Z' }),
    event(1, { timestamp: '2026-01-04T00:00:00.000Z' }),
  ];
  const { make, text } = await world(t, events);
  const { record } = await make({ from: '2026-01-02', to: '2026-01-03', include_details: false });
  const lines = (await text(record.export_id))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ log_index }) => log_index),
    [1, 2],
  );
  assert.ok(lines.every((line) => !('details' in line)));
  assert.deepEqual([record.from, record.to], ['2026-01-02T00:00:00.000Z', '2026-01-03T23:59:59.999Z']);
  const typed = await make({ event_types: ['CONTENT_READ'] });
  assert.equal(typed.record.event_count, 1);
});

/** Cells of one CSV line, by RFC 4180. */
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );
}

test('CSV survives quotes, commas and line breaks, and a spreadsheet finds no formula in it', async (t) => {
  const hostile = ['=cmd|calc', '+1', '-1', '@SUM(A1)', '\tx', 'a,"b"\r\nc'];
  const { make, text } = await world(
    t,
    hostile.map((actor, n) => event(n, { actor, resource_id: actor })),
  );
  const { record } = await make({ format: 'csv' });
  const body = await text(record.export_id);
  assert.match(
    body,
    /^log_index,event_id,tenant_id,event_type,timestamp,actor,resource_type,resource_id,previous_event_id,details\r\n/,
  );
  const rows = body
    .split(/\r\n(?=\d+,|$)/)
    .slice(1)
    .filter(Boolean)
    .map(cells);
  assert.equal(rows.length, hostile.length);
  rows.forEach((row, n) => {
    assert.equal(row.length, 10, `row ${n}`);
    assert.equal(row[5], /^[=+\-@\t]/.test(hostile[n]!) ? `'${hostile[n]}` : hostile[n]);
    for (const cell of row) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
    assert.equal((JSON.parse(row[9]!) as { n: number }).n, n);
  });
});

test('an export lives 24 hours to the millisecond, then the file goes', async (t) => {
  const { make, exports, clock, folder, text } = await world(t, [event(1)]);
  const { record } = await make();
  clock.advance(DAY - 1);
  assert.equal((await exports.status('acme', record.export_id)).status, 'ready');
  await exports.sweep();
  await text(record.export_id);
  clock.advance(1);
  const expired = await exports.status('acme', record.export_id);
  assert.deepEqual([expired.status, expired.download], ['expired', null]);
  await assert.rejects(exports.download('acme', record.export_id), { code: 'RESOURCE_NOT_FOUND' });
  await exports.sweep();
  assert.deepEqual(await readdir(join(folder, 'acme')), []);
  await assert.rejects(exports.status('acme', record.export_id), { code: 'RESOURCE_NOT_FOUND' });
});

test('ids that are paths open nothing', async (t) => {
  const { make, exports, folder } = await world(t, [event(1)]);
  const { record } = await make();
  await writeFile(join(folder, 'export.json'), JSON.stringify({ ...record, status: 'ready' }));
  const id = record.export_id;
  for (const [log, name] of [
    ['acme', '..'],
    ['acme', '../../etc'],
    ['..', id],
    ['../acme', id],
    ['acme/..', id],
    ['ACME', id],
    ['', id],
    ['acme', ''],
    ['acme', `${id}/..`],
    ['acme', `${id}\0`],
    ['_other', id],
    ['globex', id],
  ] as const) {
    await assert.rejects(exports.status(log, name), { code: 'RESOURCE_NOT_FOUND' }, `${log} ${name}`);
    await assert.rejects(exports.download(log, name), { code: 'RESOURCE_NOT_FOUND' });
  }
});

test('files of an export are readable by their owner alone', async (t) => {
  const { make, folder } = await world(t, [event(1)]);
  const { record } = await make();
  const at = join(folder, 'acme', record.export_id);
  assert.equal((await stat(at)).mode & 0o077, 0);
  for (const name of await readdir(at)) assert.equal((await stat(join(at, name))).mode & 0o077, 0, name);
});

test('a log that breaks while it is read makes a failed export, which is no download and goes after a day', async (t) => {
  const { make, exports, log, clock, folder } = await world(t, [event(1)]);
  const broken: AuditLog = {
    ...log,
    range: async function* () {
      yield* log.range(0, 1);
      throw new Error('disk');
    },
  };
  const { record, reported } = await make({}, broken);
  assert.equal(record.status, 'failed');
  assert.deepEqual(reported, [], 'what did not happen is not reported');
  await assert.rejects(exports.download('acme', record.export_id), { code: 'RESOURCE_NOT_FOUND' });
  const file = join(folder, 'acme', record.export_id, 'export.json');
  await utimes(file, clock.now() / 1000, clock.now() / 1000);
  await exports.sweep();
  assert.equal((await exports.status('acme', record.export_id)).status, 'failed');
  clock.advance(DAY);
  await exports.sweep();
  await assert.rejects(exports.status('acme', record.export_id), { code: 'RESOURCE_NOT_FOUND' });
});

test('an export whose audit event cannot be written is not handed out', async (t) => {
  const { exports, log } = await world(t, [event(1)]);
  const { export_id } = await exports.start('acme', log, { format: 'jsonl', include_details: true }, () =>
    Promise.reject(new Error('no room')),
  );
  assert.equal((await ended(exports, export_id)).status, 'failed');
});

test('an export that another process left half-way reads as failed, not as pending for ever', async (t) => {
  const { folder, exports } = await world(t, []);
  const id = newId();
  await mkdir(join(folder, 'acme', id), { recursive: true });
  await writeFile(
    join(folder, 'acme', id, 'export.json'),
    JSON.stringify({ export_id: id, tenant_id: 'acme', status: 'pending' }),
  );
  assert.equal((await exports.status('acme', id)).status, 'failed');
});

test('a stray file among the exports does not stop the sweep', async (t) => {
  const { folder, exports, make, clock } = await world(t, [event(1)]);
  await writeFile(join(folder, 'aaa'), 'x');
  await make();
  clock.advance(DAY);
  await exports.sweep();
  assert.deepEqual(await readdir(join(folder, 'acme')), []);
});

test('a long log is streamed: what waits in memory does not grow with it', async (t) => {
  const { make, log, text, folder } = await world(t, []);
  const details = { component: 'parse-worker' as const, status: 'success' as const, pad: 'x'.repeat(2000) };
  const written = async () => {
    const [id] = await readdir(join(folder, 'acme'));
    return (await stat(join(folder, 'acme', id!, 'events'))).size;
  };
  let [made, most] = [0, 0];
  const long: AuditLog = {
    ...log,
    size: async () => 20_000,
    range: async function* () {
      for (let n = 0; n < 20_000; n++) {
        made += 1;
        if (n > 0 && n % 500 === 0) most = Math.max(most, n * 2000 - (await written()));
        yield { ...event(1, { details }), log_index: n, references: [] };
      }
    },
  };
  const { record } = await make({}, long);
  assert.deepEqual([made, record.event_count], [20_000, 20_000]);
  assert.ok(most < 4 * 2 ** 20, `${most} of 45 MB waited`);
  assert.equal((await text(record.export_id)).length > 40_000_000, true);
});
