import { APPLIANCE_LOG } from '../../../kernel/audit-event.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { pageHead, UNSPELLED } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';
import { auditPath } from '../paths.ts';

/** Where whoever audits begins: the logs there are. Of a tenant's own people, its log. */
export async function logsPage(visit: Visit): Promise<PageParts | { goTo: string }> {
  const { t, caller, query } = visit;
  if (caller.tenant_id !== null) return { goTo: auditPath(caller.tenant_id) };
  const asked = query.get('log');
  if (asked !== null && /^[a-z][a-z0-9]{2,31}$/.test(asked)) return { goTo: auditPath(asked) };
  const says = t.audit;
  const main = (
    <>
      {pageHead(says.title, says.says)}
      <div class="columns">
        <section class="card" aria-labelledby="logs">
          <h2 id="logs">{says.logs}</h2>
          <p class="soft">{says.logsSay}</p>
          <ul class="links">
            <li>
              <a href={auditPath(APPLIANCE_LOG)}>{says.appliance}</a>
            </li>
            {(await tenantsOf(visit)).map((id) => (
              <li>
                <a href={auditPath(id)}>
                  <code>{id}</code>
                </a>
              </li>
            ))}
          </ul>
        </section>
        <section class="card" aria-labelledby="open">
          <h2 id="open">{says.log}</h2>
          <form method="get" action="/audit" class="fields">
            <label for="log">{t.tenants.tenant}</label>
            <input id="log" name="log" maxlength={32} required pattern="[a-z][a-z0-9]{2,31}" {...UNSPELLED} />
            <button type="submit" class="button">
              {says.open}
            </button>
          </form>
        </section>
      </div>
    </>
  );
  return { title: says.title, main, current: '/audit' };
}

/** Tenants, for whom may see the list of them; an auditor names the log that is audited. */
async function tenantsOf({ api, caller }: Visit): Promise<string[]> {
  if (caller.role !== 'admin') return [];
  const { data } = await api.get<{ tenant_id: string }[]>('/admin/tenants', { limit: 100 });
  return data.map(({ tenant_id }) => tenant_id);
}
