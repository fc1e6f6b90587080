import type { ExportAnswer } from '../../../api/schemas/audit.ts';
import type { z } from '../../../api/zod.ts';
import { choice, markOf, sent } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { copyable, facts, number, pill, type Tone, wholeMoment } from '../../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../../parts/reload.tsx';
import type { Visit } from '../../visit.ts';
import { auditPath } from '../paths.ts';

type Export = z.infer<typeof ExportAnswer>;

const TONES: Readonly<Record<Export['status'], Tone>> = Object.freeze({
  pending: 'running',
  ready: 'good',
  expired: 'quiet',
  failed: 'bad',
});
/** How often the page looks again while an export is made, in seconds. */
const RELOAD_S = 2;

/** Where a range of a log is asked for as a file. */
export async function exportsPage(visit: Visit): Promise<PageParts> {
  const { t, params } = visit;
  const says = t.audit;
  const here = auditPath(params.tenant_id!, 'exports');
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{says.exports}</h1>
          <p class="lead">{says.exportsSay}</p>
        </div>
      </div>
      <form method="post" action={here} class="card fields one-column">
        {markOf(visit)}
        <label for="from">{says.from}</label>
        <input id="from" name="from" type="date" />
        <label for="to">{says.to}</label>
        <input id="to" name="to" type="date" />
        <label for="format">{says.format}</label>
        {choice(
          'format',
          [
            ['jsonl', 'JSON Lines'],
            ['csv', 'CSV'],
          ],
          'jsonl',
        )}
        <label class="tick">
          <input type="checkbox" name="details" checked /> {says.withDetails}
        </label>
        <button type="submit" class="button">
          {says.exportGo}
        </button>
      </form>
    </>
  );
  return { title: says.exports, main, current: '/audit' };
}

/** Starts it, and leads to where it stands. */
export async function startExportPage(visit: Visit): Promise<{ goTo: string }> {
  const { api, params, form } = visit;
  const [from, to] = [sent(visit, 'from'), sent(visit, 'to')];
  const body = {
    ...(from === '' ? {} : { from }),
    ...(to === '' ? {} : { to }),
    format: sent(visit, 'format'),
    include_details: form.has('details'),
  };
  const { data } = await api.send<Export>('POST', `/audit/${params.tenant_id}/export`, body, sent(visit, 'mark'));
  return { goTo: auditPath(params.tenant_id!, 'exports', data.export_id) };
}

/** How far an export is; its file and its manifest once it is ready. */
export async function exportPage({ t, api, params, language, now }: Visit): Promise<PageParts> {
  const says = t.audit;
  const path = `/audit/${params.tenant_id}/export/${encodeURIComponent(params.export_id!)}`;
  const { data: made } = await api.get<Export>(path);
  const day = (iso: string | null) => (iso === null ? '…' : iso.slice(0, 10));
  const isOpen = made.status === 'pending';
  const main = (
    <>
      {isOpen ? reloadMark(RELOAD_S) : null}
      <div class="head">
        <div>
          <h1>
            {says.exports} {pill(TONES[made.status], says.exportStates[made.status])}
          </h1>
          <p class="soft">{copyable(t, made.export_id)}</p>
        </div>
      </div>
      <section class="card">
        {facts([
          [says.range, `${day(made.from)} – ${day(made.to)}`],
          [says.format, made.format],
          made.event_count === null ? null : [says.events, number(language, made.event_count)],
          made.file_sha256 === null ? null : ['SHA-256', copyable(t, made.file_sha256)],
          [says.until, wholeMoment(language, made.expires_at, now)],
        ])}
        {made.status === 'ready' ? (
          <>
            <p class="actions">
              <a class="button" href={`/api/v1${path}/download`} download>
                {says.file}
              </a>{' '}
              <a class="button second" href={`/api/v1${path}/manifest`} download>
                {says.manifest}
              </a>
            </p>
            <p>{says.checkThere}</p>
            <pre tabindex={0}>
              <code>sha256sum {`audit-export.${made.format}`}</code>
            </pre>
          </>
        ) : null}
        {made.status === 'pending' ? (
          <p>
            <a class="button second" href={auditPath(params.tenant_id!, 'exports', made.export_id)}>
              {says.reload}
            </a>
          </p>
        ) : null}
      </section>
    </>
  );
  return { title: says.exports, main, current: '/audit', ...(isOpen ? { head: reloadHead(RELOAD_S) } : {}) };
}
