import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeFrames, FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { asCode, fittingFields, REDACTED, shaped } from '../../../appliance/kernel/log-fields.ts';
import type { LogFields, Logger } from '../../../appliance/kernel/telemetry.ts';
import { jobId } from '../../../appliance/stores/queue/port.ts';

const DOC = 'doc_0123456789abcdef';

/** What a worker has at hand when it writes a line; never called, the compiler is what is tested. */
export function linesThatDoNotTypeCheck(
  logger: Logger,
  document: { chunks: { text: string }[]; original_filename: string; doc_id: string },
  query: string,
): void {
  const text = document.chunks[0]!.text;
  // @ts-expect-error a chunk's text is no code
  logger.info('x', { code: text });
  // @ts-expect-error nor in capitals
  logger.info('x', { code: text.toUpperCase() });
  // @ts-expect-error nor as part of one
  logger.info('x', { code: `E${text}` });
  // @ts-expect-error a file name is no id
  logger.info('x', { doc_id: document.original_filename });
  // @ts-expect-error and nothing is an id that was not looked at
  logger.info('x', { doc_id: document.doc_id, tenant_id: 'acme' });
  // @ts-expect-error a query is no route
  logger.info('x', { route: query });
  // @ts-expect-error
  logger.info('x', { stage: text });
  // @ts-expect-error
  logger.info('x', { frames: new Error(text).stack ?? '' });
  // @ts-expect-error
  logger.info('x', { stack_trace_hash: text });
  // @ts-expect-error
  logger.info('x', { signal: text, mode: 'embedded' });
  // @ts-expect-error
  logger.info('x', { mode: text });
  // @ts-expect-error
  logger.info('x', { version: text });
  // @ts-expect-error
  logger.info('x', { method: text });
  // @ts-expect-error text is no count
  logger.info('x', { count: text });
  // @ts-expect-error there is no field for text
  logger.info('x', { text });
  // @ts-expect-error a message stands in the source
  logger.info(text);
  // @ts-expect-error
  logger.info(`failed: ${text}`);
  // @ts-expect-error and so does a component
  logger.child(query);
  // @ts-expect-error codes are not among what is only held against a shape
  logger.info('x', shaped({ code: text }));

  // What may be written.
  logger.info('x', { ...shaped({ doc_id: document.doc_id }), code: 'DISK_FULL', stage: 'parse', count: 1 });
  logger.info('x', codeFrames(new Error(text)));
}

test('ids and hashes that are what they are called pass as they are', () => {
  const fields = {
    tenant_id: 'acme',
    request_id: newId(),
    batch_id: 'b-2025_01.a',
    doc_id: DOC,
    chunk_id: 'chk_0123456789abcdef',
    job_id: jobId(DOC, 12, 'policy'),
    event_id: newId(),
    stack_trace_hash: 'ab'.repeat(32),
    ...codeFrames(new FrostbyteError('DISK_FULL', 'x', { cause: new Error('y') })),
    stage: 'embed',
    method: 'POST',
    route: '/api/v1/ingest/{tenant_id}/batch/{batch_id}',
    status: 500,
    duration_ms: 1.5,
    version: '0.1.0',
    signal: 'SIGKILL',
    mode: 'embedded',
  } as const;
  assert.deepEqual(fittingFields(fields), fields);
  assert.deepEqual(fittingFields({ tenant_id: '_appliance', route: 'unknown', frames: '' }), {
    tenant_id: '_appliance',
    route: 'unknown',
    frames: '',
  });
  assert.deepEqual(shaped({ tenant_id: 'acme', doc_id: DOC }), { tenant_id: 'acme', doc_id: DOC });
});

test('text is redacted in every field, whatever a cast lets through', () => {
  const text = 'The lessee, Jane Roe, pays 1,200 a month.';
  const names: (keyof LogFields)[] = [
    'tenant_id',
    'request_id',
    'batch_id',
    'doc_id',
    'chunk_id',
    'job_id',
    'event_id',
    'stage',
    'code',
    'stack_trace_hash',
    'frames',
    'method',
    'route',
    'status',
    'pid',
    'port',
    'count',
    'bytes',
    'attempt',
    'duration_ms',
    'version',
    'signal',
    'mode',
  ];
  for (const name of names) {
    for (const value of [text, `${DOC} ${text}`, `DISK_FULL\n${text}`, { text }, [text], null, Number.NaN])
      assert.deepEqual(fittingFields({ [name]: value }), { [name]: REDACTED }, `${name}: ${String(value)}`);
    assert.deepEqual(fittingFields({ [name]: undefined }), {});
  }
  assert.deepEqual(shaped({ doc_id: text }), { doc_id: REDACTED });
});

test('an unbounded field fits no shape, and a field that is not on the list is none', () => {
  for (const [name, value] of Object.entries({
    code: 'A'.repeat(100),
    route: '/a'.repeat(100),
    batch_id: 'b'.repeat(200),
    frames: 'appliance/a.ts:1 < '.repeat(50),
  }))
    assert.deepEqual(fittingFields({ [name]: value }), { [name]: REDACTED }, name);
  assert.deepEqual(fittingFields({ text: 'x', constructor: 'x', toString: 'x' }), {});
});

test('a kept code is a code or a fault of ours', () => {
  assert.equal(asCode('STORE_UNAVAILABLE'), 'STORE_UNAVAILABLE');
  for (const text of ['', 'lower', 'A B', 'Ä', '_X']) assert.equal(asCode(text), 'INTERNAL_ERROR', text);
});
