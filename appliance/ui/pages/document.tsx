import { code, type Markup, name, percent, size } from '../../api/markup.ts';
import type { DocumentAnswer } from '../../api/schemas/query.ts';
import type { z } from '../../api/zod.ts';
import type { PageParts } from '../parts/layout.tsx';
import { pageMap } from '../parts/page-map.tsx';
import { copyable, emptyState, facts, pill, wholeMoment } from '../parts/pieces.tsx';
import { STANDING_TONES, standingOf } from '../standing.ts';
import type { Texts } from '../texts/language.ts';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

export type Document = z.infer<typeof DocumentAnswer>;
type Chunk = Document['chunks'][number];

const CHUNKS_SHOWN = 100;

/** A document: what is known of it, its text chunk by chunk with what the gates said, and what it was made from. */
export async function documentPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query } = visit;
  const tenant = params.tenant_id!;
  const at = Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1);
  const { data: document } = await api.get<Document>(
    `/query/${tenant}/document/${encodeURIComponent(params.doc_id!)}`,
    {
      page: at,
      limit: CHUNKS_SHOWN,
    },
  );
  const standing = standingOf({ status: 'accepted', state: document.state });
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            {name(document.original_filename)} {pill(STANDING_TONES[standing], t.standings[standing])}
          </h1>
          <p class="soft">{copyable(t, document.doc_id)}</p>
        </div>
        {document.chunks.length === 0 ? null : (
          <p class="pager">
            <a href={`${tenantPath(tenant, 'documents', document.doc_id)}/diff`}>{t.diff.show}</a>
          </p>
        )}
      </div>
      {document.quarantine_reason === null ? null : (
        <p class="told wrong">
          {t.document.quarantine} {code(document.quarantine_reason)}
        </p>
      )}
      <div class="columns">
        <div>{text(visit, document, at)}</div>
        <div>
          <section class="card" aria-labelledby="facts">
            <h2 id="facts">{t.document.facts}</h2>
            {known(visit, document)}
          </section>
          <section class="card" aria-labelledby="lineage">
            <h2 id="lineage">{t.document.lineage}</h2>
            {lineage(t, document)}
          </section>
        </div>
      </div>
    </>
  );
  return { title: document.original_filename, main, current: tenantPath(tenant, 'documents') };
}

function known({ t, language, now }: Visit, document: Document): Markup {
  const says = t.document;
  const { classification, classification_confidence: certainty, review } = document;
  const sure =
    review === null ? (certainty === null ? '' : says.certainty(percent(certainty))) : says.decided(review.decided_by);
  const metadata = Object.entries(document.metadata);
  const spoken = document.lineage.text_language;
  return facts([
    [
      says.classification,
      classification === null ? (
        '–'
      ) : (
        <>
          {classification} <span class="soft small">{sure}</span>
        </>
      ),
    ],
    [says.type, <code>{document.mime_type}</code>],
    [says.size, size(document.size_bytes)],
    [says.pages, String(document.page_count ?? '–')],
    [says.chunks, String(document.chunk_count ?? '–')],
    spoken === null
      ? null
      : [says.language, new Intl.DisplayNames(language, { type: 'language' }).of(spoken) ?? spoken],
    [says.received, wholeMoment(language, document.received_at, now)],
    [says.indexed, wholeMoment(language, document.indexed_at, now)],
    [says.retention, wholeMoment(language, document.retention_until, now)],
    metadata.length === 0
      ? null
      : [
          says.metadata,
          <ul>
            {metadata.map(([field, value]) => (
              <li>
                <span class="soft">{field}</span> {typeof value === 'string' ? name(value) : JSON.stringify(value)}
              </li>
            ))}
          </ul>,
        ],
  ]);
}

