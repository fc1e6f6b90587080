import { type EnrichedChunk, PII_TYPES, type PiiType } from '../../enriched.ts';
import type { PiiSpan } from '../gate.ts';
import { redactChunk } from '../pii/redact-chunk.ts';
import { type ChunkScan, scanChunks, spansOf } from '../pii/scan-chunks.ts';
import type { PolicyConfig } from '../policy-config.ts';
import type { Verdicts } from '../verdicts.ts';
import type { GateOutcome } from './outcome.ts';

interface OriginalSpan {
  type: PiiType;
  start: number;
  end: number;
  text: string;
}

/** What redaction took out of a chunk; offsets are in the original text, title, header cell or sheet name. */
export interface PiiOriginal {
  chunk_id: string;
  spans: OriginalSpan[];
  /** What it took out of what is served beside the text; absent where that was nothing. */
  beside?: (OriginalSpan & { field: 'section_title' | 'table_header' | 'sheet'; column?: number })[];
}

const RESULTS = {
  redact: { pii_scan_result: 'redacted', pii_action_taken: 'redacted' },
  flag: { pii_scan_result: 'pii_found', pii_action_taken: 'flagged' },
  block: { pii_scan_result: 'blocked', pii_action_taken: 'blocked' },
} as const;

/**
 * Gate 1: looks for the tenant's PII types in every chunk and in what travels with it (section title, table header,
 * sheet name), and redacts, flags or blocks (spec 2 C). Ids and offsets never change. A block that an administrator
 * released becomes what the release says.
 */
export function piiGate(
  chunks: readonly EnrichedChunk[],
  config: PolicyConfig,
  verdicts: Verdicts,
): GateOutcome & { originals: PiiOriginal[]; blockedChunks: string[] } {
  const scans = scanChunks(chunks, config.pii_types);
  const counts: Record<string, number> = {};
  for (const { type } of scans.flatMap(spansOf)) counts[type] = (counts[type] ?? 0) + 1;
  const types = PII_TYPES.filter((type) => counts[type] !== undefined);
  const released = config.pii_policy === 'block' && types.length > 0 ? verdicts.piiAction(types) : null;
  const action = released ?? config.pii_policy;
  const withPii = chunks.filter((_, i) => scans[i]!.types.length > 0).map(({ chunk_id }) => chunk_id);
  const blocked = action === 'block' && withPii.length > 0;
  return {
    chunks: chunks.map((chunk, i) => judged(chunk, scans[i]!, action)),
    failed: blocked,
    details: {
      pii_types: types,
      pii_counts: counts,
      pii_action_taken: withPii.length === 0 ? 'none' : RESULTS[action].pii_action_taken,
      chunks_with_pii: withPii.length,
      released: released === null ? 0 : withPii.length,
    },
    originals: action === 'redact' ? chunks.flatMap((chunk, i) => originalOf(chunk, scans[i]!)) : [],
    blockedChunks: blocked ? withPii : [],
  };
}

function judged(chunk: EnrichedChunk, scan: ChunkScan, action: PolicyConfig['pii_policy']): EnrichedChunk {
  if (scan.types.length === 0) return chunk;
  const policy = { ...chunk.policy, ...RESULTS[action], pii_types_found: scan.types };
  return { ...(action === 'redact' ? redactChunk(chunk, scan) : chunk), policy };
}

function originalOf(chunk: EnrichedChunk, scan: ChunkScan): PiiOriginal[] {
  if (scan.types.length === 0) return [];
  const cut = (text: string, spans: readonly PiiSpan[]) =>
    spans.map(({ type, start, end }): OriginalSpan => ({ type, start, end, text: text.slice(start, end) }));
  const { section_title, table_header = [] } = chunk.metadata;
  const beside: PiiOriginal['beside'] = [
    ...cut(section_title ?? '', scan.section_title).map((span) => ({ ...span, field: 'section_title' as const })),
    ...table_header.flatMap((cell, column) =>
      cut(cell, scan.table_header[column]!).map((span) => ({ ...span, field: 'table_header' as const, column })),
    ),
    ...cut(chunk.path?.sheet ?? '', scan.sheet).map((span) => ({ ...span, field: 'sheet' as const })),
  ];
  const { chunk_id, text } = chunk;
  return [{ chunk_id, spans: cut(text, scan.text), ...(beside.length > 0 ? { beside } : {}) }];
}
