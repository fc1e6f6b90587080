import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import { shaped } from '../../../appliance/kernel/log-fields.ts';
import type { LogFields } from '../../../appliance/kernel/telemetry.ts';
import { createLogger, silentLogger } from '../../../appliance/observability/logger.ts';

function capture(level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'debug') {
  const raw: string[] = [];
  const logger = createLogger({ level, destination: { write: (line: string) => void raw.push(line) } });
  return { logger, raw, lines: () => raw.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a line is one JSON object with time, level, component and message', () => {
  const { logger, raw, lines } = capture();
  const request_id = newId();
  logger.child('gateway').warn('request failed', { ...shaped({ request_id }), code: 'INTERNAL_ERROR', status: 500 });
  const [line] = lines();
  assert.match(raw[0]!, /^\{.*\}\n$/);
  assert.match(String(line!.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const { timestamp: _, ...rest } = line!;
  assert.deepEqual(rest, {
    level: 'warn',
    component: 'gateway',
    message: 'request failed',
    request_id,
    code: 'INTERNAL_ERROR',
    status: 500,
  });
});

test('a field that is not on the list is dropped, even when a cast brings it', () => {
  const { logger, raw } = capture();
  const smuggled = {
    tenant_id: 'acme',
    text: 'CANARY',
    error: new Error('CANARY'),
    filename: 'CANARY.pdf',
    query_text: 'CANARY',
  } as unknown as LogFields;
  logger.info('stage failed', smuggled);
  logger.child('worker', smuggled).error('stage failed', smuggled);
  assert.doesNotMatch(raw.join(''), /CANARY/);
  assert.match(raw.join(''), /"tenant_id":"acme"/);
});

test('a field that is on the list shows only what has its shape, even when a cast brings more', () => {
  const { logger, lines, raw } = capture();
  const smuggled = {
    code: 'CANARY in a sentence',
    doc_id: 'CANARY.pdf',
    stage: 'CANARY',
    route: '/CANARY?query=x',
    count: 'CANARY',
  } as unknown as LogFields;
  logger.info('job could not be recorded', smuggled);
  logger.child('worker', smuggled).error('stage failed', { code: 'DISK_FULL' });
  assert.doesNotMatch(raw.join(''), /CANARY/);
  const [first, second] = lines();
  for (const name of Object.keys(smuggled)) assert.equal(first![name], '[redacted]', name);
  assert.equal(second!.code, 'DISK_FULL');
  assert.equal(second!.doc_id, '[redacted]');
});

test('a line break in a field cannot make a second line', () => {
  const { logger, raw, lines } = capture();
  logger.info('listening', { code: 'A\n{"level":"error"}' } as unknown as LogFields);
  assert.equal(raw.length, 1);
  assert.equal(raw[0]!.trimEnd().split('\n').length, 1);
  assert.equal(lines()[0]!.level, 'info');
});

test('an inner logger replaces the component and keeps the other fixed fields; no name stands twice', () => {
  const { logger, raw, lines } = capture();
  logger
    .child('worker', { pid: 7 })
    .child('data-plane', shaped({ tenant_id: 'acme' }))
    .info('stage failed', { pid: 8, ...shaped({ doc_id: 'doc_0123456789abcdef' }) });
  const [line] = lines();
  assert.equal(line!.component, 'data-plane');
  assert.equal(line!.pid, 8);
  assert.equal(line!.tenant_id, 'acme');
  for (const name of ['component', 'pid']) assert.equal(raw[0]!.split(`"${name}":`).length, 2, name);
});

test('undefined fields leave no trace, and levels below the set one say nothing', () => {
  const { logger, raw } = capture('warn');
  logger.debug('a');
  logger.info('b');
  logger.warn('c', { code: undefined } as unknown as LogFields);
  assert.equal(raw.length, 1);
  assert.doesNotMatch(raw[0]!, /code/);
  const silent = capture('silent');
  silent.logger.error('d');
  silentLogger.child('x').error('e');
  assert.equal(silent.raw.length, 0);
});
