import { code, name } from '../../../api/markup.ts';
import type { QuarantineItem } from '../../../api/schemas/quarantine.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { listTable, olderLink, stateFilter } from '../../parts/lists.tsx';
import { emptyState, moment, pageHead, pill } from '../../parts/pieces.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

const STATES = ['open', 'rejected'] as const;

/** What is kept apart in a tenant, newest first. */
export async function quarantinePage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query, language, now } = visit;
  const says = t.quarantine;
  const here = tenantPath(params.tenant_id!, 'quarantine');
  const status = STATES.find((one) => one === query.get('status'));
  const page = { status, cursor: query.get('after') ?? undefined, limit: 50 };
  const { data, meta } = await api.get<QuarantineItem[]>(`/ingest/${params.tenant_id}/quarantine`, page);
  const done = query.get('done');
  const rows = data.map((item) => (
    <tr>
      <th scope="row">
        <a href={`${here}/${item.doc_id}`}>{name(item.original_filename)}</a>
      </th>
      <td>{code(item.reason)}</td>
      <td data-label={says.extent}>{says.extents[item.scope]}</td>
      <td>{pill(item.status === 'open' ? 'apart' : 'quiet', says.states[item.status])}</td>
      <td>{moment(language, item.received_at, now)}</td>
    </tr>
  ));
  const main = (
    <>
      {pageHead(says.title, says.says)}
      {tenantWays(visit, 'quarantine')}
      {done === 'released' || done === 'rejected' ? (
        <p class="told" role="status">
          {says[done]}
        </p>
      ) : null}
      {stateFilter(
        t,
        here,
        STATES.map((one) => [one, says.states[one]] as const),
        status,
      )}
      <div class="card">
        {data.length === 0
          ? emptyState(says.none, says.noneSays)
          : listTable([t.documents.document, says.reason, says.extent, t.documents.state, t.documents.received], rows)}
      </div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.title, main, current: here };
}
