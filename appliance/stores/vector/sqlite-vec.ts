import { setImmediate } from 'node:timers/promises';
import { cosine } from '../../kernel/cosine.ts';
import { float32LittleEndian } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { openSqlite, type SqliteConnection } from '../sqlite/open.ts';
import { MIGRATIONS } from './migrations/sqlite.gen.ts';
import type { VectorHit, VectorSearch, VectorStore } from './port.ts';
import { loadVectorFunctions } from './sqlite-vec/extension.ts';
import { pointRow, type ReadyFilter, readyFilter } from './sqlite-vec/points.ts';
import { Sketches } from './sqlite-vec/sketches.ts';
import { checkVector, storedVector } from './vectors.ts';

export interface SqliteVectorOptions {
  /** The `sqlite-vec` loadable extension; where the package lies by default. Bundled programs must give it. */
  extensionPath?: string;
  /** The server's time, for the ledger of migrations. */
  appliedAt?: string;
  /** Opens for reading: every change is refused with `STORE_READ_ONLY`. */
  readonly?: boolean;
  /** Entries of the change log that are kept for readers that hold sketches. */
  changesKept?: number;
}

/** A vector takes 3 KiB: five fit a page of this size, against one on a page of 4 KiB, which exact search feels. */
const PAGE_SIZE = 16_384;

/** Entries of the change log that are kept; a reader that is further behind loads everything again. */
const CHANGES_KEPT = 20_000;

/**
 * An approximate search rescores this many candidates exactly, or so many for each hit asked for. Measured recall with
 * them: above .99 on 100,000 hashed texts for ten hits and for a hundred, .97 on 20,000 tightly clustered vectors.
 */
const CANDIDATES = 512;
const CANDIDATES_PER_HIT = 10;

/** Vectors of so few documents are an index look-up away, which no sketch can beat. */
const MOST_LOOKED_UP = 1000;

/** Points of a transaction when all go: some megabytes of zeros to write. */
const CLEARED = 1000;

/** A list, however long, as one JSON parameter. */
const LISTED = '(SELECT value FROM json_each(?))';

const UPSERT = `
INSERT INTO point (chunk_id, doc_id, classification, page, ingested_at, vector) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (chunk_id) DO UPDATE SET doc_id = excluded.doc_id, classification = excluded.classification,
  page = excluded.page, ingested_at = excluded.ingested_at, vector = excluded.vector
WHERE (doc_id, classification, page, ingested_at, vector) IS NOT
  (excluded.doc_id, excluded.classification, excluded.page, excluded.ingested_at, excluded.vector)`;

/**
 * The vector index of one tenant in one SQLite file (spec 1, embedded mode; spec 2 D). Several processes may open the
 * same file: what one has written, the others' next call sees. Throws `STORE_UNAVAILABLE`, `STORE_CORRUPTED`,
 * `STORE_READ_ONLY` or `DISK_FULL`.
 */
export function openSqliteVectors(file: string, options: SqliteVectorOptions = {}): VectorStore {
  const db = openSqlite(file, {
    migrations: MIGRATIONS,
    appliedAt: options.appliedAt ?? new Date().toISOString(),
    pageSize: PAGE_SIZE,
    readonly: options.readonly ?? false,
    prepare: (raw) => loadVectorFunctions(raw, options.extensionPath),
  });
  return new SqliteVectors(db, options.changesKept ?? CHANGES_KEPT);
}

class SqliteVectors implements VectorStore {
  readonly #db: SqliteConnection;
  readonly #changesKept: number;
  #sketches: Sketches | null = null;
  #closed = false;

  constructor(db: SqliteConnection, changesKept: number) {
    this.#db = db;
    this.#changesKept = changesKept;
  }

  async upsert(points: Parameters<VectorStore['upsert']>[0]): Promise<void> {
    const db = this.#open();
    const rows = points.map(pointRow);
    if (rows.length === 0) return;
    const replaced = db.write(() => {
      const ids = JSON.stringify([...new Set(points.map((point) => point.chunk_id))]);
      const known = db.get<{ known: number }>(`SELECT count(*) AS known FROM point WHERE chunk_id IN ${LISTED}`, [
        ids,
      ])!.known;
      let changed = 0;
      for (const row of rows) changed += db.run(UPSERT, row);
      this.#prune();
      return changed > rows.length - known;
    });
    // The old vector of a text that was redacted since must not stay behind in the write-ahead log.
    if (replaced) db.forget();
  }

