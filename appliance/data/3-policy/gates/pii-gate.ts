import { type EnrichedChunk, PII_TYPES, type PiiType } from '../../enriched.ts';
import type { PiiSpan } from '../gate.ts';
import { findPiiInTable } from '../pii/find-in-table.ts';
import { findPii } from '../pii/find-pii.ts';
import { redact } from '../pii/redact.ts';
import type { PolicyConfig } from '../policy-config.ts';
import type { GateOutcome } from './outcome.ts';

/** What redaction took out of a chunk; offsets are in the chunk's original text. */
export interface PiiOriginal {
  chunk_id: string;
  spans: { type: PiiType; start: number; end: number; text: string }[];
}

const RESULTS = {
  redact: { pii_scan_result: 'redacted', pii_action_taken: 'redacted' },
  flag: { pii_scan_result: 'pii_found', pii_action_taken: 'flagged' },
  block: { pii_scan_result: 'blocked', pii_action_taken: 'blocked' },
} as const;

/**
 * Gate 1: looks for the tenant's PII types in every chunk and in what travels with it (section title, table header,
 * sheet name), and redacts, flags or blocks (spec 2 C). Ids and offsets never change.
 */
export function piiGate(
  chunks: readonly EnrichedChunk[],
  config: PolicyConfig,
): GateOutcome & { originals: PiiOriginal[]; blockedChunks: string[] } {
  const originals: PiiOriginal[] = [];
  const withPii: string[] = [];
  const counts: Record<string, number> = {};
  const judged = chunks.map((chunk) => {
    const scan = scanChunk(chunk, config.pii_types);
    if (scan.types.length === 0) return chunk;
    withPii.push(chunk.chunk_id);
    for (const span of scan.all) counts[span.type] = (counts[span.type] ?? 0) + 1;
    const policy = { ...chunk.policy, ...RESULTS[config.pii_policy], pii_types_found: scan.types };
    if (config.pii_policy !== 'redact') return { ...chunk, policy };
    if (scan.text.length > 0) {
      originals.push({
        chunk_id: chunk.chunk_id,
        spans: scan.text.map(({ type, start, end }) => ({ type, start, end, text: chunk.text.slice(start, end) })),
      });
    }
    return { ...redactedChunk(chunk, scan.text, config.pii_types), policy };
  });
  const blocked = config.pii_policy === 'block' && withPii.length > 0;
  return {
    chunks: judged,
    failed: blocked,
    details: {
      pii_types: PII_TYPES.filter((type) => counts[type] !== undefined),
      pii_counts: counts,
      pii_action_taken: withPii.length === 0 ? 'none' : RESULTS[config.pii_policy].pii_action_taken,
      chunks_with_pii: withPii.length,
    },
    originals,
    blockedChunks: blocked ? withPii : [],
  };
}

function scanChunk(
  chunk: EnrichedChunk,
  types: readonly PiiType[],
): { text: PiiSpan[]; all: PiiSpan[]; types: PiiType[] } {
  const text =
    chunk.element_type === 'table'
      ? findPiiInTable(chunk.text, chunk.metadata.table_header ?? null, types)
      : findPii(chunk.text, types);
  const beside = [chunk.metadata.section_title, ...(chunk.metadata.table_header ?? []), chunk.path?.sheet]
    .filter((value): value is string => typeof value === 'string')
    .flatMap((value) => findPii(value, types));
  const all = [...text, ...beside];
  return { text, all, types: PII_TYPES.filter((type) => all.some((span) => span.type === type)) };
}

function redactedChunk(chunk: EnrichedChunk, spans: readonly PiiSpan[], types: readonly PiiType[]): EnrichedChunk {
  const clean = (value: string) => redact(value, findPii(value, types));
  const { section_title, table_header } = chunk.metadata;
  return {
    ...chunk,
    text: redact(chunk.text, spans),
    metadata: {
      ...chunk.metadata,
      section_title: section_title === null ? null : clean(section_title),
      ...(table_header ? { table_header: table_header.map(clean) } : {}),
    },
    ...(chunk.path?.sheet === undefined ? {} : { path: { ...chunk.path, sheet: clean(chunk.path.sheet) } }),
  };
}
