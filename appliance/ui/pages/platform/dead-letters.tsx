import { code, type Markup } from '../../../api/markup.ts';
import type { DeadLetterAnswer, DeadLettersDecided } from '../../../api/schemas/ingest.ts';
import type { z } from '../../../api/zod.ts';
import type { StageName } from '../../../kernel/pipeline.ts';
import { REMEDIES, type ReportCode } from '../../../kernel/remedies.ts';
import { markOf, sent } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { listTable, olderLink, stateFilter } from '../../parts/lists.tsx';
import { emptyState, moment, pill, type Tone } from '../../parts/pieces.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

type Letter = z.infer<typeof DeadLetterAnswer>;

const STATES = ['pending_review', 'resolved', 'abandoned'] as const;
const TONES: Readonly<Record<Letter['status'], Tone>> = Object.freeze({
  pending_review: 'bad',
  resolved: 'good',
  abandoned: 'quiet',
});
/** Decided about with one click; more are decided with the next. */
const AT_ONCE = 500;

/** Documents that a stage gave up on: what went wrong with each, its mend, and the decision. */
export async function deadLettersPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query } = visit;
  const says = t.deadLetters;
  const here = tenantPath(params.tenant_id!, 'dead-letters');
  const status = STATES.find((one) => one === query.get('status'));
  const page = { status, cursor: query.get('after') ?? undefined, limit: 50 };
  const { data: letters, meta } = await api.get<Letter[]>(`/ingest/${params.tenant_id}/dlq`, page);
  const waiting = letters.filter((letter) => letter.status === 'pending_review').length;
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{says.title}</h1>
          <p class="lead">{says.says}</p>
        </div>
        {waiting > 1 ? (
          <form method="post" action={here} class="actions">
            {markOf(visit)}
            <input type="hidden" name="all" value="yes" />
            <button type="submit" class="button second" name="action" value="retry">
              {says.retryAll}
            </button>
          </form>
        ) : null}
      </div>
      {tenantWays(visit, 'dead-letters')}
      {told(visit)}
      {stateFilter(
        t,
        here,
        STATES.map((one) => [one, says.states[one]] as const),
        status,
      )}
      <div class="card">
        {letters.length === 0
          ? emptyState(says.none, says.noneSays)
          : listTable(
              [says.document, says.stage, says.error, says.last, says.decide],
              letters.map((letter) => row(visit, here, letter)),
            )}
      </div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.title, main, current: here };
}

function told({ t, query }: Visit): Markup | null {
  const done = Number(query.get('decided') ?? Number.NaN);
  const over = Number(query.get('over') ?? 0);
  if (!Number.isSafeInteger(done) || done < 0) return null;
  return (
    <p class="told" role="status">
      {t.deadLetters.done(done)} {over > 0 ? t.deadLetters.passedOver(over) : null}
    </p>
  );
}

function row(visit: Visit, here: string, letter: Letter): Markup {
  const { t, params, language, now } = visit;
  const says = t.deadLetters;
  const { dlq_entry_id, resource_id, stage, error, retry_count, last_attempt_at, status, resolution } = letter;
  const mend = Object.hasOwn(REMEDIES, error.code) ? REMEDIES[error.code as ReportCode].remediation : null;
  return (
    <tr>
      <th scope="row">
        <a href={tenantPath(params.tenant_id!, 'documents', resource_id)}>
          <code>{resource_id}</code>
        </a>
      </th>
      <td data-label={says.stage}>{t.stages[stage as StageName] ?? stage}</td>
      <td>
        <span lang="en">{error.message}</span> {code(error.code)}
        {mend === null ? null : (
          <p class="small soft" lang="en">
            {mend}
          </p>
        )}
      </td>
      <td>
        {moment(language, last_attempt_at, now)} <span class="soft small">{says.tries(retry_count)}</span>
      </td>
      <td>
        {status === 'pending_review' ? (
          <form method="post" action={here} class="row-actions">
            {markOf(visit)}
            <input type="hidden" name="entry" value={dlq_entry_id} />
            <button type="submit" class="button second" name="action" value="retry">
              {says.retry}
              <span class="unseen-label"> {resource_id}</span>
            </button>
            <button type="submit" class="quiet" name="action" value="skip">
              {says.skip}
              <span class="unseen-label"> {resource_id}</span>
            </button>
          </form>
        ) : (
          <>
            {pill(TONES[status], says.states[status])}{' '}
            <span class="soft small">{resolution === null ? null : says.resolutions[resolution]}</span>
          </>
        )}
      </td>
    </tr>
  );
}

/** The decision about one, or about all that wait. */
export async function decideDeadLettersPage(visit: Visit): Promise<{ goTo: string }> {
  const { api, params, form } = visit;
  const path = `/ingest/${params.tenant_id}/dlq`;
  const [action, mark] = [sent(visit, 'action'), sent(visit, 'mark')];
  let [decided, over] = [1, 0];
  if (form.has('all')) {
    const { data } = await api.send<DeadLettersDecided>('POST', path, { action, all: true, limit: AT_ONCE }, mark);
    [decided, over] = [data.decided, data.passed_over.length];
  } else {
    await api.send('POST', `${path}/${encodeURIComponent(sent(visit, 'entry'))}`, { action }, mark);
  }
  return { goTo: `${tenantPath(params.tenant_id!, 'dead-letters')}?decided=${decided}&over=${over}` };
}
