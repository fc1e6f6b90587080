import type { Statements } from '../../postgres/connection.ts';
import type { Value } from '../../postgres/parameters.ts';
import { instant } from '../../shared/instant.ts';
import type { TextQuery } from '../port.ts';
import { MEETING, wanted } from './metadata.ts';
import { queryTerms } from './words.ts';

interface Hit {
  chunk_id: string;
  score: number;
}

/**
 * BM25 with the constants of the embedded store (k1 1.2, b 0.75, a title's words 1.5 times), so that ranks are the same.
 * For a single word `ts_rank_cd` is the sum of the weights of its places; they are at most 1, hence the factor. A text is held
 * against the words as texts of its own language have them, so that the number of languages is not the number of looks.
 */
const matches = `WITH spoken AS MATERIALIZED (
    SELECT NULL AS language UNION ALL SELECT state FROM tallies WHERE name = 'language' AND entries > 0
  ), terms AS MATERIALIZED (
    SELECT place::integer AS place, term::tsquery AS term, language
    FROM unnest(@terms::text[], @languages::text[]) WITH ORDINALITY AS t (term, language, place)
    WHERE language IS NULL OR language IN (SELECT s.language FROM spoken s)
  ), asked AS MATERIALIZED (
    SELECT coalesce(s.language, '') AS language, t.place, t.term
    FROM spoken s JOIN terms t ON t.language IS NULL OR t.language = s.language
  ), totals AS MATERIALIZED (
    SELECT greatest(coalesce(sum(entries) FILTER (WHERE name = 'chunks'), 0), 1)::double precision AS chunks,
      greatest(coalesce(sum(entries) FILTER (WHERE name = 'words'), 0), 1)::double precision AS words
    FROM tallies WHERE name IN ('chunks', 'words')
  ), matches AS MATERIALIZED (
    SELECT c.chunk_id, c.doc_id, c.classification, c.length, t.place,
      ts_rank_cd('{0.6666667, 0, 0, 1}', c.words, t.term) * 1.5 AS often, count(*) OVER (PARTITION BY t.place) AS holding
    FROM chunks c JOIN asked t ON t.language = coalesce(c.language, '') AND c.words @@ t.term
    WHERE c.words @@ (SELECT string_agg(term::text, ' | ')::tsquery FROM terms)
  )
  SELECT m.chunk_id,
    sum(greatest(ln((t.chunks - m.holding + 0.5) / (m.holding + 0.5)), 1e-6) * m.often * 2.2
      / (m.often + 1.2 * (0.25 + 0.75 * m.length * t.chunks / t.words)) ORDER BY m.place) AS score
  FROM matches m CROSS JOIN totals t JOIN documents d ON d.doc_id = m.doc_id AND d.erasure_id IS NULL`;
const BEST = 'GROUP BY m.chunk_id ORDER BY score DESC, m.chunk_id LIMIT @limit';

/**
 * Best first by BM25 over text and section title, ties by chunk id. Every chunk that holds one of the words is scored,
 * also where filters narrow, since a word weighs by how rare it is among all: O(matches × words).
 */
export async function searchText(tx: Statements, query: TextQuery): Promise<Hit[]> {
  const terms = queryTerms(query.text);
  const filters = filtersOf(query);
  if (terms.length === 0 || query.limit <= 0) return [];
  const where = filters.length > 0 ? `WHERE ${filters.map(([condition]) => condition).join(' AND ')}` : '';
  return tx.all<Hit>(`${matches} ${where} ${BEST}`, {
    terms: terms.map(({ term }) => term),
    languages: terms.map(({ language }) => language),
    limit: query.limit,
    ...Object.assign({}, ...filters.map(([, values]) => values)),
  });
}

type Filter = readonly [condition: string, values: Record<string, Value>];

/** Few fixed shapes, values bound: the statements stay few and nothing of the query becomes SQL. */
function filtersOf({ classification, doc_ids, date_range, metadata }: TextQuery): Filter[] {
  const filters: Filter[] = [];
  if (classification !== undefined) {
    filters.push(['m.classification = ANY (@classification::text[])', { classification }]);
  }
  if (doc_ids !== undefined) filters.push(['m.doc_id = ANY (@doc_ids::text[])', { doc_ids }]);
  if (date_range?.start !== undefined) {
    filters.push(['d.received_at >= @start', { start: instant(date_range.start, 'start') }]);
  }
  if (date_range?.end !== undefined) {
    filters.push(['d.received_at <= @end', { end: instant(date_range.end, 'end') }]);
  }
  if (metadata !== undefined && metadata.length > 0) filters.push([`m.doc_id IN (${MEETING})`, wanted(metadata)]);
  return filters;
}
