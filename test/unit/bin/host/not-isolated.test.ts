import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notIsolated } from '../../../../appliance/bin/host/not-isolated.ts';
import type { IsolationReport } from '../../../../appliance/control/verbs.ts';

type Check = IsolationReport['checks'][number];
const at = '2026-01-01T00:00:00.000Z';
const check = (target: string, result: Check['result'], reason?: string): Check => ({
  store: 'objects',
  test: 'read',
  target,
  result,
  timestamp: at,
  ...(reason === undefined ? {} : { reason }),
});
const refusal = (...checks: Check[]) =>
  notIsolated('acme', { report_id: 'r1', tenant_id: 'acme', checked_at: at, checks, overall_pass: false });

describe('a report of isolation that does not pass', () => {
  it('is a violation where a door stood open, whatever else was not answered', () => {
    const { code, message, details } = refusal(
      check('acme', 'OK'),
      check('other', 'ALLOWED'),
      check('other', 'SKIPPED', 'no answer'),
    );
    assert.equal(code, 'ISOLATION_VIOLATED');
    assert.match(
      message,
      /^acme is not isolated\. Let nobody use this appliance: frostbyte tenant isolation show acme r1/,
    );
    assert.deepEqual(
      details.map(({ value, constraint }) => `${value}: ${constraint}`),
      ['other: not ALLOWED', 'other: not SKIPPED'],
    );
  });

  it('is none where nothing answered: it is tried again', () => {
    for (const silent of [check('other', 'SKIPPED', 'no answer'), check('acme', 'DENIED'), check('acme', 'SKIPPED')]) {
      const { code, message } = refusal(check('other', 'DENIED'), silent);
      assert.equal(code, 'OPERATION_FAILED');
      assert.match(message, /could not be told: of 2 tries 1 had no answer.*repeat once all of it is ready\.$/);
    }
  });
});
