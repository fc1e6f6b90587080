import type { TextLanguage } from '../../../kernel/text-language.ts';
import { instant } from '../../shared/instant.ts';
import type { TextQuery } from '../port.ts';
import type { Cell } from '../rules/codec.ts';
import type { RecordContext } from './context.ts';
import { MEETING, wanted } from './metadata.ts';
import { matchExpression } from './words.ts';

interface Hit {
  chunk_id: string;
  score: number;
}

/** Hits taken beyond the limit, so that equal scores at its edge can be put in the order of their chunk ids. */
const EDGE = 64;

/** The best of the index alone; chunk rows are read for these only. `gone`: their document is being erased. */
const BEST = `SELECT c.chunk_id, -k.rank AS score, d.erasure_id IS NOT NULL AS gone
  FROM (SELECT f.rowid AS id, f.rank AS rank FROM chunks_fts f
    WHERE f.chunks_fts MATCH @match ORDER BY f.rank LIMIT @limit) k
  JOIN chunks c ON c.id = k.id JOIN documents d ON d.doc_id = c.doc_id ORDER BY k.rank, c.chunk_id`;

/** What the tenant has texts in, beside those that are cut as English is. */
const LANGUAGES = "SELECT state FROM tallies WHERE name = 'language' AND entries > 0";

const listed = (name: string) => `(SELECT value FROM json_each(@${name}))`;

/**
 * Best first by BM25 over text and section title, ties by chunk id. Every chunk that holds one of the words is scored:
 * O(matches × words), and without filters no row but the best is read.
 */
export function searchText(context: RecordContext, query: TextQuery): Hit[] {
  return context.db.read(() => {
    const languages = context.db.all<{ state: TextLanguage }>(LANGUAGES).map(({ state }) => state);
    const match = matchExpression(query.text, languages);
    return match === null || query.limit <= 0 ? [] : bestOf(context, match, query);
  });
}

function bestOf(context: RecordContext, match: string, query: TextQuery): Hit[] {
  const filters = filtersOf(query);
  if (filters.length > 0) return searchRows(context, match, query.limit, filters);
  const best = context.db.all<Hit & { gone: number }>(BEST, { match, limit: query.limit + EDGE });
  const hits = best.flatMap(({ chunk_id, score, gone }) => (gone === 1 ? [] : [{ chunk_id, score }]));
  const last = hits[query.limit - 1];
  const whole = best.length < query.limit + EDGE || (last !== undefined && last.score > best.at(-1)!.score);
  return whole ? hits.slice(0, query.limit) : searchRows(context, match, query.limit, []);
}

type Filter = readonly [name: string, value: Cell, condition: string];

function searchRows({ db }: RecordContext, match: string, limit: number, filters: readonly Filter[]): Hit[] {
  const conditions = [
    'f.chunks_fts MATCH @match',
    'd.erasure_id IS NULL',
    ...filters.map(([, , condition]) => condition),
  ];
  return db.all<Hit>(
    `SELECT c.chunk_id, -f.rank AS score
      FROM chunks_fts f JOIN chunks c ON c.id = f.rowid LEFT JOIN documents d ON d.doc_id = c.doc_id
      WHERE ${conditions.join(' AND ')} ORDER BY f.rank, c.chunk_id LIMIT @limit`,
    { match, limit, ...Object.fromEntries(filters.map(([name, value]) => [name, value])) },
  );
}

/** Few fixed shapes, values bound: the statements stay few and nothing of the query becomes SQL. */
function filtersOf({ classification, doc_ids, date_range, metadata }: TextQuery): Filter[] {
  const filters: Filter[] = [];
  if (classification !== undefined) {
    filters.push(['classification', JSON.stringify(classification), `c.classification IN ${listed('classification')}`]);
  }
  if (doc_ids !== undefined) filters.push(['doc_ids', JSON.stringify(doc_ids), `c.doc_id IN ${listed('doc_ids')}`]);
  if (date_range?.start !== undefined) {
    filters.push(['start', instant(date_range.start, 'start'), 'd.received_at >= @start']);
  }
  if (date_range?.end !== undefined) filters.push(['end', instant(date_range.end, 'end'), 'd.received_at <= @end']);
  if (metadata !== undefined && metadata.length > 0) {
    filters.push(['metadata', wanted(metadata), `c.doc_id IN (${MEETING})`]);
  }
  return filters;
}
