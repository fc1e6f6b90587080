import type { RouteName } from '../../api/routes.ts';
import type { PreviewAnswer } from '../../api/schemas/preview.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import { DRAWERS } from '../2-parse/formats.ts';
import { READ_LIMITS } from '../2-parse/limits.ts';
import { unlinkedCopy } from '../2-parse/temporary.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import type { CanonicalDocument } from '../document.ts';
import { type EnrichedChunk, isApart } from '../enriched.ts';
import { loadCanonical, loadEnriched } from '../load.ts';
import { answer, found } from './answer.ts';
import { recordRead } from './query.ts';

/**
 * Routes that show a document as it looks. What lies before the gates has one way, and this is not it: passages that a gate
 * changed or keeps apart are painted over before a picture leaves the process that draws it, and of a document that is not in
 * search there is none.
 */
export const PREVIEW_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async preview(context) {
    const { row, canonical, chunks } = await judged(context);
    const number = (context.query as { page: number }).page;
    const page = canonical.pages.find((one) => one.page === number);
    if (page === undefined) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'The document has no such page.');
    await recordRead(context, row.doc_id, { what: 'preview' });
    const here = <T extends { page: number }>(all: readonly T[]) => all.filter((one) => one.page === number);
    return answer({
      doc_id: row.doc_id,
      canonical_sha256: row.canonical_sha256!,
      page: number,
      page_count: canonical.pages.length,
      width: page.width,
      height: page.height,
      ocr: page.ocr,
      confidence: page.confidence,
      has_picture: Object.hasOwn(DRAWERS, row.mime_type) && page.width > 0,
      chunks: here(chunks).map(({ chunk_id, element_type, text, boxes = [], policy }) => ({
        chunk_id,
        element_type,
        text: isApart({ policy }) ? null : text,
        boxes,
        standing: isApart({ policy }) ? 'quarantined' : 'served',
        covered: isChanged({ policy }),
      })),
      figures: here(canonical.figures).map(({ figure_id, box }) => ({
        figure_id,
        boxes: box === undefined ? [] : [box],
      })),
      hidden_text: here(canonical.hidden_text).map(({ kind, characters, boxes }) => ({ kind, characters, boxes })),
      dropped: here(canonical.stats.dropped_content).map(({ element_type, reason, remediation }) => ({
        element_type,
        reason,
        remediation,
      })),
    } satisfies PreviewAnswer);
  },

  async pagePicture(context) {
    const { plane, signal } = context;
    const { row, chunks } = await judged(context);
    const { page, width } = context.query as { page: number; width: number };
    const changed = chunks.filter((chunk) => chunk.page === page && isChanged(chunk));
    if (changed.some(({ boxes = [] }) => boxes.length === 0))
      throw new FrostbyteError('RESOURCE_NOT_FOUND', 'What must not be seen of this page cannot be found on it.');
    const cover = changed.flatMap(({ boxes = [] }) => boxes);
    // Headers, footers and figures are no chunks, and no gate read them: where gates take something out, they are not shown.
    const { config } = await plane.config();
    const read = chunks.filter((chunk) => chunk.page === page && !isChanged(chunk));
    const show = config.pii_policy === 'flag' ? null : read.flatMap(({ boxes = [] }) => boxes);
    await recordRead(context, row.doc_id, { what: 'picture' });
    const handle = await unlinkedCopy(plane.temporary, await plane.objects.get(row.storage_path), row.raw_sha256);
    try {
      const { png } = await plane.parser.draw(
        { open: async () => handle.fd, mediaType: row.mime_type, size: row.size_bytes },
        {
          tenant_id: plane.tenant_id,
          doc_id: row.doc_id,
          raw_sha256: row.raw_sha256,
          chunkLimits: { soft: 1200, hard: 2400 },
          limits: READ_LIMITS,
        },
        { page, width, cover, show },
        signal,
      );
      return new Response(png as Uint8Array<ArrayBuffer>, {
        headers: {
          'content-type': 'image/png',
          'content-security-policy': "default-src 'none'; sandbox",
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-store',
        },
      });
    } catch (error) {
      if (!isFrostbyteError(error, 'UNSUPPORTED_FORMAT', 'FILE_CORRUPTED')) throw error;
      throw new FrostbyteError('RESOURCE_NOT_FOUND', 'This page cannot be drawn; its text is in its chunks.');
    } finally {
      await handle.close();
    }
  },
};

/** A document in search, with what the gates said of it. Throws `RESOURCE_NOT_FOUND` for one that is held, kept apart or under way. */
async function judged({
  plane,
  params,
}: DataRequest): Promise<{ row: DocumentRow; canonical: CanonicalDocument; chunks: readonly EnrichedChunk[] }> {
  const row = found(await plane.records.document(params.doc_id!), 'document');
  if (row.state !== 'indexed' || row.canonical_sha256 === null || row.enriched_sha256 === null)
    throw new FrostbyteError('RESOURCE_NOT_FOUND', 'This document is not in search, so it is not shown.');
  const [canonical, { chunks }] = await Promise.all([loadCanonical(plane, row), loadEnriched(plane, row)]);
  return { row, canonical, chunks };
}

/** What a gate changed, or keeps apart, is not to be seen as it was. */
function isChanged({ policy }: Pick<EnrichedChunk, 'policy'>): boolean {
  return policy.pii_action_taken === 'redacted' || isApart({ policy });
}
