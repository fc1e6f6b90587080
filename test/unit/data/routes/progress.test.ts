import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchStatus, FileStatus } from '../../../../appliance/api/schemas/ingest.ts';
import { progressStream } from '../../../../appliance/data/routes/progress.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { type ServerEvent, serverEvents } from '../../../support/events-stream.ts';

const STAGES = { intake: 'completed', parse: 'queued', policy: 'queued', embed: 'queued', index: 'queued' } as const;

const file = (n: number, change: Partial<FileStatus> = {}): FileStatus => ({
  file_id: `f${n}`,
  original_filename: `${n}.txt`,
  doc_id: null,
  receipt_id: null,
  status: 'accepted',
  state: 'indexed',
  current_stage: 'index',
  stages: { ...STAGES },
  error: null,
  ...change,
});

const batch = (files: FileStatus[], status: BatchStatus['status'] = 'completed'): BatchStatus =>
  ({ batch_id: 'b', tenant_id: 'acme', status, files, summary: { total_files: files.length } }) as BatchStatus;

/** The events of a stream over a batch that does not change any more. */
async function read(status: BatchStatus, lastEventId: string | null = null): Promise<ServerEvent[]> {
  const response = progressStream({
    status: async () => status,
    lastEventId,
    signal: new AbortController().signal,
  });
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(response)) events.push(event);
  return events;
}

const filesIn = (events: readonly ServerEvent[]) =>
  events.filter(({ event }) => event === 'file').map(({ data }) => data.file_id as string);

for (const count of [1, 20, 32]) {
  test(`a stream of ${count} files that breaks behind any event goes on with exactly what is missing`, async () => {
    const status = batch(Array.from({ length: count }, (_, n) => file(n)));
    const whole = await read(status);
    assert.equal(filesIn(whole).length, count);
    for (const [at, { id }] of whole.entries()) {
      const seen = filesIn(whole.slice(0, at + 1));
      const rest = await read(status, id);
      assert.deepEqual([...seen, ...filesIn(rest)].sort(), filesIn(whole).sort(), `behind event ${at}`);
      assert.equal(rest.at(-1)!.event, 'done');
    }
  });
}

test('a large batch that breaks anywhere misses nothing, and repeats no group that was told whole', async () => {
  const status = batch(Array.from({ length: 500 }, (_, n) => file(n)));
  const whole = await read(status);
  for (const at of [0, 7, 250, 498, 499, 500]) {
    const seen = new Set(filesIn(whole.slice(0, at + 1)));
    const rest = filesIn(await read(status, whole[at]!.id));
    assert.equal(new Set([...seen, ...rest]).size, 500, `behind event ${at}`);
  }
  assert.deepEqual(filesIn(await read(status, whole.at(-1)!.id)), []);
});

test('who was away is told what changed meanwhile: stages, states and errors', async () => {
  const before = await read(batch([file(1), file(2), file(3)]));
  const error = { stage: 'parse', code: 'FILE_CORRUPTED', message: 'damaged', retry_count: 0, last_retry_at: null };
  const after = batch([
    file(1),
    file(2, { error: error as FileStatus['error'] }),
    file(3, { stages: { ...STAGES, parse: 'processing' } }),
  ]);
  assert.deepEqual(filesIn(await read(after, before.at(-1)!.id)), ['f2', 'f3']);
});

test('an id that nobody gave out is as none', async () => {
  const status = batch([file(1), file(2)]);
  for (const id of ['unknown', '', 'f'.repeat(192), '0'.repeat(191), '١'.repeat(192)])
    assert.deepEqual(filesIn(await read(status, id)), ['f1', 'f2'], id);
});

test('trouble is told by a code of the API, without an id, so that the client takes up where it was', async () => {
  const fail = () => Promise.reject(new FrostbyteError('STORE_CORRUPTED', 'damaged'));
  const response = progressStream({ status: fail, lastEventId: null, signal: new AbortController().signal });
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(response)) events.push(event);
  assert.deepEqual(events, [{ event: 'error', id: '', data: { code: 'SERVICE_UNAVAILABLE' } }]);
});
