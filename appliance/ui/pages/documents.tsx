import { name } from '../../api/markup.ts';
import type { DocumentListItem } from '../../api/schemas/query.ts';
import type { z } from '../../api/zod.ts';
import type { PageParts } from '../parts/layout.tsx';
import { olderLink, scrolledTable } from '../parts/lists.tsx';
import { emptyState, moment, number, pill } from '../parts/pieces.tsx';
import { STANDING_TONES, standingOf } from '../standing.ts';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

/** The documents of a tenant, newest first, a page at a time. */
export async function documentsPage({ t, api, language, now, params, query }: Visit): Promise<PageParts> {
  const says = t.documents;
  const tenant = params.tenant_id!;
  const here = tenantPath(tenant, 'documents');
  const { data, meta } = await api.get<z.infer<typeof DocumentListItem>[]>(`/query/${tenant}/documents`, {
    cursor: query.get('after') ?? undefined,
    limit: 50,
  });
  const rows = data.map((document) => {
    const standing = standingOf({ status: 'accepted', state: document.state });
    const count = (value: number | null) => (value === null ? '–' : number(language, value));
    return (
      <tr>
        <th scope="row">
          <a href={tenantPath(tenant, 'documents', document.doc_id)}>{name(document.original_filename)}</a>
        </th>
        <td>{pill(STANDING_TONES[standing], t.standings[standing])}</td>
        <td>{document.classification ?? '–'}</td>
        <td class="n" data-label={says.pages}>
          {count(document.page_count)}
        </td>
        <td class="n" data-label={says.chunks}>
          {count(document.chunk_count)}
        </td>
        <td>{moment(language, document.received_at, now)}</td>
      </tr>
    );
  });
  const columns = [
    says.document,
    says.state,
    says.classification,
    { number: says.pages },
    { number: says.chunks },
    says.received,
  ];
  const main = (
    <>
      <div class="head">
        <h1>{says.title}</h1>
      </div>
      <div class="card">{data.length === 0 ? emptyState(says.none, says.noneSays) : scrolledTable(columns, rows)}</div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.title, main, current: here };
}
