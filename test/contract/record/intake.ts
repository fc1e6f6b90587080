import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { BatchArrival } from '../../../appliance/stores/record/port.ts';
import {
  arrival,
  entry,
  events,
  failed,
  failedAt,
  idOf,
  indexed,
  job,
  minute,
  receiveOne,
  TENANT,
  toIndex,
} from './builders.ts';
import { request } from './reprocess.ts';
import { type MakeRecords, worldOf } from './world.ts';

/** Taking batches in: receipts, duplicates, collisions, broken-off batches. */
export function intakeContract(name: string, make: MakeRecords): void {
  describe(`${name}: intake`, () => {
    test('a batch becomes receipts, documents, jobs and events, in the manifest’s order', async (t) => {
      const { store } = await worldOf(t, make);
      const outcome = await store.receive(
        arrival('b1', [
          { file_id: 'z', content: 'one', metadata: { vendor: 'x' } },
          { file_id: 'm', content: 'bad', kind: 'rejected' },
          { file_id: 'a', content: 'virus', kind: 'quarantined' },
        ]),
      );
      assert.equal(outcome.kind, 'received');
      assert.equal(outcome.kind === 'received' && outcome.batch.status, 'processing');
      const receipts = await store.receipts('b1');
      assert.deepEqual(
        receipts.map(({ file_id, status }) => `${file_id} ${status}`),
        ['z accepted', 'm rejected', 'a quarantined'],
      );
      assert.deepEqual(await store.receipt(receipts[1]!.receipt_id), receipts[1]);
      const document = await store.document(idOf('one'));
      assert.equal(document?.state, 'processing');
      assert.equal(document?.current_stage, 'parse');
      assert.deepEqual(document?.stages, {
        intake: 'completed',
        parse: 'queued',
        policy: 'queued',
        embed: 'queued',
        index: 'queued',
      });
      assert.deepEqual(document?.metadata, { vendor: 'x' });
      assert.equal(document?.last_output_hash, `sha256:${document?.raw_sha256}`);
      assert.equal(document?.receipt_id, receipts[0]!.receipt_id);
      const quarantined = await store.document(idOf('virus'));
      assert.equal(quarantined?.state, 'quarantined');
      assert.equal(quarantined?.quarantine_reason, 'MALWARE_DETECTED');
      assert.equal(quarantined?.stages.parse, 'skipped');
      assert.deepEqual(await store.outbox(10), [job(idOf('one'), 'parse')]);
      assert.deepEqual(
        (await events(store)).map(({ event_type }) => event_type),
        ['DOCUMENT_INGESTED', 'DOCUMENT_REJECTED', 'DOCUMENT_QUARANTINED', 'BATCH_RECEIVED'],
      );
      assert.deepEqual(await store.config(1), { version: 1 });
      assert.equal(await store.config(2), null);
    });

    test('an arrival that would take the tenant beyond its quota is refused whole; what takes no room is not', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', [{ file_id: 'a', content: '12345' }], { quota_bytes: 5 }));
      const larger = arrival(
        'b2',
        [
          { file_id: 'a', content: '12345' },
          { file_id: 'b', content: '6' },
        ],
        { quota_bytes: 5 },
      );
      await assert.rejects(store.receive(larger), { code: 'QUOTA_EXCEEDED' });
      assert.equal(await store.batch('b2'), null);
      assert.deepEqual(await store.receipts('b2'), []);
      assert.equal((await events(store)).length, 2, 'nothing is reported of it');
      const again = arrival(
        'b3',
        [
          { file_id: 'a', content: '12345' },
          { file_id: 'b', content: '6', kind: 'rejected' },
        ],
        { quota_bytes: 1 },
      );
      assert.equal((await store.receive(again)).kind, 'received', 'also above a quota that was lowered');
    });

    test('an unknown batch, receipt and document are null', async (t) => {
      const { store } = await worldOf(t, make);
      assert.equal(await store.batch('nope'), null);
      assert.equal(await store.receipt(newId()), null);
      assert.equal(await store.document('doc_0000000000000000'), null);
      assert.deepEqual(await store.receipts('nope'), []);
    });

    test('the same batch again changes nothing and answers the same receipts', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'bad', kind: 'rejected' as const },
      ];
      const first = await store.receive(arrival('b1', specs));
      const before = await events(store);
      const second = await store.receive(arrival('b1', specs, { at: minute(9) }));
      assert.deepEqual(second, first);
      assert.deepEqual(await events(store), before);
      assert.equal((await store.outbox(10)).length, 1);
    });

    test('a broken-off batch is continued: receipts stay, the rest comes, the batch’s entry is written once', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'two' },
      ];
      const half = await store.receive(arrival('b1', specs, { only: ['b'], complete: false }));
      assert.equal(half.kind === 'received' && half.batch.status, 'receiving');
      assert.ok(!(await events(store)).some(({ event_type }) => event_type === 'BATCH_RECEIVED'));
      const kept = (await store.receipts('b1'))[0];
      const whole = await store.receive(arrival('b1', specs));
      assert.equal(whole.kind === 'received' && whole.batch.status, 'processing');
      assert.deepEqual(
        (await store.receipts('b1')).map(({ file_id }) => file_id),
        ['a', 'b'],
      );
      assert.deepEqual((await store.receipts('b1'))[1], kept);
      await store.receive(arrival('b1', specs));
      assert.equal((await events(store)).filter(({ event_type }) => event_type === 'BATCH_RECEIVED').length, 1);
    });

    test('the same batch id with another manifest is a conflict that writes nothing', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', [{ file_id: 'a', content: 'one' }]));
      const outcome = await store.receive(arrival('b1', [{ file_id: 'x', content: 'other' }], { manifest: 'changed' }));
      assert.deepEqual(outcome, { kind: 'conflict' });
      assert.equal(await store.document(idOf('other')), null);
      assert.equal((await store.receipts('b1')).length, 1);
    });

    test('documents run by the newest config there is, however long ago their batch began', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'two' },
      ];
      await store.receive(arrival('b1', specs, { only: ['a'], complete: false, config_version: 1 }));
      const under = { config_version: 2, config: { version: 2 } };
      await store.receive({ ...arrival('b1', specs, { config_version: 1 }), under });
      assert.equal((await store.document(idOf('two')))?.config_version, 2);
      assert.equal((await store.batch('b1'))?.config_version, 1);
      assert.deepEqual(await store.config(2), { version: 2 });
    });

    test('documents that come behind a request to run all again run by its config, whatever their batch knew', async (t) => {
      const { store } = await worldOf(t, make);
      await store.startReprocess(request({ below: { config_version: 3 } }, { version: 3 }));
      await store.receive(arrival('b1', [{ file_id: 'a', content: 'late' }], { config_version: 1 }));
      assert.equal((await store.document(idOf('late')))?.config_version, 3);
    });

    test('bytes that are there get a receipt that names the first one, and no job', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', [{ file_id: 'a', content: 'same', metadata: { vendor: 'x', year: 1 } }]));
      await store.clearOutbox((await store.outbox(10)).map(({ job_id }) => job_id));
      await store.receive(
        arrival('b2', [{ file_id: 'q', content: 'same', metadata: { year: 2, lot: 'z' } }], { at: minute(5) }),
      );
      const [first] = await store.receipts('b1');
      const [second] = await store.receipts('b2');
      assert.equal(first?.duplicate_of, null);
      assert.equal(second?.duplicate_of, first?.receipt_id);
      assert.equal(second?.doc_id, first?.doc_id);
      assert.equal(second?.status, 'accepted');
      assert.deepEqual(await store.outbox(10), []);
      const document = await store.document(idOf('same'));
      assert.deepEqual(document?.metadata, { vendor: 'x', year: 2, lot: 'z' });
      assert.equal(document?.batch_id, 'b1');
      assert.equal(document?.run, 1);
      assert.deepEqual(await store.batchesOf(idOf('same')), ['b1', 'b2']);
      const told = (await events(store)).filter(({ resource_id }) => resource_id === idOf('same'));
      assert.equal(told[1]?.details.duplicate_of, first?.receipt_id);
      assert.equal(told[1]?.details.output_hash, undefined, 'nothing was made: no link of the chain');
      assert.equal(told[1]?.previous_event_id, told[0]?.event_id);
    });

    test('of two equal files in one batch the second is the duplicate', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(
        arrival('b1', [
          { file_id: 'a', content: 'same' },
          { file_id: 'b', content: 'same' },
        ]),
      );
      const [first, second] = await store.receipts('b1');
      assert.equal(first?.duplicate_of, null);
      assert.equal(second?.duplicate_of, first?.receipt_id);
      assert.equal((await store.outbox(10)).length, 1);
      assert.equal((await store.documents({ limit: 10, batch_id: 'b1' })).total, 1);
      assert.deepEqual(
        (await store.batchFiles('b1')).map(({ document }) => document?.doc_id),
        [idOf('same'), idOf('same')],
      );
    });

    test('bytes whose first try failed run again under a new run and the new batch’s config', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await failed(store, 'weak');
      await store.clearOutbox((await store.outbox(10)).map(({ job_id }) => job_id));
      await store.receive(arrival('again', [{ file_id: 'a', content: 'weak' }], { config_version: 7 }));
      const document = await store.document(id);
      assert.equal(document?.state, 'processing');
      assert.equal(document?.run, 2);
      assert.equal(document?.config_version, 7);
      assert.equal(document?.error, null);
      assert.deepEqual(await store.outbox(10), [job(id, 'parse', 2)]);
      assert.notEqual((await store.receipts('again'))[0]?.duplicate_of, null);
      const told = (await events(store)).filter(({ resource_id }) => resource_id === id).at(-1);
      assert.equal(told?.details.output_hash, `sha256:${document?.raw_sha256}`, 'a new chain begins');
      assert.equal((await store.deadLetter(dlq))?.resolution, 'reprocessed');
      const resolved = (await events(store)).find(({ event_type }) => event_type === 'DLQ_RESOLVED');
      const { submitted_by } = (await store.receipts('again'))[0]!;
      assert.deepEqual([resolved?.details.dlq_entry_id, resolved?.actor], [dlq, submitted_by]);
    });

    test('bytes that failed never run by an older config than before, however old the batch', async (t) => {
      const { store } = await worldOf(t, make);
      const { id } = await failed(store, 'weak');
      await store.restart(id, 'parse', [], minute(3), { config_version: 5, config: {} });
      await store.failStage({
        job: job(id, 'parse', 2),
        error: { stage: 'parse', code: 'X', message: 'x', retry_count: 0, last_retry_at: null },
        state: 'parse_failed',
        status: 'failed',
        patch: {},
        dead_letter: null,
        entries: [],
        at: minute(4),
      });
      await store.receive(arrival('old', [{ file_id: 'a', content: 'weak' }], { config_version: 3 }));
      const document = await store.document(id);
      assert.deepEqual([document?.run, document?.config_version], [3, 5]);
    });

    test('a batch that was settled is open again when a resend or new malware moves its document', async (t) => {
      const { store } = await worldOf(t, make);
      const settle = async (batch_id: string, content: string) => {
        const seen = [(await store.document(idOf(content)))!];
        const done = { status: 'completed' as const, report: {}, entries: [], at: minute(5) };
        assert.equal(await store.settleBatch({ batch_id, seen, ...done }), true);
      };
      await failed(store, 'weak');
      await indexed(store, 'sleeper', [{ text: 'harmless' }]);
      await settle('batch-weak', 'weak');
      await settle('batch-sleeper', 'sleeper');
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'weak' }]));
      assert.equal((await store.batch('batch-weak'))?.status, 'processing');
      await store.receive(arrival('b3', [{ file_id: 'a', content: 'sleeper', kind: 'quarantined' }]));
      assert.equal((await store.batch('batch-sleeper'))?.status, 'processing');
      assert.equal(await store.isUnderWay('batch-sleeper'), false, 'ready to be settled');
      assert.equal((await store.document(idOf('sleeper')))?.served, null);
    });

    test('a duplicate of a document that waits or is at work changes neither', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'x' }]));
      assert.deepEqual([(await store.document(id))?.state, (await store.document(id))?.run], ['processing', 1]);
      const end = { patch: {}, entries: [], at: minute(2) };
      await store.finishStage({ job: job(id, 'parse'), ...end, outcome: 'advance' });
      await store.finishStage({ job: job(id, 'policy'), ...end, outcome: 'held' });
      await store.receive(arrival('b3', [{ file_id: 'a', content: 'x' }]));
      assert.deepEqual([(await store.document(id))?.state, (await store.document(id))?.run], ['held', 1]);
      assert.equal((await store.receipts('b3'))[0]?.status, 'accepted');
    });

    for (const reason of ['MALWARE_DETECTED', 'PII_BLOCK_POLICY']) {
      test(`a quarantined original stays quarantined (${reason}) and the new receipt says so`, async (t) => {
        const { store } = await worldOf(t, make);
        await store.receive(arrival('b1', [{ file_id: 'a', content: 'bad', kind: 'quarantined', reason }]));
        await store.receive(arrival('b2', [{ file_id: 'b', content: 'bad' }]));
        const [first] = await store.receipts('b1');
        const [second] = await store.receipts('b2');
        assert.equal(second?.status, 'quarantined');
        assert.equal(second?.reason, reason);
        assert.ok(second?.remediation);
        assert.equal(second?.duplicate_of, first?.receipt_id);
        assert.equal(second?.storage_path, first?.storage_path);
        assert.equal((await store.document(idOf('bad')))?.state, 'quarantined');
        assert.deepEqual(await store.outbox(10), []);
        const told = (await events(store)).filter(({ resource_id }) => resource_id === idOf('bad')).at(-1);
        assert.equal(told?.event_type, 'DOCUMENT_QUARANTINED');
        assert.equal(told?.details.status, 'quarantined');
        assert.equal(told?.details.duplicate_of, first?.receipt_id);
      });
    }

    test('malware found in bytes that passed once takes the document out of service', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'sleeper', [{ text: 'perfectly harmless words' }]);
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'sleeper', kind: 'quarantined' }]));
      const document = await store.document(id);
      assert.equal(document?.state, 'quarantined');
      assert.equal(document?.quarantine_reason, 'MALWARE_DETECTED');
      assert.equal(document?.run, 2);
      assert.deepEqual(await store.searchText({ text: 'harmless', limit: 5 }), []);
      assert.deepEqual(await store.documentChunks(id, { limit: 10, offset: 0 }), []);
      const [receipt] = await store.receipts('b2');
      assert.equal(receipt?.status, 'quarantined');
      assert.equal(receipt?.message, 'MALWARE_DETECTED', 'intake’s own finding stays');
      assert.equal(receipt?.duplicate_of, document?.receipt_id);
      assert.equal(document?.storage_path, receipt?.storage_path);
      assert.match(document?.storage_path ?? '', /^quarantine\//);
    });

    test('malware found in a document that a stage had given up leaves nothing of it to decide', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await failedAt(store, 'torn', 'embed', 'DIMENSION_MISMATCH');
      assert.equal(await store.isEmbeddingHalted(), true);
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'torn', kind: 'quarantined' }]));
      const document = await store.document(id);
      assert.deepEqual([document?.quarantine_reason, document?.error], ['MALWARE_DETECTED', null]);
      const closed = await store.deadLetter(dlq);
      assert.deepEqual([closed?.status, closed?.resolution], ['abandoned', 'skipped']);
      assert.equal(await store.isEmbeddingHalted(), false, 'what never runs again halts nobody');
      const told = (await events(store)).find(({ event_type }) => event_type === 'DLQ_RESOLVED');
      assert.equal(told?.details.dlq_entry_id, dlq);
    });

    test('malware found in a document that policy had quarantined makes it malware', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(
        arrival('b1', [{ file_id: 'a', content: 'bad', kind: 'quarantined', reason: 'PII_BLOCK_POLICY' }]),
      );
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'bad', kind: 'quarantined' }]));
      assert.equal((await store.document(idOf('bad')))?.quarantine_reason, 'MALWARE_DETECTED');
      await assert.rejects(store.restart(idOf('bad'), 'parse', [], minute(3)), { code: 'INVALID_STATE_TRANSITION' });
    });

    test('the batch’s entry counts what became of its files, and only what it reports', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'first');
      const next = arrival('b2', [
        { file_id: 'a', content: 'first' },
        { file_id: 'b', content: 'new' },
        { file_id: 'c', content: 'clash', doc_id: id },
        { file_id: 'd', content: 'virus', kind: 'quarantined' },
      ]);
      Object.assign(next.entries[0]!.event.details, { files: 4, accepted: 3, rejected: 0, duplicates: 0 });
      await store.receive(next);
      const { details } = (await events(store)).at(-1)!;
      assert.deepEqual(
        [details.files, details.accepted, details.rejected, details.duplicates, details.quarantined],
        [4, 2, 1, 1, undefined],
      );
    });

    test('another file under the same document id is rejected', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'first');
      await store.receive(arrival('b2', [{ file_id: 'x', content: 'second', doc_id: id }]));
      const [receipt] = await store.receipts('b2');
      assert.equal(receipt?.status, 'rejected');
      assert.equal(receipt?.reason, 'DOC_ID_COLLISION');
      assert.equal(receipt?.doc_id, null);
      assert.equal(receipt?.storage_path, null);
      assert.ok(receipt?.remediation);
      assert.deepEqual(await store.batchesOf(id), ['batch-first']);
      const told = (await events(store)).at(-2);
      assert.equal(told?.event_type, 'DOCUMENT_REJECTED');
      assert.equal(told?.resource_id, 'b2/x');
      assert.equal(told?.details.reason, 'DOC_ID_COLLISION');
      assert.equal(told?.details.status, 'failure');
      assert.equal(told?.details.output_hash, undefined);
    });

    test('an entry that cannot be written takes the whole arrival back', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'first');
      const [known] = await events(store);
      const next = arrival('b2', [
        { file_id: 'a', content: 'new' },
        { file_id: 'b', content: 'newer' },
      ]);
      next.files[1]!.entry.event.event_id = known!.event_id;
      await assert.rejects(store.receive(next), { name: 'FrostbyteError', code: 'INTERNAL_ERROR' });
      assert.equal(await store.batch('b2'), null);
      assert.equal(await store.document(idOf('new')), null);
      assert.equal((await store.outbox(10)).length, 1);
      assert.equal((await store.counts()).documents, 1);
    });

    const strangers: [string, (foreign: BatchArrival) => void, string][] = [
      [
        'an entry of another tenant',
        (a) => Object.assign(a.files[0]!.entry.event, { tenant_id: 'other' }),
        'ISOLATION_VIOLATED',
      ],
      [
        'a receipt of another tenant',
        (a) => Object.assign(a.files[0]!.receipt, { tenant_id: 'other' }),
        'ISOLATION_VIOLATED',
      ],
      [
        'a receipt of another batch',
        (a) => Object.assign(a.files[0]!.receipt, { batch_id: 'other' }),
        'INTERNAL_ERROR',
      ],
      [
        'a file the manifest does not have',
        (a) => Object.assign(a.files[0]!.receipt, { file_id: 'other' }),
        'INTERNAL_ERROR',
      ],
    ];
    for (const [what, change, code] of strangers) {
      test(`${what} is refused and nothing is kept`, async (t) => {
        const { store } = await worldOf(t, make);
        const foreign = arrival('b1', [{ file_id: 'a', content: 'x' }]);
        change(foreign);
        await assert.rejects(store.receive(foreign), { code });
        assert.equal(await store.batch('b1'), null);
        assert.deepEqual(await events(store), []);
      });
    }

    test('each event names the last one of the same resource', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'chained');
      await toIndex(store, id);
      await store.appendEntries([entry('A', 'document', id), entry('B', 'document', id), entry('C', 'batch', id)]);
      const told = await events(store);
      const ofDocument = told.filter((event) => event.resource_type === 'document');
      assert.deepEqual(
        ofDocument.map(({ previous_event_id }) => previous_event_id),
        [null, ...ofDocument.slice(0, -1).map(({ event_id }) => event_id)],
      );
      assert.equal(told.at(-1)?.previous_event_id, null, 'the same id under another type is another resource');
    });

    test('however batches overlap, break off and repeat, each content is one document with one job and one first receipt', async () => {
      const files = fc.uniqueArray(
        fc.record({
          file_id: fc.constantFrom('a', 'b', 'c', 'd'),
          content: fc.constantFrom('1', '2', '3'),
          kind: fc.constantFrom('accepted' as const, 'accepted' as const, 'rejected' as const),
        }),
        { selector: ({ file_id }) => file_id, minLength: 1 },
      );
      const parts = fc.array(fc.subarray(['a', 'b', 'c', 'd']), { maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ files, parts }), { minLength: 1, maxLength: 4 }), async (batches) => {
          const { store, dispose } = await make();
          try {
            for (const [n, batch] of batches.entries()) {
              for (const only of batch.parts) {
                await store.receive(arrival(`b${n}`, batch.files, { only, complete: false }));
              }
              await store.receive(arrival(`b${n}`, batch.files));
              await store.receive(arrival(`b${n}`, batch.files));
              assert.deepEqual(
                (await store.receipts(`b${n}`)).map(({ file_id }) => file_id),
                batch.files.map(({ file_id }) => file_id),
              );
            }
            const accepted = batches.flatMap((batch) => batch.files).filter(({ kind }) => kind === 'accepted');
            const contents = new Set(accepted.map(({ content }) => idOf(content)));
            const receipts = (await Promise.all(batches.map((_, n) => store.receipts(`b${n}`)))).flat();
            const firsts = receipts.filter(
              ({ status, duplicate_of }) => status === 'accepted' && duplicate_of === null,
            );
            assert.deepEqual(firsts.map(({ doc_id }) => doc_id).sort(), [...contents].sort());
            assert.deepEqual((await store.outbox(100)).map(({ doc_id }) => doc_id).sort(), [...contents].sort());
            assert.equal((await store.counts()).documents, contents.size);
            assert.equal(
              (await events(store)).length,
              receipts.length + batches.length,
              'one event a receipt and a batch',
            );
          } finally {
            await dispose();
          }
        }),
        { numRuns: 30 },
      );
    });

    test('two connections that take the same batch at once keep one set of receipts', async (t) => {
      const { store, another } = await worldOf(t, make);
      const other = another();
      const specs = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'two' },
      ];
      const [x, y] = await Promise.all([store.receive(arrival('b1', specs)), other.receive(arrival('b1', specs))]);
      assert.deepEqual(x, y);
      assert.equal((await store.outbox(10)).length, 2);
      assert.equal((await store.counts()).documents, 2);
      assert.equal(x.kind === 'received' && x.receipts[0]?.tenant_id, TENANT);
    });
  });
}
