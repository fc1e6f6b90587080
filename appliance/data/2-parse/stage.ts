import type { TenantConfig } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import type { ParseWarning } from '../../kernel/pipeline.ts';
import type { CanonicalDocument, ParsedDocument } from '../document.ts';
import { canonicalKey, hiddenKey, pageKey } from '../keys.ts';
import type { Stage, StageContext } from '../stage.ts';
import { READ_LIMITS } from './limits.ts';
import { unlinkedCopy } from './temporary.ts';

/** Below this share of the source's characters, the report warns (spec 2 B). */
const COVERAGE_WARNING = 0.8;

/** Stage parse: raw file → canonical document (spec 2 B). */
export const parseStage: Stage = {
  name: 'parse',

  async run({ plane, document, signal }: StageContext) {
    const started = performance.now();
    const parsed = await parse({ plane, document, signal });
    const bytes = Buffer.from(canonicalJson(parsed.document));
    const canonical = sha256Hex(bytes);
    const { tenant_id } = plane;
    const { doc_id } = document;
    await plane.objects.putAll([
      ...parsed.pageTexts.map((text, i) => ({
        key: pageKey(tenant_id, doc_id, canonical, parsed.document.pages[i]!.page),
        bytes: Buffer.from(text),
      })),
      { key: hiddenKey(tenant_id, doc_id, canonical), bytes: Buffer.from(canonicalJson(parsed.hiddenTexts)) },
    ]);
    // The canonical document last: where it is, its pages are.
    await plane.objects.put(canonicalKey(tenant_id, doc_id, canonical), bytes);

    plane.meter.parseDuration(tenant_id, 'stage1', parsed.stage1_ms / 1000);
    plane.meter.parseDuration(tenant_id, 'stage2', parsed.stage2_ms / 1000);
    plane.meter.parseChunks(tenant_id, parsed.document.chunks.length);
    return {
      kind: 'advance',
      patch: {
        parsed_at: plane.clock.iso(),
        canonical_sha256: canonical,
        page_count: parsed.document.stats.page_count,
        chunk_count: parsed.document.chunks.length,
        last_output_hash: `sha256:${canonical}`,
        findings: { parsing: findings(parsed.document) },
      },
      entries: entries(plane, document, parsed.document, canonical, performance.now() - started),
    };
  },

  failed: ({ tenant_id, clock }, { doc_id, raw_sha256 }, { code, retry_count }) => [
    auditEntry(clock, 'DOCUMENT_PARSE_FAILED', {
      tenant_id,
      actor: 'system',
      resource_id: doc_id,
      status: 'failure',
      input_hash: raw_sha256,
      adds: { error_code: code, retry_count },
    }),
  ],
};

async function parse({
  plane,
  document,
  signal,
}: StageContext): Promise<ParsedDocument & { stage1_ms: number; stage2_ms: number }> {
  const config = (await plane.records.config(document.config_version)) as TenantConfig | null;
  const limits = config ?? (await plane.config()).config;
  const raw = await plane.objects.get(document.storage_path);
  const handle = await unlinkedCopy(plane.temporary, raw, document.raw_sha256);
  try {
    return await plane.parser.parse(
      { open: async () => handle.fd, mediaType: document.mime_type, size: document.size_bytes },
      {
        tenant_id: plane.tenant_id,
        doc_id: document.doc_id,
        raw_sha256: document.raw_sha256,
        chunkLimits: { soft: limits.chunk_soft_limit, hard: limits.chunk_hard_limit },
        limits: READ_LIMITS,
      },
      signal,
    );
  } finally {
    await handle.close();
  }
}

/** What the acceptance report shows of parsing. */
function findings({ stats, lineage, hidden_text }: CanonicalDocument): Record<string, unknown> {
  const warnings: ParseWarning[] = [];
  if (stats.coverage < COVERAGE_WARNING) warnings.push('LOW_COVERAGE');
  if (stats.chunk_count === 0) warnings.push('NO_TEXT');
  if (stats.dropped_content.length > 0) warnings.push('CONTENT_DROPPED');
  return {
    coverage: stats.coverage,
    pages: stats.page_count,
    chunks: stats.chunk_count,
    tables: stats.table_count,
    figures: stats.figure_count,
    ocr_pages: stats.ocr_pages,
    ocr_avg_confidence: stats.ocr_avg_confidence,
    dropped_content: stats.dropped_content,
    hidden_text: hiddenKinds(hidden_text),
    lineage,
    warnings,
  };
}

/** Hidden text by its kind: where it is and how much, never what it says. A page that is full of it stays one line. */
function hiddenKinds(hidden: CanonicalDocument['hidden_text']): { kind: string; page: number; characters: number }[] {
  const kinds = new Map<string, { kind: string; page: number; characters: number }>();
  for (const { kind, page, characters } of hidden) {
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { kind, page, characters });
    else {
      known.page = Math.min(known.page, page);
      known.characters += characters;
    }
  }
  return [...kinds.values()];
}

function entries(
  { tenant_id, clock }: StageContext['plane'],
  { doc_id, raw_sha256 }: StageContext['document'],
  { stats, lineage, hidden_text }: CanonicalDocument,
  canonical: string,
  duration_ms: number,
) {
  const parsed = auditEntry(clock, 'DOCUMENT_PARSED', {
    tenant_id,
    actor: 'system',
    resource_id: doc_id,
    input_hash: raw_sha256,
    output_hash: canonical,
    duration_ms,
    adds: {
      pages: stats.page_count,
      chunks: stats.chunk_count,
      tables: stats.table_count,
      coverage: stats.coverage,
      ocr_pages: stats.ocr_pages,
      parser_versions: { stage1: lineage.stage1_parser_version, stage2: lineage.stage2_parser_version },
      parsed_at: clock.iso(),
    },
  });
  const dropped: Record<string, number> = {};
  for (const { element_type } of stats.dropped_content) dropped[element_type] = (dropped[element_type] ?? 0) + 1;
  if (hidden_text.length > 0) dropped.hidden_text = hidden_text.length;
  if (Object.keys(dropped).length === 0) return [parsed];
  return [
    parsed,
    auditEntry(clock, 'CONTENT_DROPPED', { tenant_id, actor: 'system', resource_id: doc_id, adds: { dropped } }),
  ];
}
