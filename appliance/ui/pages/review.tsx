import { type Markup, name, percent } from '../../api/markup.ts';
import { CLASSES } from '../../api/schemas/query.ts';
import type { ReviewAnswer, ReviewDocument, ReviewItem } from '../../api/schemas/review.ts';
import type { z } from '../../api/zod.ts';
import type { PageParts } from '../parts/layout.tsx';
import { olderLink, scrolledTable } from '../parts/lists.tsx';
import { emptyState, facts, moment, pageHead } from '../parts/pieces.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

/** Enough of a document to see what it is. */
const CHUNKS_SHOWN = 30;

/** Documents that wait for a person to say what they are, oldest first: who has waited longest goes first. */
export async function reviewsPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query, language, now } = visit;
  const says = t.review;
  const here = tenantPath(params.tenant_id!, 'review');
  const { data, meta } = await api.get<ReviewItem[]>(`/ingest/${params.tenant_id}/review`, {
    batch_id: query.get('batch_id') ?? undefined,
    cursor: query.get('after') ?? undefined,
    sort: 'asc',
    limit: 50,
  });
  const rows = data.map((item) => (
    <tr>
      <th scope="row">
        <a href={`${here}/${item.doc_id}`}>{name(item.original_filename)}</a>
      </th>
      <td data-label={says.proposed}>
        {item.classification}{' '}
        <span class="soft small">{t.document.certainty(percent(item.classification_confidence))}</span>
      </td>
      <td>
        <a href={tenantPath(params.tenant_id!, 'batches', item.batch_id)}>{name(item.batch_id)}</a>
      </td>
      <td>{moment(language, item.received_at, now)}</td>
    </tr>
  ));
  const decided = CLASSES.find((one) => one === query.get('decided'));
  const main = (
    <>
      {pageHead(says.title, says.says)}
      {decided === undefined ? null : (
        <p class="told" role="status">
          {says.decided(decided)}
        </p>
      )}
      <div class="card">
        {data.length === 0
          ? emptyState(says.none, says.noneSays)
          : scrolledTable([t.documents.document, says.proposed, t.batches.batch, t.batches.received], rows)}
      </div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.title, main, current: here };
}

/** One of them: what it holds, what was found in it, and the decision. */
export async function reviewDocumentPage({ t, api, params, mark }: Visit): Promise<PageParts> {
  const says = t.review;
  const here = tenantPath(params.tenant_id!, 'review');
  const { data: document } = await api.get<ReviewDocument>(
    `/ingest/${params.tenant_id}/review/${encodeURIComponent(params.doc_id!)}`,
    { limit: CHUNKS_SHOWN },
  );
  const { classification: proposed, alternatives, findings } = document;
  const main = (
    <>
      <div class="head">
        <h1>{name(document.original_filename)}</h1>
      </div>
      <div class="columns">
        <section class="card" aria-labelledby="text">
          <h2 id="text">
            {t.document.text}{' '}
            <span class="soft small">{t.document.shown(1, document.chunks.length, document.chunk_total)}</span>
          </h2>
          <ol class="chunks">{document.chunks.map((chunk) => shown(t, chunk))}</ol>
        </section>
        <div>
          <section class="card" aria-labelledby="decide">
            <h2 id="decide">{says.decide}</h2>
            <form method="post" action={`${here}/${document.doc_id}`} class="fields">
              <input type="hidden" name="mark" value={mark} />
              <input type="hidden" name="proposed" value={proposed} />
              <label for="classification">{says.class}</label>
              <select id="classification" name="classification">
                {CLASSES.map((one) =>
                  one === proposed ? (
                    <option value={one} selected>
                      {one}
                    </option>
                  ) : (
                    <option value={one}>{one}</option>
                  ),
                )}
              </select>
              <p class="hint">
                {says.proposed}: {proposed} ({percent(document.classification_confidence)})
                {alternatives.length === 0 ? null : (
                  <>
                    . {says.alternatives}:{' '}
                    {alternatives
                      .map(({ classification, confidence }) => `${classification} (${percent(confidence)})`)
                      .join(', ')}
                  </>
                )}
              </p>
              <label for="note">{says.note}</label>
              <input id="note" name="note" maxlength={1000} aria-describedby="note-says" />
              <p class="hint" id="note-says">
                {says.noteSays}
              </p>
              <button type="submit" class="button">
                {says.go}
              </button>
            </form>
          </section>
          <section class="card" aria-labelledby="found">
            <h2 id="found">{t.document.gates}</h2>
            {facts([
              [t.document.pii, findings.pii_types.length === 0 ? t.document.none : findings.pii_types.join(', ')],
              [t.document.injection, (findings.injection_max_score ?? 0).toFixed(2)],
              findings.warnings.length === 0 ? null : [says.warnings, findings.warnings.join(', ')],
            ])}
          </section>
        </div>
      </div>
    </>
  );
  return { title: document.original_filename, main, current: here };
}

function shown(t: Visit['t'], chunk: ReviewDocument['chunks'][number]): Markup {
  const { chunk_id, element_type, text, injection_patterns: patterns } = chunk;
  const words =
    text === null ? (
      <p class="soft">
        {t.review.withheld}: {patterns.join(', ')}
      </p>
    ) : (
      <div class="words" tabindex={element_type === 'table' ? 0 : undefined}>
        {text}
      </div>
    );
  return (
    <li class={`chunk e-${element_type}`} id={chunk_id}>
      {words}
    </li>
  );
}

/** The decision. What is still what was proposed is approved, anything else corrects it. */
export async function decideReviewPage({ api, params, form }: Visit): Promise<{ goTo: string }> {
  const text = (field: string) => String(form.get(field) ?? '');
  const [classification, note] = [text('classification'), text('note').trim()];
  const decision = classification === text('proposed') ? 'approve' : 'correct';
  const body = { decision, classification, ...(note === '' ? {} : { note }) };
  const path = `/ingest/${params.tenant_id}/review/${encodeURIComponent(params.doc_id!)}`;
  const { data } = await api.send<z.infer<typeof ReviewAnswer>>('POST', path, body, text('mark'));
  return {
    goTo: `${tenantPath(params.tenant_id!, 'review')}?${new URLSearchParams({ decided: data.classification })}`,
  };
}
