import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A collection with human judgements, beside the project where it is to be had; it is never copied into it. */
const FOLDER = resolve(import.meta.dirname, '../../../shared/corpus/retrieval');
const NAME = 'vaswani';

export interface Text {
  id: string;
  text: string;
}

export interface Collection {
  texts: Text[];
  queries: Text[];
  /** Ids of the texts that people found relevant, by query. */
  relevant: Map<string, Set<string>>;
}

/** The collection, or null where it is absent. */
export function judgedCollection(): Collection | null {
  const path = (part: string) => join(FOLDER, `${NAME}.${part}`);
  if (!existsSync(path('corpus.jsonl'))) return null;
  const lines = (part: string) => readFileSync(path(part), 'utf8').trim().split('\n');
  const relevant = new Map<string, Set<string>>();
  for (const line of lines('qrels.tsv')) {
    const [query, , text] = line.split(/\s+/) as [string, string, string];
    relevant.set(query, (relevant.get(query) ?? new Set()).add(text));
  }
  const parsed = (part: string) => lines(part).map((line) => JSON.parse(line) as Text);
  return { texts: parsed('corpus.jsonl'), queries: parsed('queries.jsonl'), relevant };
}
