import { sideBySide } from '../../kernel/side-by-side.ts';
import { Turns } from '../../kernel/turns.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import type { Receipt } from '../../stores/record/rows.ts';
import type { IncomingFile } from './incoming-file.ts';

/** A stored file on its way to its key. */
export interface Commit {
  seen: IncomingFile;
  key: string;
  receipt: Receipt;
}

/** Objects committed at the same time: each is a rename and a sync. */
const PARALLEL_COMMITS = 8;

/** How many arrivals count on an object that no row may point to yet, by key, and whose turn it is with it. */
interface Claims {
  counts: Map<string, number>;
  turns: Turns;
}
/** Of each store; all of a tenant's intake is in one process. */
const CLAIMS = new WeakMap<ObjectStore, Claims>();

/**
 * The objects of one arrival: visible under their keys before the rows that name them, and gone again where the rows do not
 * come, so that nothing of a refused batch is kept. What a crash leaves of this, `sweepOrphans` finds.
 */
export class ArrivingObjects {
  readonly #objects: ObjectStore;
  readonly #records: Pick<RecordStore, 'document' | 'erasing'>;
  readonly #claims: Claims;
  readonly #commits: ReadonlyMap<string, Commit>;
  readonly #claimed = new Set<string>();

  constructor(
    { objects, records }: { objects: ObjectStore; records: Pick<RecordStore, 'document' | 'erasing'> },
    commits: readonly Commit[],
  ) {
    this.#objects = objects;
    this.#records = records;
    this.#claims = CLAIMS.get(objects) ?? { counts: new Map(), turns: new Turns() };
    CLAIMS.set(objects, this.#claims);
    this.#commits = new Map(commits.map((commit) => [commit.key, commit]));
  }

  /** Makes drafts visible under their keys. An object that is there has these very bytes: it is not written again. */
  async commit(): Promise<void> {
    await sideBySide(this.#commits.values(), PARALLEL_COMMITS, ({ seen, key, receipt }) =>
      this.#claims.turns.take(key, async () => {
        this.#claim(key);
        // Only an object with a document is known to be synced; one that a killed intake left may not be, so it is
        // written again.
        const document = await this.#records.document(receipt.doc_id ?? '');
        const stands = document?.storage_path === key && (await this.#objects.size(key)) !== null;
        if (!stands) await seen.draft!.commit(key);
      }),
    );
  }

  /**
   * Once the rows are there: an object that was not written because it stood there already must still stand (a sweep may
   * have taken it for an orphan), and one that its document does not point to goes: the copy of bytes in quarantine, or
   * the clean copy of bytes now known for malware.
   */
  async settle(commits: readonly Commit[], receipts: readonly Receipt[]): Promise<void> {
    const objects = this.#objects;
    const final = new Map(receipts.map((receipt) => [receipt.file_id, receipt]));
    for (const { seen, key, receipt } of commits) {
      const { doc_id, storage_path } = final.get(receipt.file_id) ?? receipt;
      if (doc_id === null || storage_path !== key || receipt.status === 'quarantined') {
        const document = await this.#records.document(receipt.doc_id ?? '');
        const copies = key.startsWith('raw/') ? [key] : [key, key.replace(/^quarantine\//, 'raw/')];
        // A document that is not there is being erased: its erasure, or the sweep, sees to what it leaves.
        if (document !== null) {
          for (const copy of copies) if (document.storage_path !== copy) await objects.delete(copy);
        }
      } else if ((await objects.size(key)) === null) await seen.draft?.commit(key);
      await seen.draft?.abort();
    }
    for (const key of [...this.#claimed]) this.#release(key);
  }

  /**
   * Where the rows did not come: takes away what no document points to, unless another arrival counts on it. What cannot be
   * looked up or taken away now is left to the sweep. Safe to call behind `settle`.
   */
  async withdraw(): Promise<void> {
    await sideBySide([...this.#claimed], PARALLEL_COMMITS, (key) =>
      this.#claims.turns.take(key, async () => {
        this.#release(key);
        if (this.#claims.counts.has(key)) return;
        const doc_id = this.#commits.get(key)!.receipt.doc_id ?? '';
        if ((await this.#records.document(doc_id))?.storage_path === key) return;
        // Its erasure may still be taken back, and deletes what there is otherwise.
        if ((await this.#records.erasing([doc_id])).length > 0) return;
        await this.#objects.delete(key);
      }),
    ).catch(() => undefined);
  }

  #claim(key: string): void {
    const { counts } = this.#claims;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#claimed.add(key);
  }

  #release(key: string): void {
    const { counts } = this.#claims;
    const left = (counts.get(key) ?? 1) - 1;
    if (left === 0) counts.delete(key);
    else counts.set(key, left);
    this.#claimed.delete(key);
  }
}
