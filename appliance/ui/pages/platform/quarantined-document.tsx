import { code, type Markup, name, size } from '../../../api/markup.ts';
import type { QuarantineDocument } from '../../../api/schemas/quarantine.ts';
import { choice, markOf, reasonField, sent } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { copyable, facts, pill, wholeMoment } from '../../parts/pieces.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

const CHUNKS_SHOWN = 100;

/** Why a document is kept apart, without a word of its text, and the decision about it. */
export async function quarantinedDocumentPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, caller } = visit;
  const says = t.quarantine;
  const here = tenantPath(params.tenant_id!, 'quarantine');
  const path = `/ingest/${params.tenant_id}/quarantine/${encodeURIComponent(params.doc_id!)}`;
  const { data: document } = await api.get<QuarantineDocument>(path, { limit: CHUNKS_SHOWN });
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            {name(document.original_filename)}{' '}
            {pill(document.status === 'open' ? 'apart' : 'quiet', says.states[document.status])}
          </h1>
          <p class="soft">{copyable(t, document.doc_id)}</p>
        </div>
      </div>
      {tenantWays(visit, 'quarantine')}
      <div class="columns">
        <div>
          <section class="card" aria-labelledby="why">
            <h2 id="why">{says.why}</h2>
            <article class="problem blocked">
              <h3>
                <span lang="en">{document.message}</span>
              </h3>
              <p class="kind">
                {code(document.reason)} · {says.extents[document.scope]}
              </p>
              <p class="mend">
                <b>{t.batch.mend}</b> <span lang="en">{document.remediation}</span>
              </p>
            </article>
            {known(visit, document)}
          </section>
          {chunks(visit, document)}
          {hidden(visit, document)}
        </div>
        <div>
          {caller.role === 'admin' ? release(visit, `${here}/${document.doc_id}/release`, document) : null}
          {document.status === 'open' ? reject(visit, `${here}/${document.doc_id}/reject`) : null}
        </div>
      </div>
    </>
  );
  return { title: document.original_filename, main, current: here };
}

function known({ t, language, now, params }: Visit, document: QuarantineDocument): Markup {
  const { signature, release, rejection } = document;
  return facts([
    signature === null ? null : [t.quarantine.signature, <code>{signature}</code>],
    [t.document.type, <code>{document.mime_type}</code>],
    [t.document.size, size(document.size_bytes)],
    [t.document.received, wholeMoment(language, document.received_at, now)],
    [
      t.batches.batch,
      <a href={tenantPath(params.tenant_id!, 'batches', document.batch_id)}>{name(document.batch_id)}</a>,
    ],
    document.pii_types.length === 0 ? null : [t.document.pii, document.pii_types.join(', ')],
    document.injection_max_score === null ? null : [t.document.injection, document.injection_max_score.toFixed(2)],
    release === null ? null : [t.quarantine.release, `${release.released_by}, ${release.released_at}`],
    rejection === null ? null : [t.quarantine.states.rejected, `${rejection.rejected_by}, ${rejection.rejected_at}`],
  ]);
}

function chunks({ t }: Visit, document: QuarantineDocument): Markup | null {
  const says = t.quarantine;
  if (document.chunks.length === 0) return null;
  return (
    <section class="card" aria-labelledby="chunks">
      <h2 id="chunks">
        {says.chunks}{' '}
        <span class="soft small">{t.document.shown(1, document.chunks.length, document.chunk_total)}</span>
      </h2>
      <div>
        <table class="rows list">
          <thead>
            <tr>
              <th scope="col">{t.document.chunks}</th>
              <th scope="col">{says.heldBy}</th>
              <th scope="col">{t.document.gates}</th>
              <th scope="col" class="n">
                {says.score}
              </th>
            </tr>
          </thead>
          <tbody>
            {document.chunks.map((chunk) => (
              <tr>
                <th scope="row">
                  <code>{chunk.chunk_id}</code>{' '}
                  <span class="soft small">
                    {t.document.page(chunk.page)} · {t.document.elements[chunk.element_type] ?? chunk.element_type}
                  </span>
                </th>
                <td>{chunk.held_by.map((gate) => t.document[gate]).join(', ')}</td>
                <td>{[...chunk.pii_types, ...chunk.injection_patterns].join(', ') || '–'}</td>
                <td class="n">{chunk.injection_score.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function hidden({ t }: Visit, { hidden_text }: QuarantineDocument): Markup | null {
  const says = t.quarantine;
  if (hidden_text.length === 0) return null;
  return (
    <section class="card" aria-labelledby="hidden">
      <h2 id="hidden">{says.hidden}</h2>
      <p class="soft">{says.hiddenSays}</p>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{says.kind}</th>
            <th scope="col">{t.documents.pages}</th>
            <th scope="col" class="n">
              {says.characters}
            </th>
          </tr>
        </thead>
        <tbody>
          {hidden_text.map(({ kind, page, characters }) => (
            <tr>
              <th scope="row">
                <code>{kind}</code>
              </th>
              <td>{t.document.page(page)}</td>
              <td class="n">{characters}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function release(visit: Visit, path: string, document: QuarantineDocument): Markup {
  const { t } = visit;
  const says = t.quarantine;
  const pii = document.pii_types.length === 0 ? null : says.personalActions;
  return (
    <section class="card switch go" aria-labelledby="release">
      <h2 id="release">{says.release}</h2>
      {document.releasable ? (
        <>
          <p>{says.releaseSays}</p>
          <form method="post" action={path} class="fields">
            {markOf(visit)}
            {pii === null ? null : (
              <>
                <label for="pii_action">{says.personal}</label>
                {choice(
                  'pii_action',
                  [
                    ['redact', pii.redact],
                    ['flag', pii.flag],
                  ],
                  'redact',
                )}
              </>
            )}
            {reasonField(t, 'release-reason')}
            <button type="submit" class="button">
              {says.releaseGo}
            </button>
          </form>
        </>
      ) : (
        <p class="soft">{says.notReleasable}</p>
      )}
    </section>
  );
}

function reject(visit: Visit, path: string): Markup {
  const says = visit.t.quarantine;
  return (
    <section class="card switch stop" aria-labelledby="reject">
      <h2 id="reject">{says.reject}</h2>
      <p>{says.rejectSays}</p>
      <form method="post" action={path} class="fields">
        {markOf(visit)}
        {reasonField(visit.t, 'reject-reason')}
        <button type="submit" class="button danger">
          {says.rejectGo}
        </button>
      </form>
    </section>
  );
}

/** It goes on, or what of it is kept apart does. */
export async function releasePage(visit: Visit): Promise<{ goTo: string }> {
  const pii = sent(visit, 'pii_action');
  return decide(visit, 'release', { reason: sent(visit, 'reason'), ...(pii === '' ? {} : { pii_action: pii }) });
}

/** It stays out for good. */
export async function rejectPage(visit: Visit): Promise<{ goTo: string }> {
  return decide(visit, 'reject', { reason: sent(visit, 'reason') });
}

async function decide(visit: Visit, what: 'release' | 'reject', body: object): Promise<{ goTo: string }> {
  const { api, params } = visit;
  const path = `/ingest/${params.tenant_id}/quarantine/${encodeURIComponent(params.doc_id!)}/${what}`;
  await api.send('POST', path, body, sent(visit, 'mark'));
  return { goTo: `${tenantPath(params.tenant_id!, 'quarantine')}?done=${what}${what === 'release' ? 'd' : 'ed'}` };
}
