import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { float32LittleEndian, sha256Hex } from '../../appliance/kernel/digest.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';

const FOLDER = resolve(import.meta.dirname, '../../.cache/bench');
/** Texts that are embedded before their vectors are kept: what a run that is broken off loses at most. */
const SOME = 256;

/**
 * An embedder whose vectors are kept between runs, by model, version and text: a collection takes a model many minutes,
 * and it is embedded by the product's own embedder all the same. `onProgress` is told how many of the missing are made.
 */
export function keepingVectors(
  embedder: Embedder,
  onProgress: (made: number, missing: number) => void = () => undefined,
): Embedder {
  mkdirSync(FOLDER, { recursive: true });
  const kept = new Database(join(FOLDER, 'vectors.sqlite'));
  kept.pragma('journal_mode = WAL');
  kept.exec('CREATE TABLE IF NOT EXISTS vectors (text TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID');
  const read = kept.prepare<[string], { vector: Buffer }>('SELECT vector FROM vectors WHERE text = ?');
  const write = kept.prepare('INSERT OR REPLACE INTO vectors (text, vector) VALUES (?, ?)');
  const keyOf = (kind: 'document' | 'query', text: string) =>
    sha256Hex([embedder.model, embedder.version, kind, text].join('\n'));
  const known = (key: string) => {
    const row = read.get(key);
    return row && new Float32Array(Uint8Array.from(row.vector).buffer);
  };
  const keep = kept.transaction((made: readonly (readonly [string, Float32Array])[]) => {
    for (const [key, vector] of made) write.run(key, float32LittleEndian(vector));
  });
  return {
    ...embedder,
    async embedDocuments(texts) {
      const keys = texts.map((text) => keyOf('document', text));
      const missing = [...new Map(keys.map((key, i) => [key, texts[i]!]))].filter(([key]) => known(key) === undefined);
      for (let at = 0; at < missing.length; at += SOME) {
        const some = missing.slice(at, at + SOME);
        const made = await embedder.embedDocuments(some.map(([, text]) => text));
        keep(some.map(([key], i) => [key, made[i]!] as const));
        onProgress(Math.min(at + SOME, missing.length), missing.length);
      }
      return keys.map((key) => known(key)!);
    },
    async embedQuery(text) {
      const key = keyOf('query', text);
      const found = known(key);
      if (found !== undefined) return found;
      const made = await embedder.embedQuery(text);
      keep([[key, made]]);
      return made;
    },
    async close() {
      kept.close();
      await embedder.close();
    },
  };
}
