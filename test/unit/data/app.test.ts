import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASSERTION_HEADER, generateSeamKeys, REQUEST_ID_HEADER, signAssertion } from '../../../appliance/api/seam.ts';
import { createDataApp } from '../../../appliance/data/app.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import type { LogFields } from '../../../appliance/kernel/log-fields.ts';
import { createLogger } from '../../../appliance/observability/logger.ts';

const { privateKey, publicKey } = generateSeamKeys();
const CALLER = { subject: 'dana', role: 'tenant_admin', scopes: [], tenant_id: 'acme', jti: 't' } as const;
const REQUEST_ID = '01970000-0000-7000-8000-000000000001';

/** The status of a request whose store throws this, and what the log has of it. */
async function failing(error: unknown): Promise<{ status: number; lines: (LogFields & { level: string })[] }> {
  const lines: (LogFields & { level: string })[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) };
  const plane = {
    tenant_id: 'acme',
    logger: createLogger({ level: 'info', destination }),
    records: { documents: () => Promise.reject(error) },
  } as unknown as DataPlane;
  const app = createDataApp({ plane, seamKey: publicKey, wake: () => undefined });
  const path = '/api/v1/query/acme/documents';
  const assertion = await signAssertion(privateKey, { tenant_id: 'acme', caller: CALLER, method: 'GET', path });
  const headers = { [ASSERTION_HEADER]: assertion, [REQUEST_ID_HEADER]: REQUEST_ID };
  const { status } = await app.fetch(new Request(`http://appliance${path}`, { headers }));
  return { status, lines };
}

test('what fails is an error in the log, a refusal for want of room or time a warning, a caller’s mistake nothing', async () => {
  const expected = [
    [new Error('a defect'), 500, 'error'],
    [new FrostbyteError('STORE_CORRUPTED', 'The file is damaged.'), 503, 'error'],
    [new FrostbyteError('QUOTA_EXCEEDED', 'Beyond the quota.'), 507, 'warn'],
    [new FrostbyteError('SERVICE_UNAVAILABLE', 'It is being erased.'), 503, 'warn'],
    [new FrostbyteError('DISK_FULL', 'The disk is nearly full.'), 507, 'warn'],
    [new FrostbyteError('INVALID_STATE_TRANSITION', 'Not now.'), 409, null],
  ] as const;
  for (const [error, status, level] of expected) {
    const told = await failing(error);
    assert.equal(told.status, status);
    assert.deepEqual(
      told.lines.map((line) => [line.level, line.request_id, line.tenant_id]),
      level === null ? [] : [[level, REQUEST_ID, 'acme']],
      error.message,
    );
  }
});
