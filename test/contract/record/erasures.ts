import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { BlankedBeside, RecordStore } from '../../../appliance/stores/record/port.ts';
import type { ErasureRow } from '../../../appliance/stores/record/rows.ts';
import { until } from '../../support/faults/until.ts';
import {
  arrival,
  entry,
  events,
  failed,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  settleAsIs,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const intentOn = (doc_id: string, cause: ErasureRow['cause'] = 'request') => ({
  deletion_receipt_id: newId(),
  doc_id,
  cause,
  reason: 'request 4711',
  requested_by: 'dana',
  requested_at: minute(10),
});

/** An erasure that is decided: nothing held the document. */
async function begun(store: RecordStore, docId: string, cause: ErasureRow['cause'] = 'request'): Promise<string> {
  const erasure = await store.beginErasure(intentOn(docId, cause));
  assert.equal(await store.decideErasure(erasure!.deletion_receipt_id, minute(11)), true);
  return erasure!.deletion_receipt_id;
}

/** All of it, as the data plane does it; `beside` is told what else lost its names. */
export async function erased(
  store: RecordStore,
  docId: string,
  cause?: ErasureRow['cause'],
  beside: (blanked: BlankedBeside) => void = () => undefined,
): Promise<ErasureRow> {
  const id = await begun(store, docId, cause);
  await store.noteInventory(id, { objects: 3, object_bytes: 99, vectors: 2 });
  await store.clearRows(id);
  const entries = (blanked: BlankedBeside) => {
    beside(blanked);
    return [entry('DOCUMENT_DELETED', 'document', docId)];
  };
  const done = await store.completeErasure(id, { verified: ['rows'], entries, at: minute(12) });
  return done!.erasure;
}

/** Erasing documents, keeping them for their time. */
export function erasureContract(name: string, make: MakeRecords): void {
  describe(`${name}: erasure`, () => {
    test('a document that is being erased is shown by nothing, and its jobs are stale', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen words' }], { metadata: { matter: 'm1' } });
      await indexed(store, 'y', [{ text: 'frozen neighbour' }]);
      const running = await receiveOne(store, 'z');
      await store.startStage(job(running, 'parse'), minute(2));
      const [chunk] = await store.documentChunks(id, { limit: 1, offset: 0 });

      for (const doc of [id, running]) assert.notEqual(await store.beginErasure(intentOn(doc)), null);
      assert.equal(await store.document(id), null);
      assert.equal(await store.currentRun(id), null);
      assert.deepEqual(await store.documentChunks(id, { limit: 9, offset: 0 }), []);
      assert.deepEqual(await store.servedChunks([chunk!.chunk_id]), []);
      assert.deepEqual(await store.versions(id, 9), []);
      assert.equal((await store.searchText({ text: 'frozen', limit: 9 })).length, 1);
      const matter = [{ field: 'matter', of: 'value', kind: 'text', any_of: ['m1'] }] as const;
      assert.equal((await store.searchText({ text: 'frozen', limit: 9, metadata: matter })).length, 0);
      assert.deepEqual(await store.documentsWith([], 9), [idOf('y')]);
      const { rows, total } = await store.documents({ limit: 9 });
      assert.deepEqual([rows.map(({ doc_id }) => doc_id), total], [[idOf('y')], 1]);
      assert.equal((await store.documents({ limit: 9, batch_id: 'batch-x' })).total, 0);
      assert.deepEqual((await store.batchFiles('batch-x'))[0]?.document, null);
      assert.deepEqual(await store.unfinished(null, 9), []);
      assert.deepEqual((await store.erasing([id, running, idOf('y')])).toSorted(), [id, running].toSorted());

      assert.equal(await store.startStage(job(running, 'parse'), minute(3)), null);
      const end = { job: job(running, 'parse'), patch: {}, entries: [], at: minute(3), outcome: 'advance' as const };
      assert.equal(await store.finishStage(end), false);
      assert.equal(await store.restart(id, 'parse', [], minute(3)), null);
    });

    test('versions go with their document: the same bytes, sent again, have those of their new life alone', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'walrus' }]);
      assert.equal((await store.versions(id, 9)).length, 1);
      await erased(store, id);
      await store.receive(arrival('again', [{ file_id: 'a', content: 'x' }]));
      assert.deepEqual(await store.versions(id, 9), []);
      await toIndex(store, id, 2);
      await publish(store, id, [{ text: 'walrus' }], { run: 2 });
      assert.deepEqual(
        (await store.versions(id, 9)).map(({ run }) => run),
        [2],
      );
    });

    test('a dead letter that has gone with its document is a place in the list all the same', async (t) => {
      const { store } = await worldOf(t, make);
      const letters: string[] = [];
      for (const content of ['a', 'b', 'c']) letters.push((await failed(store, content)).dlq);
      await erased(store, idOf('b'));
      const behind = async (at: number) => (await store.deadLetters({ limit: 9, after: letters[at]! })).rows;
      assert.deepEqual(
        (await behind(1)).map(({ dlq_entry_id }) => dlq_entry_id),
        [letters[0]],
      );
    });

    test('a dead letter of a document that is being erased is not noted as run again', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await failed(store, 'x');
      await store.beginErasure(intentOn(id));
      const before = await events(store);
      const retry = {
        dlq_entry_id: dlq,
        status: 'resolved' as const,
        resolution: 'reprocessed' as const,
        restart: 'parse' as const,
        entries: [entry('DLQ_RESOLVED', 'document', id)],
        at: minute(12),
      };
      await assert.rejects(store.resolveDeadLetter(retry), { code: 'RESOURCE_NOT_FOUND' });
      assert.equal((await store.deadLetter(dlq))?.status, 'pending_review');
      assert.deepEqual(await events(store), before);
    });

    test('an intent that is taken back leaves the document as it was, with its job', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen words' }]);
      const waiting = await receiveOne(store, 'z');
      const before = [await store.document(id), await store.document(waiting)];
      await store.clearOutbox((await store.outbox(9)).map(({ job_id }) => job_id));
      for (const doc of [id, waiting]) {
        const { deletion_receipt_id } = (await store.beginErasure(intentOn(doc)))!;
        assert.equal(await store.takeBackErasure(deletion_receipt_id), true);
        assert.equal(await store.takeBackErasure(deletion_receipt_id), false);
        assert.equal(await store.decideErasure(deletion_receipt_id, minute(11)), false);
        assert.equal(await store.erasure(deletion_receipt_id), null);
      }
      assert.deepEqual([await store.document(id), await store.document(waiting)], before);
      assert.equal((await store.searchText({ text: 'frozen', limit: 9 })).length, 1);
      assert.deepEqual(await store.outbox(9), [job(waiting, 'parse')]);
      assert.deepEqual((await store.erasures({ limit: 9 })).total, 0);
    });

    test('there is no way back once it is decided, and nothing goes before', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen' }]);
      const first = (await store.beginErasure(intentOn(id)))!;
      assert.equal(await store.clearRows(first.deletion_receipt_id), null);
      const end = { verified: [], entries: () => [], at: minute(12) };
      assert.equal(await store.completeErasure(first.deletion_receipt_id, end), null);
      const again = await store.beginErasure(intentOn(id, 'retention'));
      assert.deepEqual(again, first, 'a second intent continues the first');
      assert.equal(await store.decideErasure(first.deletion_receipt_id, minute(11)), true);
      assert.equal(await store.decideErasure(first.deletion_receipt_id, minute(13)), true);
      assert.equal(await store.takeBackErasure(first.deletion_receipt_id), false);
      assert.equal((await store.erasure(first.deletion_receipt_id))?.decided_at, minute(11));
      assert.deepEqual(
        (await store.pendingErasures(null, 9)).map(({ deletion_receipt_id }) => deletion_receipt_id),
        [first.deletion_receipt_id],
      );
      assert.deepEqual(await store.pendingErasures(first.deletion_receipt_id, 9), []);
      assert.equal(await store.beginErasure(intentOn(idOf('nobody'))), null);
    });

    test('completed, the document is gone and its deletion receipt says what went', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen' }, { text: 'words' }]);
      await indexed(store, 'y', [{ text: 'neighbour' }]);
      await store.clearOutbox((await store.outbox(99)).map(({ job_id }) => job_id));
      const { id: bad } = await failed(store, 'f');
      const before = (await store.document(id))!;

      const receipt = await erased(store, id);
      const { deletion_receipt_id, ...told } = receipt;
      assert.deepEqual(told, {
        doc_id: id,
        raw_sha256: before.raw_sha256,
        receipt_id: before.receipt_id,
        run: 1,
        retention_until: before.retention_until,
        cause: 'request',
        reason: 'request 4711',
        requested_by: 'dana',
        requested_at: minute(10),
        status: 'completed',
        decided_at: minute(11),
        erased_at: minute(12),
        inventory: { objects: 3, object_bytes: 99, vectors: 2 },
        removed: { chunks: 2, dead_letters: 0, jobs: 0, receipts: 1, manifests: 1, reports: 0 },
        verified: ['rows'],
      });
      assert.deepEqual(await store.erasure(deletion_receipt_id), receipt);
      const { dead_letters, jobs } = (await erased(store, bad)).removed;
      assert.deepEqual([dead_letters, jobs], [1, 1]);
      assert.equal((await store.deadLetters({ limit: 9 })).total, 0);
      assert.deepEqual(await store.counts(), {
        ...(await store.counts()),
        documents: 1,
        chunks: 1,
        dead_letters: 0,
        raw_bytes: 1,
      });
      assert.equal((await store.searchText({ text: 'frozen', limit: 9 })).length, 0);
      assert.deepEqual(await store.batchesOf(id), []);
      assert.equal((await events(store)).filter(({ event_type }) => event_type === 'DOCUMENT_DELETED').length, 2);

      assert.equal(await store.clearRows(deletion_receipt_id), null);
      const end = { verified: [], entries: () => [entry('DOCUMENT_DELETED', 'document', id)], at: minute(14) };
      assert.equal(await store.completeErasure(deletion_receipt_id, end), null);
      assert.deepEqual(await store.erasure(deletion_receipt_id), receipt, 'repeating changes nothing');
    });

    test('an inventory is noted once, and rows that are cleared twice are counted once', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen' }]);
      const erasure = await begun(store, id);
      await store.noteInventory(erasure, { objects: 3, object_bytes: 99, vectors: 1 });
      const noted = await store.noteInventory(erasure, { objects: 0, object_bytes: 0, vectors: 0 });
      assert.equal(noted?.inventory?.objects, 3);
      assert.equal((await store.clearRows(erasure))?.removed.chunks, 1);
      assert.equal((await store.clearRows(erasure))?.removed.chunks, 1);
    });

    test('names and metadata of the file are blanked in receipts, manifest copies and reports, and no others', async (t) => {
      const { store } = await worldOf(t, make);
      const files = [
        { file_id: 'a', content: 'one', metadata: { matter: 'secret' } },
        { file_id: 'b', content: 'two', metadata: { matter: 'other' } },
      ];
      const sent = arrival('b1', files);
      sent.batch.files[0]!.metadata = { matter: 'secret' };
      await store.receive(sent);
      await store.receive(arrival('b2', [{ file_id: 'copy', content: 'one' }]));
      const line = (file_id: string) => ({
        file_id,
        original_filename: `${file_id}.pdf`,
        doc_id: idOf(file_id === 'a' ? 'one' : 'two'),
        status: 'indexed',
        outcome: 'indexed',
        duplicate_of: null,
        intake: { sha256: 'h', reason: null, details: { note: 'secret' } },
        parsing: { warnings: ['secret'] },
        problems: [{ code: 'C', message: 'secret' }],
      });
      const summary = { files_submitted: 2, outcomes: { indexed: 2, erased: 0 } };
      const made = { report_id: 'r', summary, files: [line('a'), line('b')] };
      assert.ok(await settleAsIs(store, 'b1', 'completed', { report: made }));

      const { removed } = await erased(store, idOf('one'));
      assert.deepEqual([removed.receipts, removed.manifests, removed.reports], [2, 2, 1]);
      const [a, b] = await store.receipts('b1');
      assert.deepEqual([a?.original_filename, a?.details, a?.sha256], ['[ERASED]', null, sent.batch.files[0]?.sha256]);
      assert.equal(b?.original_filename, 'b.pdf');
      assert.equal((await store.receipts('b2'))[0]?.original_filename, '[ERASED]');
      const batch = (await store.batch('b1'))!;
      assert.deepEqual(
        batch.files.map(({ filename, metadata }) => [filename, metadata]),
        [
          ['[ERASED]', undefined],
          ['b.pdf', undefined],
        ],
      );
      assert.deepEqual(batch.metadata, { source: 'test' }, 'another file of the batch has it still');
      assert.deepEqual((await store.batch('b2'))?.metadata, {}, 'the last file of the batch is gone');
      assert.equal(batch.updated_at, minute(12), 'whoever follows the batch hears of it');
      const report = (await store.report('b1')) as { report_id: string; files: { problems: unknown[] }[] };
      const { problems, ...line1 } = report.files[0]!;
      assert.deepEqual(
        { ...report, files: [line1, report.files[1]] },
        {
          report_id: 'r',
          summary: { files_submitted: 2, outcomes: { indexed: 1, erased: 1 } },
          files: [
            {
              file_id: 'a',
              original_filename: '[ERASED]',
              doc_id: idOf('one'),
              status: 'erased',
              outcome: 'erased',
              duplicate_of: null,
              intake: { sha256: 'h', reason: null, details: null },
              parsing: null,
              policy: null,
              indexing: null,
            },
            line('b'),
          ],
        },
      );
      assert.deepEqual(
        problems.map((problem) => (problem as { code: string }).code),
        ['ERASED'],
      );
      // Of an event that the log has not taken yet nothing personal is handed over either.
      const [ingested] = await store.pendingEvents(1);
      assert.deepEqual([ingested?.event.resource_id, ingested?.references], [idOf('one'), []]);
    });

    test('a report says of an erased file whether that was asked for or its time was over', async (t) => {
      const { store } = await worldOf(t, make);
      for (const [content, cause, words] of [
        ['one', 'request', /erased on request/],
        ['two', 'retention', /time of retention was over/],
      ] as const) {
        await store.receive(arrival(content, [{ file_id: 'a', content }]));
        const files = [{ file_id: 'a', status: 'indexed', outcome: 'indexed', problems: [] }];
        assert.ok(await settleAsIs(store, content, 'completed', { report: { report_id: 'r', files } }));
        await erased(store, idOf(content), cause);
        const report = (await store.report(content)) as { files: { problems: { message: string }[] }[] };
        assert.match(report.files[0]!.problems[0]!.message, words);
      }
    });

    test('a file of the same bytes that was refused loses its name with the document, another keeps it', async (t) => {
      const { store } = await worldOf(t, make);
      const sent = arrival('b1', [{ file_id: 'a', content: 'one' }]);
      const refused = arrival('b2', [
        { file_id: 'same', content: 'one', kind: 'rejected' },
        { file_id: 'other', content: 'two', kind: 'rejected' },
        { file_id: 'came', content: 'three', kind: 'rejected', came: 'one' },
        { file_id: 'else', content: 'three', kind: 'rejected', came: 'four' },
      ]);
      await store.receive(sent);
      await store.receive(refused);
      let beside: BlankedBeside | null = null;
      await erased(store, idOf('one'), 'request', (blanked) => {
        beside = blanked;
      });
      assert.deepEqual(beside, { refused_files: ['b2/came', 'b2/same'], emptied_batches: ['b1', 'b2'] });
      assert.deepEqual(
        (await store.receipts('b2')).map(({ original_filename, reason }) => [original_filename, reason]),
        [
          ['[ERASED]', 'UNSUPPORTED_FORMAT'],
          ['other.pdf', 'UNSUPPORTED_FORMAT'],
          ['[ERASED]', 'UNSUPPORTED_FORMAT'],
          ['else.pdf', 'UNSUPPORTED_FORMAT'],
        ],
      );
      assert.equal((await store.receipts('b2'))[2]!.details, null);
      assert.deepEqual(
        (await store.batch('b2'))?.files.map(({ filename }) => filename),
        ['[ERASED]', 'other.pdf', '[ERASED]', 'else.pdf'],
      );
      const told = (await store.pendingEvents(99)).filter(({ event }) => event.event_type === 'DOCUMENT_REJECTED');
      assert.deepEqual(
        told.map(({ references }) => references.length),
        [0, 1, 0, 1],
      );
    });

    test('the submitter goes with the last document of a batch, and so do names of files that it never took', async (t) => {
      const { store } = await worldOf(t, make);
      const files = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'two' },
        { file_id: 'r', content: 'three', kind: 'rejected' as const },
      ];
      const received = entry('BATCH_RECEIVED', 'batch', 'b1');
      const references = [{ name: 'submitter' as const, salt: '00', value: 'Dana' }];
      await store.receive({ ...arrival('b1', files), entries: [{ event: received.event, references }] });
      await store.receive(arrival('b2', [{ file_id: 'c', content: 'four' }]));
      const line = (file_id: string, status: string) => ({
        file_id,
        status,
        original_filename: `${file_id}.pdf`,
        intake: { reason: null, details: { note: 'secret' } },
      });
      const report = {
        submitter: 'Dana',
        files: [line('a', 'indexed'), line('b', 'indexed'), line('r', 'rejected')],
      };
      assert.ok(await settleAsIs(store, 'b1', 'completed', { report }));
      const now = async () => {
        const { submitter, metadata, files: kept } = (await store.batch('b1'))!;
        const told = (await store.report('b1')) as typeof report;
        const [waiting] = (await store.pendingEvents(99)).filter(({ event }) => event.event_type === 'BATCH_RECEIVED');
        const rejected = (await store.pendingEvents(99)).find(({ event }) => event.event_type === 'DOCUMENT_REJECTED');
        return {
          submitter: [submitter, told.submitter, waiting?.references[0]?.value],
          metadata,
          refused: [kept[2]?.filename, (await store.receipts('b1'))[2]?.original_filename, told.files[2]],
          references: rejected?.references.length,
        };
      };
      const beside: BlankedBeside[] = [];
      const note = (blanked: BlankedBeside) => beside.push(blanked);

      const before = await now();
      assert.deepEqual(before.submitter, ['Dana', 'Dana', 'Dana']);
      assert.equal((await erased(store, idOf('one'), 'request', note)).removed.receipts, 1);
      assert.deepEqual(await now(), before, 'another document of the batch is there still');
      assert.equal((await erased(store, idOf('two'), 'retention', note)).removed.receipts, 2);
      assert.deepEqual(await now(), {
        submitter: ['[ERASED]', '[ERASED]', undefined],
        metadata: {},
        refused: [
          '[ERASED]',
          '[ERASED]',
          { ...line('r', 'rejected'), original_filename: '[ERASED]', intake: { reason: null, details: null } },
        ],
        references: 0,
      });
      assert.deepEqual(beside, [
        { refused_files: [], emptied_batches: [] },
        { refused_files: ['b1/r'], emptied_batches: ['b1'] },
      ]);
      assert.equal((await store.batches({ limit: 1, offset: 1 })).rows[0]?.submitter, '[ERASED]');
      assert.equal((await store.batch('b2'))?.submitter, 'Dana');
      // The first of its documents tells why it went, as it did before.
      const [first] = ((await store.report('b1')) as { files: { problems: { message: string }[] }[] }).files;
      assert.match(first!.problems[0]!.message, /erased on request/);
    });

    test('a batch that more is to come of keeps its submitter', async (t) => {
      const { store } = await worldOf(t, make);
      const files = [
        { file_id: 'a', content: 'one' },
        { file_id: 'b', content: 'two' },
      ];
      await store.receive(arrival('b1', files, { only: ['a'], complete: false }));
      await erased(store, idOf('one'), 'request', (blanked) => assert.deepEqual(blanked.emptied_batches, []));
      assert.equal((await store.batch('b1'))?.submitter, 'Dana');
    });

    test('other bytes of an erased document’s id are no duplicate of it, and count its runs on', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await erased(store, id);
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'a clash', doc_id: id }]));
      const [receipt] = await store.receipts('b2');
      assert.deepEqual([receipt?.status, receipt?.doc_id, receipt?.duplicate_of], ['accepted', id, null]);
      const told = (await events(store)).findLast(({ resource_id }) => resource_id === id);
      assert.deepEqual([told?.event_type, told?.details.duplicate_of], ['DOCUMENT_INGESTED', undefined]);
      assert.equal((await store.document(id))?.run, 2);
    });

    test('the bytes are refused while they are being erased; afterwards they are a new document', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'frozen' }]);
      const first = (await store.document(id))!;
      const pending = await begun(store, id);
      const again = arrival('again', [
        { file_id: 'new', content: 'n' },
        { file_id: 'old', content: 'x' },
      ]);
      await assert.rejects(store.receive(again), { code: 'SERVICE_UNAVAILABLE', retryAfter: 5 });
      assert.equal(await store.batch('again'), null, 'nothing of the batch was kept');
      assert.equal(await store.document(idOf('n')), null);
      await store.clearRows(pending);
      await store.completeErasure(pending, { verified: [], entries: () => [], at: minute(12) });

      await store.receive(again);
      const [fresh, known] = await store.receipts('again');
      assert.deepEqual([fresh?.duplicate_of, known?.duplicate_of], [null, first.receipt_id]);
      const document = (await store.document(id))!;
      assert.deepEqual([document.state, document.run, document.current_stage], ['processing', 2, 'parse']);
      assert.deepEqual([document.receipt_id, document.batch_id], [known?.receipt_id, 'again']);
      const told = (await events(store)).filter(({ resource_id }) => resource_id === id).at(-1)!;
      assert.equal(told.details.duplicate_of, first.receipt_id);
      assert.equal(told.details.output_hash, `sha256:${first.raw_sha256}`, 'the chain begins anew with it');
      assert.equal(await store.startStage(job(id, 'parse', 1), minute(20)), null, 'a job of the old life is stale');
      await toIndex(store, id, 2);
      assert.equal(await publish(store, id, [{ text: 'thawed' }], { run: 2 }), true);
      assert.equal((await erased(store, id)).run, 2);
      assert.equal((await store.erasures({ limit: 9, doc_id: id })).total, 2);
    });

    test('documents are kept for the longer of all their receipts, and the longest over comes first', async (t) => {
      const { store } = await worldOf(t, make);
      const send = (batch: string, content: string, retention_until: string) =>
        store.receive(arrival(batch, [{ file_id: 'a', content, retention_until }]));
      await send('b1', 'one', minute(100));
      await send('b2', 'two', minute(50));
      await send('b3', 'three', minute(50));
      await send('b4', 'four', minute(500));
      assert.equal((await store.document(idOf('one')))?.retention_until, minute(100));
      await send('b5', 'one', minute(80));
      assert.equal((await store.document(idOf('one')))?.retention_until, minute(100), 'the shorter changes nothing');

      const all = await store.expired(minute(100), null, 9);
      const expected = [...[idOf('two'), idOf('three')].toSorted(), idOf('one')];
      assert.deepEqual(
        all.map(({ doc_id }) => doc_id),
        expected,
      );
      assert.deepEqual(await store.expired(minute(100), all[0]!, 1), [all[1]]);
      assert.deepEqual(await store.expired(minute(49), null, 9), []);
      await store.beginErasure(intentOn(expected[0]!));
      assert.equal((await store.expired(minute(100), null, 9)).length, 2, 'one that is going does not go again');
      await send('b6', 'one', minute(900));
      assert.equal((await store.expired(minute(100), null, 9)).length, 1);
    });

    test('deletion receipts are listed newest first, by number and behind a cursor', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (const content of ['a', 'b', 'c'])
        ids.unshift((await erased(store, await receiveOne(store, content))).deletion_receipt_id);
      const list = async (page: Parameters<RecordStore['erasures']>[0]) =>
        (await store.erasures(page)).rows.map(({ deletion_receipt_id }) => deletion_receipt_id);
      assert.deepEqual(await list({ limit: 9 }), ids);
      assert.deepEqual(await list({ limit: 1, offset: 1 }), [ids[1]]);
      assert.deepEqual(await list({ limit: 9, after: ids[0]! }), ids.slice(1));
      assert.equal((await store.erasures({ limit: 1 })).total, 3);
      assert.deepEqual(await list({ limit: 9, doc_id: idOf('b') }), [ids[1]]);
      await assert.rejects(list({ limit: 9, after: newId() }), { code: 'VALIDATION_ERROR' });
    });

    test('a page of documents that ends with one which is then erased goes on behind its place', async (t) => {
      const { store } = await worldOf(t, make);
      for (const [n, content] of ['a', 'b', 'c'].entries()) await receiveOne(store, content, minute(n + 1));
      const { rows } = await store.documents({ limit: 2 });
      await erased(store, rows.at(-1)!.doc_id);
      const next = await store.documents({ limit: 2, after: rows.at(-1)!.doc_id });
      assert.deepEqual(
        next.rows.map(({ doc_id }) => doc_id),
        [idOf('a')],
      );
    });

    test('a completed erasure is looked after once', async (t) => {
      const { store } = await worldOf(t, make);
      const { deletion_receipt_id: id } = await erased(store, await receiveOne(store, 'a'));
      assert.deepEqual(await store.unsettledErasures(minute(12), 9), [], 'not yet');
      assert.equal((await store.unsettledErasures(minute(13), 9)).length, 1);
      await store.settleErasure(id, minute(20));
      await store.settleErasure(id, minute(21));
      assert.deepEqual(await store.unsettledErasures(minute(99), 9), []);
      await until('all of it to be scrubbed', () => store.scrub());
    });
  });
}
