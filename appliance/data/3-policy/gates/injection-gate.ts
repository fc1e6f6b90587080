import type { ParsedDocument } from '../../document.ts';
import type { EnrichedChunk } from '../../enriched.ts';
import { INJECTION_CATEGORIES, type InjectionCategory, type InjectionResult } from '../gate.ts';
import { scoreInjection } from '../injection/score-injection.ts';
import { injectionAction, type PolicyConfig } from '../policy-config.ts';
import type { Verdicts } from '../verdicts.ts';
import type { GateOutcome } from './outcome.ts';

/**
 * Gate 3: scores every chunk on its original text, and every hidden text as such. Hidden text counts for all chunks of
 * its page, since nobody can say which of them it was meant to steer. With scope `document`, or when no chunk is left,
 * the document is quarantined (spec 2 C). A chunk that an administrator released is flagged instead, unless its page
 * holds hidden text that was not known then; one that was rejected for good stays in quarantine whatever its score.
 */
export function injectionGate(
  chunks: readonly EnrichedChunk[],
  document: { parsed: ParsedDocument; originalTexts: readonly string[] },
  config: PolicyConfig,
  verdicts: Verdicts,
): GateOutcome & { quarantinedChunks: string[]; rejectedChunks: string[]; wholeDocument: boolean } {
  const hidden = hiddenByPage(document.parsed);
  const unknown = new Set(
    document.parsed.document.hidden_text
      .filter(({ text_sha256 }) => !verdicts.isKnownHidden(text_sha256))
      .map(({ page }) => page),
  );
  const quarantined: string[] = [];
  const rejected: string[] = [];
  let released = 0;
  const patterns = new Set<InjectionCategory>();
  let highest = 0;
  let flagged = 0;
  let hiddenQuarantined = false;
  for (const [page, result] of hidden) {
    highest = Math.max(highest, result.score);
    for (const pattern of result.patterns) patterns.add(pattern);
    if (injectionAction(result.score, config) !== 'quarantine') continue;
    if (unknown.has(page)) hiddenQuarantined = true;
    else released++;
  }
  const scores = scoreChunks(chunks, document.originalTexts);
  const judged = chunks.map((chunk, i) => {
    const result = merged(scores[i]!, hidden.get(chunk.page));
    const text = document.originalTexts[i]!;
    const isRejected = verdicts.isRejected(chunk.chunk_id, text);
    let action = isRejected ? 'quarantine' : injectionAction(result.score, config);
    if (action === 'quarantine' && !unknown.has(chunk.page) && verdicts.isReleased(chunk.chunk_id, text)) {
      action = 'flag';
      released++;
    }
    if (action === 'quarantine') quarantined.push(chunk.chunk_id);
    if (isRejected) rejected.push(chunk.chunk_id);
    if (action === 'flag') flagged++;
    highest = Math.max(highest, result.score);
    for (const pattern of result.patterns) patterns.add(pattern);
    return {
      ...chunk,
      policy: {
        ...chunk.policy,
        injection_score: result.score,
        injection_patterns_matched: result.patterns,
        injection_action_taken: action,
      },
    };
  });
  const none = chunks.length > 0 && quarantined.length === chunks.length;
  const found = quarantined.length > 0 || hiddenQuarantined;
  const wholeDocument = none || (found && (config.injection_quarantine_scope === 'document' || chunks.length === 0));
  return {
    chunks: judged,
    failed: found,
    details: {
      injection_score: highest,
      patterns_matched: INJECTION_CATEGORIES.filter((category) => patterns.has(category)),
      chunks_flagged: flagged,
      chunks_quarantined: quarantined.length,
      hidden_texts: document.parsed.hiddenTexts.length,
      released,
    },
    quarantinedChunks:
      wholeDocument && config.injection_quarantine_scope === 'document'
        ? chunks.map((chunk) => chunk.chunk_id)
        : quarantined,
    rejectedChunks: rejected,
    wholeDocument,
  };
}

/** Characters on each side of the seam between two chunks that are read together. */
const SEAM = 240;

/**
 * Every chunk's result: its own text, the section title and table header that are served with it, and the seams to its
 * neighbours, so that an instruction cut at a chunk's edge is seen.
 */
function scoreChunks(chunks: readonly EnrichedChunk[], texts: readonly string[]): InjectionResult[] {
  const titles = new Map<string, InjectionResult>();
  const titleResult = (title: string) => {
    const known = titles.get(title) ?? scoreInjection(title);
    titles.set(title, known);
    return known;
  };
  const results = chunks.map((chunk, i) => {
    const beside = [chunk.metadata.section_title ?? '', (chunk.metadata.table_header ?? []).join(' ')];
    return beside
      .filter((text) => text !== '')
      .reduce((result, text) => merged(result, titleResult(text)), scoreInjection(texts[i]!));
  });
  for (let i = 1; i < chunks.length; i++) {
    if (chunks[i]!.page !== chunks[i - 1]!.page) continue;
    const seam = scoreInjection(`${texts[i - 1]!.slice(-SEAM)}\n${texts[i]!.slice(0, SEAM)}`);
    if (seam.score <= Math.max(results[i - 1]!.score, results[i]!.score)) continue;
    results[i - 1] = merged(results[i - 1]!, seam);
    results[i] = merged(results[i]!, seam);
  }
  return results;
}

function hiddenByPage(parsed: ParsedDocument): Map<number, InjectionResult> {
  const pages = new Map<number, string[]>();
  parsed.document.hidden_text.forEach((hidden, i) => {
    const text = parsed.hiddenTexts[i] ?? '';
    pages.set(hidden.page, [...(pages.get(hidden.page) ?? []), text]);
  });
  const results = new Map<number, InjectionResult>();
  for (const [page, texts] of pages) {
    // Pieces are scored one by one and together: an instruction may be cut into many hidden runs.
    const all = [...texts, texts.join(' ')].map((text) => scoreInjection(text, { hidden: true }));
    results.set(page, all.reduce(merged));
  }
  return results;
}

function merged(a: InjectionResult, b: InjectionResult | undefined): InjectionResult {
  if (!b) return a;
  return {
    score: Math.max(a.score, b.score),
    patterns: INJECTION_CATEGORIES.filter((category) => a.patterns.includes(category) || b.patterns.includes(category)),
  };
}
