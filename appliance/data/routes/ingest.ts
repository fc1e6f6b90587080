import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { InboxQuery } from '../../api/schemas/inbox.ts';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import type { WorkStage } from '../../kernel/pipeline.ts';
import type { BatchState, DeadLetterStatus, Receipt } from '../../stores/record/rows.ts';
import { receiveBatch } from '../1-intake/receive-batch.ts';
import type { DataRoute } from '../app.ts';
import { cancelBatch } from '../cancel-batch.ts';
import { type DeadLetterAction, decide, decideAll } from '../dead-letters.ts';
import { followReceipt } from '../follow-receipt.ts';
import { inboxStatus } from '../inbox/status.ts';
import { relayOutbox } from '../outbox.ts';
import type { DataPlane } from '../plane.ts';
import { batchStatus } from '../report.ts';
import { storedReport } from '../stored-report.ts';
import { answer, found } from './answer.ts';
import { progressStream } from './progress.ts';
import { REPORT_ROUTES } from './report.ts';

/** Routes under `/ingest` (spec 4). */
export const INGEST_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async submitBatch({ plane, request, signal, caller, wake }) {
    const receipt = await receiveBatch(plane, {
      contentType: request.headers.get('content-type') ?? '',
      body: request.body ?? new ReadableStream({ start: (controller) => controller.close() }),
      submitted_by: caller.subject,
      signal,
    });
    await followReceipt(plane, receipt.batch_id, wake);
    return answer(receipt, { status: 202 });
  },

  async listBatches({ plane, query }) {
    const page = query as unknown as PageQuery & { status?: BatchState };
    const { rows, total } = await plane.records.batches({
      ...placeOf(page),
      ...(page.status ? { status: page.status } : {}),
    });
    const items = rows.map(({ batch_id, status, file_count, submitted_at, updated_at, submitted_by }) => ({
      batch_id,
      status,
      file_count,
      submitted_at,
      updated_at,
      submitted_by,
    }));
    return answer(items, {
      meta: listMeta(total, page, { status: page.status }, cursorOf(rows, page.limit, 'batch_id')),
    });
  },

  async batchStatus({ plane, params }) {
    return answer(await statusOf(plane, params.batch_id!));
  },

  async cancelBatch({ plane, params, caller }) {
    await cancelBatch(plane, params.batch_id!, caller.subject);
    return answer(await statusOf(plane, params.batch_id!));
  },

  // A plane that closes is told to whoever listens, as an error: only a listener who is gone ends it without a word.
  async batchStream({ plane, params, request }) {
    await statusOf(plane, params.batch_id!);
    return progressStream({
      status: () => statusOf(plane, params.batch_id!),
      lastEventId: request.headers.get('last-event-id'),
      signal: request.signal,
    });
  },

  ...REPORT_ROUTES,

  async receipt({ plane, params }) {
    return answer(found(await plane.records.receipt(params.receipt_id!), 'receipt') satisfies Receipt);
  },

  async inboxStatus({ inbox, query }) {
    const asked = query as unknown as InboxQuery;
    return answer(inbox ? inbox(asked) : inboxStatus(null, null, asked));
  },

  async listDeadLetters({ plane, query }) {
    const page = query as unknown as PageQuery & { status?: DeadLetterStatus; stage?: WorkStage };
    const { status, stage } = page;
    const { rows, total } = await plane.records.deadLetters({
      ...placeOf(page),
      ...(status ? { status } : {}),
      ...(stage ? { stage } : {}),
    });
    return answer(rows, {
      meta: listMeta(total, page, { status, stage }, cursorOf(rows, page.limit, 'dlq_entry_id')),
    });
  },

  async decideDeadLetters({ plane, body, caller, signal, wake }) {
    const {
      action,
      all: _,
      ...page
    } = body as {
      action: DeadLetterAction;
      all: true;
      limit: number;
      cursor?: string;
      stage?: WorkStage;
    };
    const decided = await decideAll(plane, action, page, caller.subject, signal);
    wake();
    return answer(decided);
  },

  async deadLetter({ plane, params }) {
    return answer(found(await plane.records.deadLetter(params.dlq_entry_id!), 'dead letter'));
  },

  async decideDeadLetter({ plane, params, body, caller, wake }) {
    const { action } = body as { action: DeadLetterAction };
    const letter = found(await plane.records.deadLetter(params.dlq_entry_id!), 'dead letter');
    await decide(plane, letter, action, caller.subject);
    await relayOutbox(plane);
    wake();
    return answer(found(await plane.records.deadLetter(letter.dlq_entry_id), 'dead letter'));
  },
};

/** A batch that moves faster than it can be read is shown as it came. */
const MOST_READS = 3;

/** Where a batch stands, with files and report of one moment: what moves in between is read again. */
async function statusOf({ tenant_id, records }: DataPlane, batchId: string): Promise<BatchStatus> {
  for (let tries = 1; ; tries++) {
    const batch = found(await records.batch(batchId), 'batch');
    const [files, report] = await Promise.all([records.batchFiles(batchId), storedReport(records, batchId)]);
    const [now] = await records.batchStates([batchId]);
    if (now?.updated_at === batch.updated_at || tries === MOST_READS)
      return batchStatus(tenant_id, batch, files, report);
  }
}
