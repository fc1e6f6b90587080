import { type Markup, name, percent } from '../../api/markup.ts';
import { WRITERS } from '../../api/route.ts';
import type { PreviewAnswer } from '../../api/schemas/preview.ts';
import type { DocumentAnswer } from '../../api/schemas/query.ts';
import type { z } from '../../api/zod.ts';
import type { PageParts } from '../parts/layout.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

type Box = PreviewAnswer['chunks'][number]['boxes'][number];

/** A page of a document as it looks, with what was found on it drawn over it; a click leads from the place to its text, and back. */
export async function sheetPage(visit: Visit): Promise<PageParts> {
  const { t, api, params } = visit;
  const says = t.sheet;
  const tenant = params.tenant_id!;
  const id = encodeURIComponent(params.doc_id!);
  const number = Math.max(1, Number.parseInt(params.page!, 10) || 1);
  const path = `/query/${tenant}/document/${id}`;
  const [{ data: document }, { data: page }] = await Promise.all([
    api.get<z.infer<typeof DocumentAnswer>>(path, { limit: 1 }),
    api.get<PreviewAnswer>(`${path}/preview`, { page: number }),
  ]);
  const own = tenantPath(tenant, 'documents', params.doc_id!);
  const way = (to: number, words: string, rel: string) =>
    to < 1 || to > page.page_count ? null : (
      <a href={`${own}/pages/${to}`} rel={rel}>
        {words}
      </a>
    );
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{name(document.original_filename)}</h1>
          <p class="lead">{says.title(page.page, page.page_count)}</p>
        </div>
        <p class="pager">
          {way(page.page - 1, `← ${says.previous}`, 'prev')}
          <a href={own}>{says.all}</a>
          {way(page.page + 1, `${says.next} →`, 'next')}
        </p>
      </div>
      {page.ocr && page.confidence !== null ? <p class="told">{says.recognised(percent(page.confidence))}</p> : null}
      <div class="beside">
        <section class="card" aria-label={says.picture}>
          {drawn(visit, page, path)}
        </section>
        <div>
          <section class="card" aria-labelledby="text">
            <h2 id="text">{t.document.text}</h2>
            <ol class="chunks">{page.chunks.map((chunk) => passage(t, chunk, page.width > 0))}</ol>
          </section>
          {asides(t, page)}
        </div>
      </div>
    </>
  );
  return { title: document.original_filename, main, current: tenantPath(tenant, 'documents') };
}

function drawn({ t, caller }: Visit, page: PreviewAnswer, path: string): Markup {
  const says = t.sheet;
  if (page.width === 0) return <p class="soft">{says.noPicture}</p>;
  const mayBeSeen = page.has_picture && WRITERS.includes(caller.role);
  const { width, height } = page;
  const covered = page.chunks.some((chunk) => chunk.covered);
  return (
    <>
      <svg class="sheet-view" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
        <rect class="paper" width={String(width)} height={String(height)} />
        {mayBeSeen ? (
          <image
            href={`/api/v1${path}/preview/picture?page=${page.page}`}
            width={String(width)}
            height={String(height)}
            preserveAspectRatio="none"
          />
        ) : null}
        {page.figures.map(({ boxes }) => (
          <g class="e-figure">{boxes.map(rect)}</g>
        ))}
        {page.chunks.map((chunk) => (
          <a
            href={`#${chunk.chunk_id}`}
            id={`on-${chunk.chunk_id}`}
            tabindex={-1}
            class={`e-${chunk.element_type}${chunk.covered ? ' covered' : ''}`}
          >
            {chunk.boxes.map(rect)}
          </a>
        ))}
        {page.hidden_text.map(({ boxes }) => (
          <g class="e-hidden">{boxes.map(rect)}</g>
        ))}
      </svg>
      {mayBeSeen || !page.has_picture ? null : <p class="soft small">{says.notYours}</p>}
      {covered ? <p class="soft small">{says.coveredSays}</p> : null}
      <ul class="legend">
        {legend(says, page).map(([kind, words]) => (
          <li>
            <i class={`k-${kind}`} /> {words}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What there is on the page, and no more. */
function legend(says: Visit['t']['sheet'], page: PreviewAnswer): (readonly [kind: string, words: string])[] {
  const has = (type: string) => page.chunks.some(({ element_type }) => element_type === type);
  return [
    page.chunks.length > 0 ? (['text', says.text] as const) : null,
    has('heading') ? (['heading', says.heading] as const) : null,
    has('table') ? (['table', says.table] as const) : null,
    page.figures.length > 0 ? (['figure', says.figure] as const) : null,
    page.hidden_text.length > 0 ? (['hidden', says.hidden] as const) : null,
    page.chunks.some(({ covered }) => covered) ? (['covered', says.covered] as const) : null,
  ].filter((one) => one !== null);
}

function rect({ x, y, width, height }: Box): Markup {
  return <rect x={String(x)} y={String(y)} width={String(width)} height={String(height)} rx="2" />;
}

function passage(t: Visit['t'], chunk: PreviewAnswer['chunks'][number], isPlaced: boolean): Markup {
  const { chunk_id, element_type, text, standing } = chunk;
  return (
    <li class={`chunk e-${element_type}`} id={chunk_id}>
      {text === null ? (
        <p class="soft">{t.sheet.apart}</p>
      ) : (
        <div class="words" tabindex={element_type === 'table' ? 0 : undefined}>
          {text}
        </div>
      )}
      <p class="gates">
        <span>{t.document.elements[element_type] ?? element_type}</span>
        {chunk.covered && standing === 'served' ? <span class="marked">{t.sheet.covered}</span> : null}
        {isPlaced && chunk.boxes.length > 0 ? <a href={`#on-${chunk_id}`}>{t.sheet.onPage}</a> : null}
      </p>
    </li>
  );
}

/** What is not among the chunks, and why. */
function asides(t: Visit['t'], { hidden_text, dropped }: PreviewAnswer): Markup {
  const says = t.sheet;
  return (
    <section class="card" aria-labelledby="dropped">
      <h2 id="dropped">{says.dropped}</h2>
      {hidden_text.length + dropped.length === 0 ? <p class="soft">{says.droppedNone}</p> : null}
      {hidden_text.map(({ kind, characters }) => (
        <article class="problem warning">
          <h3>
            {says.hidden} <code class="soft">{kind}</code>
          </h3>
          <p class="kind">{says.hiddenSays(characters)}</p>
        </article>
      ))}
      {dropped.map(({ element_type, reason, remediation }) => (
        <article class="problem warning">
          <h3>
            <code>{element_type}</code>
          </h3>
          <p lang="en">{reason}</p>
          <p class="mend">
            <b>{t.batch.mend}</b> <span lang="en">{remediation}</span>
          </p>
        </article>
      ))}
    </section>
  );
}
