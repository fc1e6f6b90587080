import type { DocumentDecision, QuarantineFilter } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { withdrawn } from './document-steps.ts';

/** Whether a kind of quarantine, 'scope reason status', is among those asked for. */
export function fits(kind: string, { scope, reason, status }: QuarantineFilter): boolean {
  const [ofScope, ofReason, ofStatus] = kind.split(' ');
  const same = (wanted: string | undefined, value: string | undefined) => wanted === undefined || wanted === value;
  return same(scope, ofScope) && same(reason, ofReason) && same(status, ofStatus);
}

/** A run that began since, a stage that ended, another person's decision: each makes another document of it. */
export function isAsSeen(row: DocumentRow, seen: DocumentRow): boolean {
  const essence = ({ run, state, review, release, rejection }: DocumentRow) =>
    JSON.stringify([run, state, review, release, rejection]);
  return essence(row) === essence(seen);
}

/** The document with what was decided about it. */
export function decided(row: DocumentRow, { set, chunks_rejected }: DocumentDecision): DocumentRow {
  return { ...row, ...set, chunks_rejected: chunks_rejected ?? row.chunks_rejected };
}

/** A document that was rejected as a whole: in quarantine, whatever kept it there. */
export function rejected(row: DocumentRow): DocumentRow {
  const stages = { ...row.stages, [row.current_stage]: 'quarantined' as const };
  return { ...withdrawn(row), state: 'quarantined', stages };
}
