import { name, size } from '../../api/markup.ts';
import type { Tenant } from '../../control/verbs.ts';
import type { TenantState } from '../../kernel/identity.ts';
import type { PageParts } from '../parts/layout.tsx';
import { scrolledTable } from '../parts/lists.tsx';
import { action, emptyState, number, pill, type Tone } from '../parts/pieces.tsx';
import type { Texts } from '../texts/language.ts';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

/** How each state of a tenant is shown. */
export const TENANT_TONES: Readonly<Record<TenantState, Tone>> = Object.freeze({
  PENDING: 'running',
  PROVISIONING: 'running',
  ACTIVE: 'good',
  SUSPENDED: 'waiting',
  DEPROVISIONING: 'running',
  DEPROVISIONED: 'quiet',
  FAILED: 'bad',
});

/** How a tenant's last isolation check is shown: what passed long ago says too little. */
export function isolationPill(
  { tenants: says }: Texts,
  isolation: Pick<NonNullable<Tenant['isolation']>, 'overall_pass' | 'overdue'> | null,
): [Tone, string] {
  if (isolation === null) return ['quiet', says.notChecked];
  if (!isolation.overall_pass) return ['bad', says.notIsolated];
  return isolation.overdue ? ['bad', says.checkOverdue] : ['good', says.isolated];
}

/** The tenants of the box, as an administrator sees them first. */
export async function tenantsPage({ t, api, language, query }: Visit): Promise<PageParts> {
  const says = t.tenants;
  const page = Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1);
  const { data, meta } = await api.get<Tenant[]>('/admin/tenants', { page, limit: 100 });
  const rows = data.map(({ tenant_id, tenant_name, state, usage, isolation }) => {
    const title = (
      <>
        {name(tenant_name)} <code class="soft">{tenant_id}</code>
      </>
    );
    const [tone, checked] = isolationPill(t, isolation);
    return (
      <tr>
        <th scope="row">
          <a href={tenantPath(tenant_id)}>{title}</a>
        </th>
        <td>{pill(TENANT_TONES[state], state)}</td>
        <td class="n" data-label={says.documents}>
          {number(language, usage.documents_count)}
        </td>
        <td class="n">{size(Math.round(usage.storage_used_gb * 1e9))}</td>
        <td data-label={says.isolation}>{pill(tone, checked)}</td>
      </tr>
    );
  });
  const more = (meta?.total ?? 0) > page * 100;
  const main = (
    <>
      <div class="head">
        <h1>{says.title}</h1>
        <div class="actions">{action('/new-tenant', t.newTenant.title)}</div>
      </div>
      <div class="card">
        {data.length === 0
          ? emptyState(
              says.none,
              says.noneSays,
              <pre tabindex={0}>
                <code>frostbyte tenant create "Nord Law" --email it@nord.example</code>
              </pre>,
            )
          : scrolledTable(
              [says.tenant, says.state, { number: says.documents }, { number: says.stored }, says.isolation],
              rows,
            )}
      </div>
      {more ? (
        <p class="pager">
          <a href={`/tenants?page=${page + 1}`} rel="next">
            {t.older} →
          </a>
        </p>
      ) : null}
    </>
  );
  return { title: says.title, main, current: '/tenants' };
}
