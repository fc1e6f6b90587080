import type { ControlVerbs, Tenant } from '../control/verbs.ts';

const PAGE = 100;

/** Every tenant, or those in one state, page by page. */
export async function* allTenants(
  control: Pick<ControlVerbs, 'tenants'>,
  state?: Tenant['state'],
): AsyncGenerator<Tenant> {
  for (let page = 1; ; page++) {
    const { tenants } = await control.tenants({ page, limit: PAGE, ...(state === undefined ? {} : { state }) });
    yield* tenants;
    if (tenants.length < PAGE) return;
  }
}
