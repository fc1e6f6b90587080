import { name } from '../../api/markup.ts';
import { BATCH_STATES, type BatchListItem } from '../../api/schemas/ingest.ts';
import type { z } from '../../api/zod.ts';
import type { PageParts } from '../parts/layout.tsx';
import { olderLink, scrolledTable, stateFilter } from '../parts/lists.tsx';
import { action, emptyState, moment, number, pill, type Tone } from '../parts/pieces.tsx';
import type { BatchState } from '../texts/en.ts';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

export const BATCH_TONES: Readonly<Record<BatchState, Tone>> = Object.freeze({
  receiving: 'running',
  processing: 'running',
  held: 'waiting',
  completed: 'good',
  cancelled: 'quiet',
});

/** What was sent to a tenant, newest first. */
export async function batchesPage(visit: Visit): Promise<PageParts> {
  const { t, api, language, now, params, query } = visit;
  const says = t.batches;
  const tenant = params.tenant_id!;
  const here = tenantPath(tenant, 'batches');
  const state = BATCH_STATES.find((one) => one === query.get('status'));
  const { data, meta } = await api.get<z.infer<typeof BatchListItem>[]>(`/ingest/${tenant}/batches`, {
    status: state,
    cursor: query.get('after') ?? undefined,
    limit: 50,
  });
  const rows = data.map(({ batch_id, status, file_count, submitted_at, submitted_by }) => (
    <tr>
      <th scope="row">
        <a href={tenantPath(tenant, 'batches', batch_id)}>{name(batch_id)}</a>
      </th>
      <td>{pill(BATCH_TONES[status], t.batchStates[status])}</td>
      <td class="n" data-label={says.files}>
        {number(language, file_count)}
      </td>
      <td>{moment(language, submitted_at, now)}</td>
      <td data-label={says.by}>{name(submitted_by)}</td>
    </tr>
  ));
  const maySend = visit.caller.role === 'tenant_admin';
  const isBare = state === undefined && !query.has('after');
  const none = isBare
    ? emptyState(
        says.none,
        says.noneSays,
        <>
          {maySend ? action(tenantPath(tenant, 'upload'), t.upload.title) : null}
          <p>{says.onTheCommandLine}</p>
          <pre tabindex={0}>
            <code>frostbyte ingest ./outgoing --tenant {tenant}</code>
          </pre>
        </>,
      )
    : emptyState(says.noneOf, says.noneOfSays);
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{says.title}</h1>
          <p class="lead">{says.says}</p>
        </div>
        {maySend && data.length > 0 ? (
          <div class="actions">{action(tenantPath(tenant, 'upload'), t.upload.title)}</div>
        ) : null}
      </div>
      {isBare && data.length === 0
        ? null
        : stateFilter(
            t,
            here,
            BATCH_STATES.map((one) => [one, t.batchStates[one]] as const),
            state,
          )}
      <div class="card">
        {data.length === 0
          ? none
          : scrolledTable([says.batch, says.state, { number: says.files }, says.received, says.by], rows)}
      </div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.title, main, current: here };
}
