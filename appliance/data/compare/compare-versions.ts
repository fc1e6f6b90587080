import type { DiffAnswer } from '../../api/schemas/diff.ts';
import { type EnrichedChunk, isApart } from '../enriched.ts';
import { type ChangeKind, type Match, matchChunks } from './match-chunks.ts';
import { wordChanges, wordsOf } from './words.ts';

type Change = DiffAnswer['changes'][number];
type Side = NonNullable<Change['before']>;

export interface Compared {
  summary: DiffAnswer['summary'];
  pages: DiffAnswer['pages'];
  /** Those of one page, of either version. */
  changesOf(page: number): Change[];
}

const NONE: Readonly<Record<ChangeKind, number>> = Object.freeze({ stayed: 0, moved: 0, changed: 0, came: 0, went: 0 });

/**
 * Two versions after their gates, held against each other. `ofOneFile`: the earlier one is a parse of the same file, whose
 * gates were those of its day. Of its words only those are shown that are served now: all else is place and size. Another
 * document's version is served itself, and shown as it is.
 */
export function compareVersions(
  before: readonly EnrichedChunk[],
  after: readonly EnrichedChunk[],
  { ofOneFile }: { ofOneFile: boolean },
): Compared {
  const matches = matchChunks(before, after, { samePages: ofOneFile });
  const served = new Set(after.filter((chunk) => !isApart(chunk)).map(({ text }) => text));
  const mayBeShown = (chunk: EnrichedChunk) => (ofOneFile ? served.has(chunk.text) : !isApart(chunk));
  const summary = { ...NONE, gates: 0 };
  const pages = new Map<number, DiffAnswer['pages'][number]>();
  for (const match of matches) {
    const page = (match.after ?? match.before)!.page;
    const counts = pages.get(page) ?? { page, ...NONE };
    counts[match.kind] += 1;
    summary[match.kind] += 1;
    if (isJudgedAnew(match)) summary.gates += 1;
    pages.set(page, counts);
  }
  return {
    summary,
    pages: [...pages.values()].sort((one, other) => one.page - other.page),
    changesOf: (page) =>
      matches
        .filter(({ before: was, after: is }) => is?.page === page || was?.page === page)
        .map((match): Change => {
          const { kind, before: was, after: is } = match;
          const isShown = kind === 'changed' && was !== null && is !== null && !isApart(is);
          return {
            kind,
            gates: isJudgedAnew(match),
            before: was && sideOf(was, mayBeShown(was)),
            after: is && sideOf(is, !isApart(is)),
            ...(isShown ? wordChanges(wordsOf(was.text), wordsOf(is.text)) : { added: [], gone: 0 }),
          };
        }),
  };
}

/** Whether the gates did something else about it than before. */
function isJudgedAnew({ before, after }: Match<EnrichedChunk>): boolean {
  if (before === null || after === null) return false;
  const [was, is] = [before.policy, after.policy];
  return (
    was.pii_action_taken !== is.pii_action_taken ||
    was.injection_action_taken !== is.injection_action_taken ||
    was.classification !== is.classification
  );
}

function sideOf(chunk: EnrichedChunk, isShown: boolean): Side {
  const { chunk_id, page, element_type, start_char, end_char, boxes = [], policy } = chunk;
  return {
    chunk_id,
    page,
    element_type,
    characters: end_char - start_char,
    boxes,
    standing: isApart(chunk) ? 'quarantined' : 'served',
    redacted: policy.pii_action_taken === 'redacted',
    text: isShown ? chunk.text : null,
  };
}
