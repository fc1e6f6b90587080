import type { Markup } from '../../../api/markup.ts';
import { TenantConfig } from '../../../api/tenant-config.ts';
import type { ConfigUpdate, Tenant } from '../../../control/verbs.ts';
import { Refusal } from '../../api.ts';
import { CONFIG_FIELDS, configFields, configOf, shownValue } from '../../parts/config-fields.tsx';
import { markOf, reasonField, sent, type WrongField, wrongFields, wrongOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

type Wanted = ReturnType<typeof configOf>;

/** The configuration of a tenant, to be changed: first a look at what changes, then the change, with a reason. */
export async function configurationPage(visit: Visit): Promise<PageParts> {
  const tenant = await tenantOf(visit);
  const changed = Number(visit.query.get('changed'));
  const told = changed > 0 ? visit.t.configuration.changed(changed) : null;
  return form(visit, tenant, tenant.config, { told });
}

/** What a form asks for: a look at the change where it can be made so, else the form again with what is wrong. */
export async function changeConfigurationPage(visit: Visit): Promise<PageParts | { goTo: string }> {
  const tenant = await tenantOf(visit);
  const wanted = configOf(visit.form, tenant.config);
  const changes = CONFIG_FIELDS.filter((field) => !isSame(tenant.config[field], wanted[field]));
  const says = visit.t.configuration;
  if (changes.length === 0) return form(visit, tenant, wanted, { told: says.nothing });
  const { success, error } = TenantConfig.safeParse(wanted);
  if (!success) {
    const wrong = error.issues.map(({ path, message }) => ({ field: path.join('.'), constraint: message }));
    return form(visit, tenant, wanted, { wrong });
  }
  if (sent(visit, 'step') !== 'change') return diff(visit, tenant, wanted, changes);
  const config = Object.fromEntries(changes.map((field) => [field, wanted[field]]));
  const path = `/admin/tenants/${tenant.tenant_id}`;
  try {
    const body = { config, reason: sent(visit, 'reason') };
    const { data } = await visit.api.send<ConfigUpdate>('PATCH', path, body, sent(visit, 'mark'));
    return { goTo: `${tenantPath(tenant.tenant_id, 'configuration')}?changed=${data.config_version}` };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return form(visit, tenant, wanted, { wrong: wrongOf(error) });
  }
}

async function tenantOf({ api, params }: Visit): Promise<Tenant> {
  return (await api.get<Tenant>(`/admin/tenants/${params.tenant_id}`)).data;
}

/** Lists of types and formats are sets: their order is none. */
function isSame(one: unknown, other: unknown): boolean {
  const plain = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
  return plain(one) === plain(other);
}

function form(
  visit: Visit,
  tenant: Tenant,
  config: Wanted,
  { told = null, wrong = [] }: { told?: string | null; wrong?: readonly WrongField[] },
): PageParts {
  const { t } = visit;
  const says = t.configuration;
  const main = (
    <>
      {head(visit, tenant)}
      {told === null ? null : (
        <p class="told" role="status">
          {told}
        </p>
      )}
      {wrongFields(says.wrong, wrong)}
      <form method="post" action={tenantPath(tenant.tenant_id, 'configuration')} class="groups">
        {markOf(visit)}
        {configFields(t, config)}
        <p class="wide">
          <button type="submit" class="button" name="step" value="look">
            {says.look}
          </button>
        </p>
      </form>
    </>
  );
  return { title: says.title, main, current: '/tenants', ...(wrong.length > 0 ? { status: 400 } : {}) };
}

function head(visit: Visit, { tenant_id, config_version }: Tenant): Markup {
  const says = visit.t.configuration;
  return (
    <>
      <div class="head">
        <div>
          <h1>{says.title}</h1>
          <p class="lead">{says.says}</p>
          <p class="soft">
            <code>{tenant_id}</code> · {says.version(config_version)}
          </p>
        </div>
      </div>
      {tenantWays(visit, 'configuration')}
    </>
  );
}

function diff(visit: Visit, tenant: Tenant, wanted: Wanted, changes: typeof CONFIG_FIELDS): PageParts {
  const { t, form: asked } = visit;
  const says = t.configuration;
  const kept = CONFIG_FIELDS.flatMap((field) =>
    asked.getAll(field).map((value) => <input type="hidden" name={field} value={String(value)} />),
  );
  const here = tenantPath(tenant.tenant_id, 'configuration');
  const main = (
    <>
      {head(visit, tenant)}
      <section class="card" aria-labelledby="diff">
        <h2 id="diff">{says.diff}</h2>
        <table class="rows list diff">
          <thead>
            <tr>
              <th scope="col">{says.field}</th>
              <th scope="col">{says.before}</th>
              <th scope="col">{says.after}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((field) => (
              <tr>
                <th scope="row">
                  {says.fields[field]} <code class="soft">{field}</code>
                </th>
                <td data-label={says.before}>
                  <del>{shownValue(t, tenant.config[field])}</del>
                </td>
                <td data-label={says.after}>
                  <ins>{shownValue(t, wanted[field])}</ins>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <form method="post" action={here} class="fields">
          {markOf(visit)}
          {kept}
          {reasonField(t)}
          <p class="actions">
            <button type="submit" class="button" name="step" value="change">
              {says.go}
            </button>{' '}
            <a href={here}>{says.again}</a>
          </p>
        </form>
      </section>
    </>
  );
  return { title: says.title, main, current: '/tenants' };
}
