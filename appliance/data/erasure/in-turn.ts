import type { RecordStore } from '../../stores/record/port.ts';

/** Erasures under way in this process, by records and document. */
const TURNS = new WeakMap<RecordStore, Map<string, Promise<unknown>>>();

/** Runs `work` behind whatever erases the same document now: a data plane's erasures all run in one process. */
export async function inTurn<T>(records: RecordStore, docId: string, work: () => Promise<T>): Promise<T> {
  const turns = TURNS.get(records) ?? new Map<string, Promise<unknown>>();
  TURNS.set(records, turns);
  const turn = (turns.get(docId) ?? Promise.resolve()).then(work, work);
  turns.set(docId, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(docId) === turn) turns.delete(docId);
  }
}
