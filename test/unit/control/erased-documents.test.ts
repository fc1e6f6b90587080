import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditEntry } from '../../../appliance/audit/entry.ts';
import { relayEvents } from '../../../appliance/audit/relay.ts';
import { followErasures } from '../../../appliance/control/erased-documents.ts';
import { readLedger } from '../../../appliance/control/ledger/ledger.ts';
import { openRegistry } from '../../../appliance/control/registry/open.ts';
import { outboxOf } from '../../../appliance/control/registry/outbox.ts';
import type { AuditEvent } from '../../../appliance/kernel/audit-event.ts';
import type { AuditOutbox } from '../../../appliance/stores/record/port.ts';
import { temporaryFolder } from '../../support/control/control-fixture.ts';
import { memoryLog } from '../../support/control/memory-log.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock();
const about = { tenant_id: 'acme', actor: 'dana', resource_id: 'doc_1111111111111111' };
const ingested = () => auditEntry(clock, 'DOCUMENT_INGESTED', { ...about, references: { filename: 'secret.pdf' } });
const deleted = (beside: { refused_files?: string[]; emptied_batches?: string[] } = {}) =>
  auditEntry(clock, 'DOCUMENT_DELETED', {
    ...about,
    adds: { deletion_receipt_id: 'r1', cause: 'request', reason: 'r', ...beside },
  });

/** A tenant's outbox with these entries in it. */
function outbox(entries: ReturnType<typeof ingested>[]): AuditOutbox {
  let relayed = 0;
  return {
    pendingEvents: async () =>
      entries.slice(relayed).map(({ event, references }, at) => ({
        seq: relayed + at + 1,
        event: { ...event, previous_event_id: null } as AuditEvent,
        references,
      })),
    markRelayed: async (positions) => {
      relayed += positions.length;
    },
  };
}

test('once the log has a deletion, the ledger remembers it and names go, up to it and no further', async (t) => {
  const registry = openRegistry(`${await temporaryFolder(t)}/registry.sqlite`, clock);
  t.after(() => registry.close());
  const log = memoryLog();
  const entries = [ingested(), ingested(), deleted(), ingested()];
  const source = outbox(entries);
  const parts = { registry, clock, log };

  // Killed between the steps: the event was not noted as relayed, so all of it comes again.
  const dies = { ...log, eraseReferences: () => Promise.reject(new Error('killed')) };
  const first = relayEvents(source, log, { taken: (events) => followErasures({ ...parts, log: dies }, events) });
  await assert.rejects(first, /killed/);
  assert.equal(log.entries[0]?.references.length, 1);
  const options = { taken: (events: Parameters<typeof followErasures>[1]) => followErasures(parts, [...events]) };
  await relayEvents(source, log, options);

  assert.deepEqual(
    log.entries.map(({ references }) => references.length),
    [0, 0, 0, 1],
    'what was sent again afterwards is of another document',
  );
  const ledger = readLedger(registry, { after: 0, limit: 9 });
  assert.deepEqual(
    ledger.map(({ kind, tenant_id, resource_id, details, event_id }) => [
      kind,
      tenant_id,
      resource_id,
      details,
      event_id,
    ]),
    [
      [
        'document_erased',
        'acme',
        'doc_1111111111111111',
        { deletion_receipt_id: 'r1', cause: 'request' },
        entries[2]?.event.event_id,
      ],
    ],
  );
  const told = await outboxOf(registry, 'acme').pendingEvents(9);
  assert.deepEqual(
    told.map(({ event }) => [event.event_type, event.resource_id, event.details.count]),
    [['REFERENCES_ERASED', 'doc_1111111111111111', 2]],
  );
});

test('with the last document of a batch its submitter and the names of its refused files go, and of no other', async (t) => {
  const registry = openRegistry(`${await temporaryFolder(t)}/registry.sqlite`, clock);
  t.after(() => registry.close());
  const log = memoryLog();
  const batch = (resource_id: string) =>
    auditEntry(clock, 'BATCH_RECEIVED', { ...about, resource_id, references: { submitter: 'dana' } });
  const refused = (resource_id: string) =>
    auditEntry(clock, 'DOCUMENT_REJECTED', { ...about, resource_id, references: { filename: 'secret.pdf' } });
  const entries = [
    ingested(),
    batch('b1'),
    batch('b2'),
    refused('b1/r'),
    refused('b2/r'),
    deleted({ refused_files: ['b1/r'], emptied_batches: ['b1'] }),
  ];
  const before = entries.map(({ event }) => structuredClone(event));
  await relayEvents(outbox(entries), log, {
    taken: (events) => followErasures({ registry, clock, log }, [...events]),
  });
  assert.deepEqual(
    log.entries.map(({ references }) => references.length),
    [0, 0, 1, 0, 1, 0],
  );
  const commitments = log.entries.map(({ event }) => event.details.submitter_commitment);
  assert.deepEqual(
    commitments,
    before.map(({ details }) => details.submitter_commitment),
    'the events stay what they were',
  );
  assert.equal(typeof commitments[1], 'string');
  const told = await outboxOf(registry, 'acme').pendingEvents(9);
  assert.deepEqual(
    told.map(({ event }) => [event.event_type, event.details.count]),
    [['REFERENCES_ERASED', 3]],
  );
});
