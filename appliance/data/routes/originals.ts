import type { RouteName } from '../../api/routes.ts';
import type { OriginalsAnswer, OriginalsQuery } from '../../api/schemas/quarantine.ts';
import { MIME } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import type { PiiOriginal } from '../3-policy/enrich.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import { canonicalKey, originalsKey, pageKey } from '../keys.ts';
import { loadEnriched } from '../load.ts';
import { answer, found } from './answer.ts';
import { download } from './download.ts';

/** What redaction took out may be as large as the text. */
const LARGEST_ORIGINALS = 512 * 1024 * 1024;

/**
 * The one way to what lies before the gates (spec 2 C): for administrators, by break-glass, and in the log as
 * PII_ORIGINAL_READ before anything is answered.
 */
export const ORIGINALS_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async originals(context) {
    const { plane, params } = context;
    const query = context.query as unknown as OriginalsQuery;
    const row = found(await plane.records.document(params.doc_id!), 'document');
    if (query.what === 'pii') return answer(await redactedSpans(context, row, query));
    const { key, filename } = fileOf(plane.tenant_id, row, query);
    const bytes = await plane.objects.size(key);
    if (bytes === null)
      throw new FrostbyteError('RESOURCE_NOT_FOUND', `There is no such ${query.what} of this document.`);
    const source = await plane.objects.get(key);
    try {
      const types = (row.findings.policy as { pii_types?: string[] } | undefined)?.pii_types ?? [];
      await recordOriginal(context, row, types);
    } catch (error) {
      source.destroy();
      throw error;
    }
    const mayGoOn = async () => (await plane.records.document(row.doc_id)) !== null;
    return download(source, { filename, bytes, mayGoOn });
  },
};

function fileOf(tenant: string, row: DocumentRow, { what, page }: OriginalsQuery): { key: string; filename: string } {
  if (row.quarantine_reason === 'MALWARE_DETECTED') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'This is malware: its bytes open through the quarantine alone.',
    );
  }
  const extension = Object.entries(MIME).find(([, type]) => type === row.mime_type)?.[0] ?? 'bin';
  if (what === 'raw') return { key: row.storage_path, filename: `${row.doc_id}.${extension}` };
  if (row.canonical_sha256 === null) {
    throw new FrostbyteError('RESOURCE_NOT_FOUND', 'This document was not parsed: there is only its raw file.');
  }
  if (what === 'page') {
    const key = pageKey(tenant, row.doc_id, row.canonical_sha256, page!);
    return { key, filename: `${row.doc_id}.page-${page}.txt` };
  }
  return { key: canonicalKey(tenant, row.doc_id, row.canonical_sha256), filename: `${row.doc_id}.canonical.json` };
}

/** A page of what redaction took out, in the order of the chunks. */
async function redactedSpans(
  context: DataRequest,
  row: DocumentRow,
  { chunk_id, cursor, limit }: OriginalsQuery,
): Promise<OriginalsAnswer> {
  const all = await readOriginals(context, row);
  const wanted = chunk_id === undefined ? all : all.filter((original) => original.chunk_id === chunk_id);
  const from = cursor === undefined ? 0 : wanted.findIndex((original) => original.chunk_id === cursor) + 1;
  if (cursor !== undefined && from === 0) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The cursor names no chunk of this list.', {
      details: [{ field: 'cursor', constraint: 'a chunk_id of this list' }],
    });
  }
  const chunks = wanted.slice(from, from + limit).map(shown);
  const types = [...new Set(chunks.flatMap(({ spans }) => spans.map(({ type }) => type)))].sort();
  await recordOriginal(context, row, types);
  return {
    doc_id: row.doc_id,
    canonical_sha256: row.canonical_sha256,
    enriched_sha256: row.enriched_sha256,
    chunks,
    cursor: from + limit < wanted.length ? chunks.at(-1)!.chunk_id : null,
  };
}

/** All of them; none where nothing was redacted. What was redacted and cannot be read is an error, not nothing. */
async function readOriginals({ plane }: DataRequest, row: DocumentRow): Promise<PiiOriginal[]> {
  const { canonical_sha256, enriched_sha256 } = row;
  if (canonical_sha256 === null || enriched_sha256 === null) return [];
  const { chunks } = await loadEnriched(plane, row);
  if (!chunks.some(({ policy }) => policy.pii_action_taken === 'redacted')) return [];
  const key = originalsKey(plane.tenant_id, row.doc_id, canonical_sha256, enriched_sha256);
  const originals = await plane.objects.read(key, LARGEST_ORIGINALS);
  return JSON.parse(Buffer.from(originals).toString('utf8')) as PiiOriginal[];
}

function shown({ chunk_id, spans, beside = [] }: PiiOriginal): OriginalsAnswer['chunks'][number] {
  return {
    chunk_id,
    spans: [
      ...spans.map(({ type, start, end, text }) => ({ field: 'text' as const, column: null, type, start, end, text })),
      ...beside.map(({ field, column = null, type, start, end, text }) => ({ field, column, type, start, end, text })),
    ],
  };
}

async function recordOriginal(
  { plane, caller, query }: DataRequest,
  { doc_id }: DocumentRow,
  pii_types: readonly string[],
): Promise<void> {
  const { what, page, chunk_id } = query as unknown as OriginalsQuery;
  const adds = {
    what,
    ...(page === undefined ? {} : { page }),
    ...(chunk_id === undefined ? {} : { chunk_id }),
    pii_types,
  };
  const about = { tenant_id: plane.tenant_id, actor: caller.subject, resource_id: doc_id };
  await plane.records.appendEntries([auditEntry(plane.clock, 'PII_ORIGINAL_READ', { ...about, adds })]);
}
