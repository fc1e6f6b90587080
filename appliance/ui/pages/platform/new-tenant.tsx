import type { Tenant } from '../../../control/verbs.ts';
import { Refusal } from '../../api.ts';
import { choice, markOf, sent, type WrongField, wrongFields, wrongOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { pageHead, UNSPELLED } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

const TIERS = ['standard', 'premium', 'enterprise'] as const;

/** Where a tenant is created. What is not asked for here begins with the defaults, and is changed in its configuration. */
export async function newTenantPage(visit: Visit): Promise<PageParts> {
  return form(visit, []);
}

/** Creates it, and leads to its page, which shows how far it is; else the form again, with what is wrong. */
export async function createTenantPage(visit: Visit): Promise<PageParts | { goTo: string }> {
  const id = sent(visit, 'tenant_id');
  const body = {
    tenant_name: sent(visit, 'tenant_name'),
    contact_email: sent(visit, 'contact_email'),
    tier: sent(visit, 'tier'),
    ...(id === '' ? {} : { tenant_id: id }),
  };
  try {
    const { data } = await visit.api.send<Tenant>('POST', '/admin/tenants', body, sent(visit, 'mark'));
    return { goTo: `${tenantPath(data.tenant_id)}?done=made` };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return form(visit, wrongOf(error));
  }
}

function form(visit: Visit, wrong: readonly WrongField[]): PageParts {
  const says = visit.t.newTenant;
  const isWrong = (field: string) => (wrong.some((one) => one.field === field) ? 'true' : undefined);
  const main = (
    <>
      {pageHead(says.title, says.says)}
      {wrongFields(says.wrong, wrong)}
      <form method="post" action="/new-tenant" class="card fields one-column">
        {markOf(visit)}
        <label for="tenant_name">{says.name}</label>
        <input
          id="tenant_name"
          name="tenant_name"
          maxlength={200}
          required
          aria-invalid={isWrong('tenant_name')}
          value={sent(visit, 'tenant_name')}
        />
        <label for="tenant_id">{says.id}</label>
        <input
          id="tenant_id"
          name="tenant_id"
          maxlength={32}
          pattern="[a-z][a-z0-9]{2,31}"
          aria-describedby="id-says"
          aria-invalid={isWrong('tenant_id')}
          value={sent(visit, 'tenant_id')}
          {...UNSPELLED}
        />
        <p class="hint" id="id-says">
          {says.idSays}
        </p>
        <label for="contact_email">{says.email}</label>
        <input
          id="contact_email"
          name="contact_email"
          type="email"
          maxlength={254}
          required
          aria-invalid={isWrong('contact_email')}
          value={sent(visit, 'contact_email')}
        />
        <label for="tier">{says.tier}</label>
        {choice(
          'tier',
          TIERS.map((one) => [one, one] as const),
          sent(visit, 'tier'),
        )}
        <button type="submit" class="button">
          {says.go}
        </button>
      </form>
    </>
  );
  return { title: says.title, main, current: '/tenants', ...(wrong.length > 0 ? { status: 400 } : {}) };
}
