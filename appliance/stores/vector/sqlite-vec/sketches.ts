import type { Database } from 'better-sqlite3';
import { storedVector } from '../vectors.ts';
import { Best } from './best.ts';
import type { ReadyFilter } from './points.ts';
import { estimate, SKETCH_BYTES, scoreTable, writeSketch } from './sketch.ts';

interface SketchRow {
  slot: number;
  doc_id: string;
  classification: string;
  ingested_at: number;
  vector: Uint8Array;
}

/**
 * The sketches of all points of one file, in memory: about 240 bytes a point. They follow the file through its change
 * log, whoever wrote to it; every method must be called inside the transaction that reads the file, so that both show
 * the same moment.
 */
export class Sketches {
  readonly #all;
  readonly #one;
  readonly #head;
  readonly #since;

  #seq = -1;
  #count = 0;
  #sketches = new Uint8Array(0);
  #slots = new Float64Array(0);
  #times = new Float64Array(0);
  #classes = new Uint32Array(0);
  #documents = new Uint32Array(0);
  readonly #placeOf = new Map<number, number>();
  /** Numbers of the names that points bear. */
  readonly #classOf = new Map<string, number>();
  readonly #documentOf = new Map<string, number>();

  constructor(db: Database) {
    const columns = 'slot, doc_id, classification, ingested_at, vector';
    this.#all = db.prepare<[], SketchRow>(`SELECT ${columns} FROM point`);
    this.#one = db.prepare<[number], SketchRow>(`SELECT ${columns} FROM point WHERE slot = ?`);
    this.#head = db.prepare<[], { first: number | null; last: number | null }>(
      'SELECT min(seq) AS first, max(seq) AS last FROM change',
    );
    this.#since = db.prepare<[number], number>('SELECT DISTINCT slot FROM change WHERE seq > ?').pluck();
  }

  /**
   * Brings memory up to the file: O(changes since the last call), O(points) on the first call and after having fallen
   * behind the pruned log.
   */
  refresh(): void {
    const { first, last } = this.#head.get()!;
    const seq = last ?? 0;
    if (seq === this.#seq) return;
    const behind = this.#seq < 0 || seq < this.#seq || (first ?? 0) > this.#seq + 1;
    if (behind) {
      this.#clear();
      for (const row of this.#all.iterate()) this.#put(row);
    } else {
      for (const slot of this.#since.all(this.#seq)) {
        const row = this.#one.get(slot);
        if (row) this.#put(row);
        else this.#drop(slot);
      }
    }
    this.#seq = seq;
  }

  /** Slots of the `size` points that look nearest among those the filter lets through. O(points, documents named). */
  candidates(query: Float32Array, filter: ReadyFilter, size: number): number[] {
    const table = scoreTable(query);
    const best = new Best(size);
    const classes = allowed(this.#classOf, filter.classifications);
    const documents = allowed(this.#documentOf, filter.docIds);
    for (let place = 0; place < this.#count; place++) {
      const time = this.#times[place]!;
      if (time < filter.start || time > filter.end) continue;
      if (classes !== null && classes[this.#classes[place]!] === 0) continue;
      if (documents !== null && documents[this.#documents[place]!] === 0) continue;
      best.offer(estimate(table, this.#sketches, place * SKETCH_BYTES), this.#slots[place]!);
    }
    return best.items();
  }

  #put(row: SketchRow): void {
    let place = this.#placeOf.get(row.slot);
    if (place === undefined) {
      place = this.#count++;
      this.#placeOf.set(row.slot, place);
      if (place === this.#slots.length) this.#grow();
    }
    this.#slots[place] = row.slot;
    this.#times[place] = row.ingested_at;
    this.#classes[place] = numberOf(this.#classOf, row.classification);
    this.#documents[place] = numberOf(this.#documentOf, row.doc_id);
    writeSketch(storedVector(row.vector), this.#sketches, place * SKETCH_BYTES);
  }

  /** The last point moves into the gap, so that the matrix stays dense. */
  #drop(slot: number): void {
    const place = this.#placeOf.get(slot);
    if (place === undefined) return;
    const last = --this.#count;
    this.#placeOf.delete(slot);
    if (place === last) return;
    const moved = this.#slots[last]!;
    this.#placeOf.set(moved, place);
    this.#slots[place] = moved;
    this.#times[place] = this.#times[last]!;
    this.#classes[place] = this.#classes[last]!;
    this.#documents[place] = this.#documents[last]!;
    this.#sketches.copyWithin(place * SKETCH_BYTES, last * SKETCH_BYTES, (last + 1) * SKETCH_BYTES);
  }

  #grow(): void {
    const size = Math.max(1024, this.#slots.length * 2);
    this.#sketches = copyInto(new Uint8Array(size * SKETCH_BYTES), this.#sketches);
    this.#slots = copyInto(new Float64Array(size), this.#slots);
    this.#times = copyInto(new Float64Array(size), this.#times);
    this.#classes = copyInto(new Uint32Array(size), this.#classes);
    this.#documents = copyInto(new Uint32Array(size), this.#documents);
  }

  #clear(): void {
    this.#count = 0;
    this.#placeOf.clear();
    this.#classOf.clear();
    this.#documentOf.clear();
  }
}

/** By number, 1 for each of the names; null where all may pass. */
function allowed(numbers: ReadonlyMap<string, number>, names: readonly string[] | null): Uint8Array | null {
  if (names === null) return null;
  const passes = new Uint8Array(numbers.size);
  for (const name of names) {
    const known = numbers.get(name);
    if (known !== undefined) passes[known] = 1;
  }
  return passes;
}

/** The number of a name, a new one where it has none. */
function numberOf(numbers: Map<string, number>, name: string): number {
  const known = numbers.get(name) ?? numbers.size;
  numbers.set(name, known);
  return known;
}

function copyInto<T extends Uint8Array | Uint32Array | Float64Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
