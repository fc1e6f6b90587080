import assert from 'node:assert/strict';
import type { DeadLetter } from '../../../appliance/stores/record/rows.ts';
import { closed, NOTHING, oneOf, type Run } from './action.ts';
import type { LetterNote, TenantModel } from './model.ts';

/** What people decide about what the stages gave up. */

export type LetterAction = 'retry' | 'skip' | 'manual_fix';

/** One dead letter, mostly one that waits; what was decided before is refused. */
export const decideLetter = (nth: number, action: LetterAction): Run => {
  return async (session, tenant) => {
    const who = session.ownAdmin(tenant);
    const waiting = tenant.letters.filter(({ status }) => status === 'pending_review');
    const letter = oneOf(nth % 4 === 3 || waiting.length === 0 ? tenant.letters : waiting, nth);
    if (letter === undefined) return NOTHING;
    if (tenant.isSuspended) {
      await session.must(closed(tenant, 'own'), who, 'GET', `/ingest/${tenant.id}/dlq`);
      return NOTHING;
    }
    const list = await session.must(200, who, 'GET', `/ingest/${tenant.id}/dlq?limit=500`);
    // Newest first there, newest last here.
    const rows = (list.json().data as DeadLetter[]).toReversed();
    const { dlq_entry_id, ...row } = rows[tenant.letters.indexOf(letter)]!;
    assert.deepEqual([row.resource_id, row.stage, row.status], [letter.docId, letter.stage, letter.status]);
    const status = letter.status === 'pending_review' ? 200 : 409;
    const answer = await session.must(status, who, 'POST', `/ingest/${tenant.id}/dlq/${dlq_entry_id}`, { action });
    if (status !== 200) return 'a letter';
    decided(tenant, letter, action);
    const told = answer.json().data as DeadLetter;
    assert.deepEqual([told.status, told.resolution], [letter.status, letter.resolution]);
    return `the letter of ${letter.stage}`;
  };
};

/** All that wait, or those of a stage. */
export const decideLetters = (action: LetterAction, stage: LetterNote['stage'] | null): Run => {
  return async (session, tenant) => {
    const status = closed(tenant, 'own') || 200;
    const body = { action, all: true, ...(stage === null ? {} : { stage }) };
    const answer = await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/dlq`, body);
    if (status !== 200) return;
    const wanted = tenant.letters.filter(
      (one) => one.status === 'pending_review' && (stage ?? one.stage) === one.stage,
    );
    for (const letter of wanted) decided(tenant, letter, action);
    const { decided: count, passed_over } = answer.json().data as { decided: number; passed_over: unknown[] };
    assert.deepEqual([count, passed_over], [wanted.length, []]);
  };
};

/** A decision stands; a retry begins a run where the document was given up. */
function decided(tenant: TenantModel, letter: LetterNote, action: LetterAction): void {
  const doc = tenant.docs.get(letter.docId)!;
  letter.status = action === 'skip' ? 'abandoned' : 'resolved';
  letter.resolution = action === 'skip' ? 'skipped' : action === 'retry' ? 'reprocessed' : 'manual_fix';
  tenant.tell('DLQ_RESOLVED', letter.docId);
  if (action === 'retry') tenant.begin(doc, letter.stage);
}