/** From the file to the index, each hash below the one that it was made from. */
function lineage(t: Texts, { lineage: of }: Document): Markup {
  const says = t.document;
  const link = (title: string, value: Markup | string) => (
    <li>
      <span class="soft small">{title}</span>
      <div>{value}</div>
    </li>
  );
  const parser = [of.stage1_parser_version, of.stage2_parser_version].filter((one) => one !== null).join(' · ');
  return (
    <ol class="chain">
      {link(says.source, copyable(t, of.raw_sha256))}
      {parser === '' ? null : link(says.parser, <code>{parser}</code>)}
      {of.canonical_sha256 === null ? null : link(says.canonical, copyable(t, of.canonical_sha256))}
      {of.policy_version === null
        ? null
        : link(
            says.policy,
            <>
              <code>{of.policy_version}</code>{' '}
              <span class="soft small">
                {says.configuration} {of.config_version}
              </span>
            </>,
          )}
      {of.embed_model === null
        ? null
        : link(
            says.model,
            <code>
              {of.embed_model} {of.embed_version}
            </code>,
          )}
      {of.index_event_id === null ? null : link(says.event, copyable(t, of.index_event_id))}
    </ol>
  );
}

function text(visit: Visit, document: Document, at: number): Markup {
  const { t } = visit;
  const says = t.document;
  const { chunks, chunk_count } = document;
  if (chunks.length === 0) return <section class="card">{emptyState(says.noChunks, says.noChunksSays)}</section>;
  const pages = Map.groupBy(chunks, ({ page }) => page);
  const from = (at - 1) * CHUNKS_SHOWN + 1;
  const total = Math.max(chunk_count ?? 0, from + chunks.length - 1);
  const here = tenantPath(document.tenant_id, 'documents', document.doc_id);
  return (
    <section class="card" aria-labelledby="text">
      <h2 id="text">
        {says.text} <span class="soft small">{says.shown(from, from + chunks.length - 1, total)}</span>
      </h2>
      {[...pages].map(([page, some]) => (
        <section class="sheet" aria-label={says.page(page)}>
          <h3 class="soft">
            {says.page(page)}{' '}
            {some.some(({ boxes }) => boxes !== null) ? <a href={`${here}/pages/${page}`}>{t.sheet.show}</a> : null}
          </h3>
          <div class="sheet-body">
            {pageMap(t, page, some)}
            <ol class="chunks">{some.map((chunk) => shown(t, chunk))}</ol>
          </div>
        </section>
      ))}
      <p class="pager">
        {at > 1 ? (
          <a href={`${here}?page=${at - 1}`} rel="prev">
            ← {says.previous}
          </a>
        ) : null}
        {total > from + chunks.length - 1 ? (
          <a href={`${here}?page=${at + 1}`} rel="next">
            {says.next} →
          </a>
        ) : null}
      </p>
    </section>
  );
}

function shown(t: Texts, { chunk_id, element_type, text: words, path, metadata }: Chunk): Markup {
  const says = t.document;
  const found = (metadata.pii_types_found ?? []) as string[];
  const patterns = (metadata.injection_patterns_matched ?? []) as string[];
  const score = metadata.injection_score as number | undefined;
  const place =
    path === null
      ? null
      : Object.entries(path)
          .map(([key, value]) => `${key} ${String(value)}`)
          .join(', ');
  const action = String(metadata.injection_action_taken ?? 'pass');
  return (
    <li class={`chunk e-${element_type}`} id={chunk_id}>
      <div class="words" tabindex={element_type === 'table' ? 0 : undefined}>
        {words}
      </div>
      <p class="gates">
        <span>{says.elements[element_type] ?? element_type}</span>
        {place === null ? null : <span>{place}</span>}
        <span class={found.length > 0 ? 'marked' : undefined}>
          {says.pii}: {found.length === 0 ? says.none : found.join(', ')}
        </span>
        <span class={action === 'pass' ? undefined : 'marked'}>
          {says.injection}: {patterns.length === 0 ? says.none : patterns.join(', ')}
          {score === undefined ? null : <> ({score.toFixed(2)})</>}
        </span>
        <a href={`#${chunk_id}`}>
          <code>{chunk_id}</code>
        </a>
      </p>
    </li>
  );
}
