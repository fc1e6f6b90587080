import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyStage } from '../../../../appliance/data/3-policy/stage.ts';
import type { DocumentRow } from '../../../../appliance/stores/record/rows.ts';
import { manualClock } from '../../../support/manual-clock.ts';

test('a document that no gate could judge fails, and is told to be in quarantine', () => {
  const plane = { tenant_id: 'acme', clock: manualClock() };
  const document = { doc_id: 'doc_0123456789abcdef' } as DocumentRow;
  const told = policyStage.failed(plane, document, { code: 'GATE_UNAVAILABLE', retry_count: 2 });
  assert.deepEqual(
    told.map(({ event }) => [event.event_type, event.resource_id, event.details.status]),
    [
      ['POLICY_GATE_FAILED', document.doc_id, 'failure'],
      ['DOCUMENT_QUARANTINED', document.doc_id, 'quarantined'],
    ],
  );
  assert.deepEqual([told[0]!.event.details.error_code, told[0]!.event.details.retry_count], ['GATE_UNAVAILABLE', 2]);
  assert.equal(told[1]!.event.details.reason, 'GATE_UNAVAILABLE');
});
