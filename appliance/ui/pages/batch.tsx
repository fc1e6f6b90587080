import { type Markup, name } from '../../api/markup.ts';
import { WRITERS } from '../../api/route.ts';
import type { BatchStatus, FileStatus } from '../../api/schemas/ingest.ts';
import type { PageParts } from '../parts/layout.tsx';
import { copyable, number, pill, wholeMoment } from '../parts/pieces.tsx';
import { problems } from '../parts/problems.tsx';
import { batchStages, fileStages } from '../parts/stage-bars.tsx';
import { STANDING_TONES, STANDINGS, standingOf } from '../standing.ts';
import type { Standing } from '../texts/en.ts';
import type { Visit } from '../visit.ts';
import { BATCH_TONES } from './batches.tsx';
import { tenantPath } from './paths.ts';

/** Files of one page; a batch may hold thousands. */
const FILES_SHOWN = 500;
/** How often a page without script loads itself again while its batch is under way, in seconds. */
const RELOAD_S = 5;

/** A batch: how far it is, what is to be done, every file with its stages. The client keeps it true while it is open. */
export async function batchPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, language, now } = visit;
  const says = t.batch;
  const [tenant, batchId] = [params.tenant_id!, params.batch_id!];
  const { data: batch } = await api.get<BatchStatus>(`/ingest/${tenant}/batch/${encodeURIComponent(batchId)}`);
  const report = batch.acceptance_report;
  const isOpen = batch.status === 'receiving' || batch.status === 'processing';
  const stream = `/api/v1/ingest/${tenant}/batch/${encodeURIComponent(batchId)}/stream`;
  const reportPage = `/api/v1/ingest/${tenant}/batch/${encodeURIComponent(batchId)}/report.html`;
  const main = (
    <div {...(isOpen ? { 'data-live': stream, 'data-texts': JSON.stringify(liveTexts(visit)) } : {})}>
      <div class="head">
        <div>
          <h1>
            {name(batch.batch_id)}{' '}
            <span data-batch-state>{pill(BATCH_TONES[batch.status], t.batchStates[batch.status])}</span>
          </h1>
          <p class="soft">
            {says.received(report?.submitted_by ?? tenant)} · {wholeMoment(language, batch.submitted_at, now)} ·{' '}
            {copyable(t, batch.batch_id)}
          </p>
        </div>
        <div class="actions">
          {report === null ? null : (
            <a class="button" href={reportPage}>
              {report.final ? says.report : says.reportInterim}
            </a>
          )}
        </div>
      </div>
      {isOpen ? (
        <>
          <p class="live" role="status" data-live-note hidden />
          <noscript>
            <p class="live">{says.reloads}</p>
          </noscript>
        </>
      ) : null}
      <section class="card" aria-labelledby="progress">
        <h2 id="progress">{says.progress}</h2>
        {counts(visit, batch)}
        {batchStages(t, batch.files)}
      </section>
      {problems(t, batch, reviewsOf(visit, batch))}
      {files(visit, batch)}
    </div>
  );
  return {
    title: batch.batch_id,
    main,
    current: tenantPath(tenant, 'batches'),
    ...(isOpen
      ? {
          head: (
            <noscript>
              <meta http-equiv="refresh" content={String(RELOAD_S)} />
            </noscript>
          ),
        }
      : {}),
  };
}

/** Where whoever looks decides about what the batch holds. */
function reviewsOf({ caller }: Visit, { tenant_id, batch_id }: BatchStatus): string | null {
  if (!WRITERS.includes(caller.role)) return null;
  return `${tenantPath(tenant_id, 'review')}?${new URLSearchParams({ batch_id })}`;
}

function counts({ t, language }: Visit, { summary }: BatchStatus): Markup {
  const shown = ['completed', 'processing', 'queued', 'held', 'failed'] as const;
  return (
    <dl class="counts">
      {shown.map((of) => (
        <div class={summary[of] === 0 ? 'zero' : of} data-count={of}>
          <dd>{number(language, summary[of])}</dd>
          <dt>{t.batch.counts[of]}</dt>
        </div>
      ))}
    </dl>
  );
}

function files(visit: Visit, { files: all, acceptance_report: report, tenant_id }: BatchStatus): Markup {
  const { t, query, params } = visit;
  const says = t.batch;
  const outcomes = new Map(report?.files.map(({ file_id, outcome }) => [file_id, outcome]));
  const again = new Set(report?.files.flatMap(({ file_id, duplicate_of }) => (duplicate_of === null ? [] : [file_id])));
  const standing = (file: FileStatus): Standing => outcomes.get(file.file_id) ?? standingOf(file);
  // What asks for attention first, else as they were sent.
  const sorted = all
    .map((file, at) => ({ file, at, standing: standing(file) }))
    .sort((a, b) => STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) || a.at - b.at);
  const pages = Math.max(1, Math.ceil(sorted.length / FILES_SHOWN));
  const page = Math.min(pages, Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1));
  const shown = sorted.slice((page - 1) * FILES_SHOWN, page * FILES_SHOWN);
  const here = tenantPath(tenant_id, 'batches', params.batch_id!);
  return (
    <section class="card" aria-labelledby="files">
      <h2 id="files">
        {says.files} <span class="soft">{t.files(all.length)}</span>
      </h2>
      <table class="rows files">
        <thead>
          <tr>
            <th scope="col">{says.file}</th>
            <th scope="col">{says.stages}</th>
            <th scope="col">{says.standing}</th>
            <th scope="col">{says.receipt}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ file, standing: stands }) => row(visit, tenant_id, file, stands, again.has(file.file_id)))}
        </tbody>
      </table>
      {pages === 1 ? null : (
        <p class="pager">
          {Array.from({ length: pages }, (_, at) => at + 1).map((one) =>
            one === page ? (
              <a href={`${here}?page=${one}`} aria-current="page">
                {one}
              </a>
            ) : (
              <a href={`${here}?page=${one}`}>{one}</a>
            ),
          )}
        </p>
      )}
    </section>
  );
}

function row({ t }: Visit, tenant: string, file: FileStatus, standing: Standing, isAgain: boolean): Markup {
  const says = t.batch;
  const title = name(file.original_filename);
  return (
    <tr data-file={file.file_id}>
      <th scope="row">
        {file.doc_id === null ? title : <a href={tenantPath(tenant, 'documents', file.doc_id)}>{title}</a>}
        {isAgain ? (
          <>
            {' '}
            <span class="soft small">{says.duplicate}</span>
          </>
        ) : null}
      </th>
      <td>{fileStages(t, file.stages)}</td>
      <td data-standing>{pill(STANDING_TONES[standing], t.standings[standing])}</td>
      <td>
        {file.receipt_id === null ? (
          <>–</>
        ) : (
          <a
            href={tenantPath(tenant, 'receipts', file.receipt_id)}
            aria-label={`${says.receipt}: ${file.original_filename}`}
          >
            {says.receipt}
          </a>
        )}
      </td>
    </tr>
  );
}

/** What the client says while it keeps the page true. */
function liveTexts({ t, language }: Visit) {
  const { live, lost, settled, showReport } = t.batch;
  return {
    live,
    lost,
    settled,
    showReport,
    language,
    done: t.batch.done('{done}', '{total}'),
    stages: t.stages,
    stageStatuses: t.stageStatuses,
    standings: t.standings,
    batchStates: t.batchStates,
  };
}