  async read(chunkIds: readonly string[]): Promise<Map<string, Float32Array>> {
    const rows = this.#open().all<{ chunk_id: string; vector: Uint8Array }>(
      `SELECT chunk_id, vector FROM point WHERE chunk_id IN ${LISTED}`,
      [JSON.stringify(chunkIds)],
    );
    return new Map(rows.map((row) => [row.chunk_id, storedVector(row.vector)]));
  }

  async search(query: Float32Array, options: VectorSearch): Promise<VectorHit[]> {
    const db = this.#open();
    checkVector(query);
    if (!(options.limit >= 1)) return [];
    const limit = Math.floor(options.limit);
    const filter = readyFilter(options.filter);
    return db.read(() => {
      const coarse = options.approximate === true && (filter.docIds === null || filter.docIds.length > MOST_LOOKED_UP);
      const slots = coarse ? this.#nearSlots(query, filter, limit) : this.#nearestSlots(query, filter, limit);
      return this.#scored(query, slots).slice(0, limit);
    });
  }

  async remove(chunkIds: readonly string[]): Promise<void> {
    const db = this.#open();
    if (chunkIds.length === 0) return;
    const removed = db.write(() => {
      const count = db.run(`DELETE FROM point WHERE chunk_id IN ${LISTED}`, [JSON.stringify(chunkIds)]);
      this.#prune();
      return count;
    });
    if (removed > 0) db.forget();
  }

  async removeDocument(docId: string, keep: ReadonlySet<string> = new Set()): Promise<string[]> {
    const db = this.#open();
    const removed = db.write(() => {
      const ids = db
        .all<{ chunk_id: string }>('SELECT chunk_id FROM point WHERE doc_id = ? ORDER BY chunk_id', [docId])
        .map((row) => row.chunk_id)
        .filter((id) => !keep.has(id));
      for (const id of ids) db.run('DELETE FROM point WHERE chunk_id = ?', [id]);
      this.#prune();
      return ids;
    });
    if (removed.length > 0) db.forget();
    return removed;
  }

  async clear(): Promise<void> {
    const db = this.#open();
    let removed = 0;
    for (let count = CLEARED; count === CLEARED; removed += count) {
      count = db.write(() => {
        const gone = db.run('DELETE FROM point WHERE slot IN (SELECT slot FROM point LIMIT ?)', [CLEARED]);
        this.#prune();
        return gone;
      });
      // Others of this process have their turn.
      await setImmediate();
      if (this.#closed) return;
    }
    if (removed === 0) return;
    db.compact();
    db.forget();
  }

  async count(): Promise<number> {
    return this.#open().get<{ count: number }>('SELECT count(*) AS count FROM point')!.count;
  }

  async countDocument(docId: string): Promise<number> {
    return this.#open().get<{ count: number }>('SELECT count(*) AS count FROM point WHERE doc_id = ?', [docId])!.count;
  }

  async scrub(): Promise<boolean> {
    return this.#open().wipe();
  }

  async usage(): Promise<{ bytes: number; objects: number }> {
    return { bytes: this.#open().bytes(), objects: await this.count() };
  }

  async check(): Promise<void> {
    this.#open().check();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sketches = null;
    this.#db.close();
  }

  #open(): SqliteConnection {
    if (this.#closed) throw new FrostbyteError('STORE_UNAVAILABLE', 'The vector index is closed.');
    return this.#db;
  }

  /** The nearest slots by a scan of all vectors that the filter lets through. A zero vector is as far as a right angle. */
  #nearestSlots(query: Float32Array, filter: ReadyFilter, limit: number): number[] {
    const conditions: [condition: string, value: string | number][] = [];
    if (filter.classifications)
      conditions.push([`classification IN ${LISTED}`, JSON.stringify(filter.classifications)]);
    if (filter.docIds) conditions.push([`doc_id IN ${LISTED}`, JSON.stringify(filter.docIds)]);
    if (filter.start > -Infinity) conditions.push(['ingested_at >= ?', filter.start]);
    if (filter.end < Infinity) conditions.push(['ingested_at <= ?', filter.end]);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([condition]) => condition).join(' AND ')}`;
    const sql = `SELECT slot, coalesce(vec_distance_cosine(vector, ?), 1) AS distance FROM point ${where}
      ORDER BY distance, chunk_id LIMIT ?`;
    const values = conditions.map(([, value]) => value);
    const rows = this.#db.all<{ slot: number }>(sql, [float32LittleEndian(query), ...values, limit]);
    return rows.map((row) => row.slot);
  }

  #nearSlots(query: Float32Array, filter: ReadyFilter, limit: number): number[] {
    this.#sketches ??= new Sketches(this.#db.raw);
    this.#sketches.refresh();
    return this.#sketches.candidates(query, filter, Math.max(CANDIDATES, limit * CANDIDATES_PER_HIT));
  }

  /** Exact scores of some slots, best first, ties by chunk id. */
  #scored(query: Float32Array, slots: readonly number[]): VectorHit[] {
    const hits: VectorHit[] = [];
    for (const slot of slots.toSorted((a, b) => a - b)) {
      const row = this.#db.get<{ chunk_id: string; doc_id: string; vector: Uint8Array }>(
        'SELECT chunk_id, doc_id, vector FROM point WHERE slot = ?',
        [slot],
      );
      if (row === undefined) continue;
      const score = cosine(query, storedVector(row.vector));
      hits.push({ chunk_id: row.chunk_id, doc_id: row.doc_id, score });
    }
    return hits.sort((a, b) => b.score - a.score || (a.chunk_id < b.chunk_id ? -1 : 1));
  }

  /** Runs inside every write. */
  #prune(): void {
    this.#db.run('DELETE FROM change WHERE seq <= (SELECT max(seq) FROM change) - ?', [this.#changesKept]);
  }
}
