import type { RouteName } from '../../api/routes.ts';
import type { DiffAnswer, DiffQuery } from '../../api/schemas/diff.ts';
import type { z } from '../../api/zod.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DocumentRow, PublishedVersion } from '../../stores/record/rows.ts';
import { DRAWERS } from '../2-parse/formats.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import { compareVersions } from '../compare/compare-versions.ts';
import { loadCanonical, loadEnriched } from '../load.ts';
import { answer, found } from './answer.ts';
import { recordRead, type Versions } from './query.ts';

/** Versions that are looked through for those to compare with: a document is rarely read so often. */
const VERSIONS = 100;

/** Two versions of a document side by side: only what was served is compared, and of its words only what is served now is shown. */
export const DIFF_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async diff(context) {
    const { plane, params } = context;
    const { page, run, against } = context.query as z.output<typeof DiffQuery>;
    const { row, later } = await servedOf(context, params.doc_id!);
    const versions = differing(await plane.records.versions(row.doc_id, VERSIONS), later);
    const earlier = await earlierOf(context, versions, { run, against });
    const [canonical, before, now] = await Promise.all([
      loadCanonical(plane, later),
      // With nothing to compare with nothing is compared.
      earlier && loadEnriched(plane, earlier),
      earlier && loadEnriched(plane, later),
    ]);
    const size = canonical.pages.find((one) => one.page === page);
    const ofOneFile = against === undefined;
    const compared = compareVersions(before?.chunks ?? [], now?.chunks ?? [], { ofOneFile });
    // A page of the earlier version alone is one too: what stood there is gone.
    if (size === undefined && !compared.pages.some((one) => one.page === page))
      throw new FrostbyteError('RESOURCE_NOT_FOUND', 'Neither version has such a page.');
    await recordRead(context, row.doc_id, { what: 'diff' });
    if (earlier !== null && !ofOneFile) await recordRead(context, earlier.doc_id, { what: 'diff' });
    return answer({
      doc_id: row.doc_id,
      later: shown(later),
      earlier: earlier && shown(earlier),
      versions: versions.map(shown),
      summary: compared.summary,
      pages: compared.pages,
      page,
      width: size?.width ?? 0,
      height: size?.height ?? 0,
      has_picture:
        size !== undefined &&
        size.width > 0 &&
        row.state === 'indexed' &&
        row.canonical_sha256 === later.canonical_sha256 &&
        Object.hasOwn(DRAWERS, row.mime_type),
      changes: compared.changesOf(page),
    } satisfies DiffAnswer);
  },
};

/** A document with its version that is served. Throws `RESOURCE_NOT_FOUND` for one that is not in search. */
async function servedOf({ plane }: DataRequest, docId: string): Promise<{ row: DocumentRow; later: PublishedVersion }> {
  const row = found(await plane.records.document(docId), 'document');
  if (row.served === null)
    throw new FrostbyteError('RESOURCE_NOT_FOUND', 'This document is not in search, so it is not shown.');
  const { run, canonical_sha256, enriched_sha256, config_version, lineage } = row.served;
  const published_at = row.indexed_at ?? row.received_at;
  const { doc_id } = row;
  return { row, later: { doc_id, run, canonical_sha256, enriched_sha256, config_version, lineage, published_at } };
}

/** The version that is compared with; null where none was asked for and there is none. */
async function earlierOf(
  context: DataRequest,
  versions: readonly PublishedVersion[],
  { run, against }: Pick<z.output<typeof DiffQuery>, 'run' | 'against'>,
): Promise<PublishedVersion | null> {
  if (against !== undefined) return (await servedOf(context, against)).later;
  if (run === undefined) return versions[0] ?? null;
  return found(versions.find((one) => one.run === run) ?? null, 'earlier version');
}

/** Versions that are other than the one that is served, each once: a run that made the same again made no version. */
function differing(versions: readonly PublishedVersion[], later: PublishedVersion): PublishedVersion[] {
  const seen = new Set([later.enriched_sha256]);
  return versions.filter(({ canonical_sha256, enriched_sha256 }) => {
    const isNew = canonical_sha256 !== null && enriched_sha256 !== null && !seen.has(enriched_sha256);
    seen.add(enriched_sha256);
    return isNew;
  });
}

function shown({ doc_id, run, published_at, canonical_sha256, config_version, lineage }: PublishedVersion) {
  const { stage1_parser_version, stage2_parser_version, policy_version }: Versions = lineage;
  return {
    doc_id,
    run,
    published_at,
    canonical_sha256: canonical_sha256!,
    stage1_parser_version: stage1_parser_version ?? null,
    stage2_parser_version: stage2_parser_version ?? null,
    policy_version: policy_version ?? null,
    config_version,
  };
}
