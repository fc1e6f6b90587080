import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { DocumentDecision } from '../../stores/record/port.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import { relayOutbox } from '../outbox.ts';
import type { DataPlane } from '../plane.ts';
import { settleBatches } from '../settle.ts';

/**
 * Takes one decision and hands its job to the queue. Answers the document as it is then. Throws
 * `INVALID_STATE_TRANSITION` where somebody or something was quicker: then nothing was decided.
 */
export async function decide(plane: DataPlane, decision: DocumentDecision): Promise<DocumentRow> {
  const decided = await plane.records.decide([decision]);
  if (decided.length === 0) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The document changed since it was looked at: somebody else decided, or it runs again. Look at it anew.',
    );
  }
  await handOver(plane);
  // Where nothing runs, nobody else would tell the batches.
  if (decision.restart === null) await settleBatches(plane, decision.seen.doc_id);
  return (await plane.records.document(decision.seen.doc_id)) ?? decision.seen;
}

/** The decision stands, whatever the queue says: its job is in the outbox, and the sweep makes it again. */
export async function handOver(plane: DataPlane): Promise<void> {
  await relayOutbox(plane).catch((error: unknown) =>
    plane.logger.warn('jobs wait in the outbox', { ...shaped({ tenant_id: plane.tenant_id }), ...codeFrames(error) }),
  );
}
