import type { Markup } from '../../../api/markup.ts';
import { name } from '../../../api/markup.ts';
import type { BreakGlassGrant } from '../../../control/verbs.ts';
import { markOf, reasonField, sent } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { olderLink } from '../../parts/lists.tsx';
import { emptyState, moment, pageHead, pill, type Tone } from '../../parts/pieces.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { tenantPath } from '../paths.ts';

const TONES: Readonly<Record<BreakGlassGrant['state'], Tone>> = Object.freeze({
  open: 'waiting',
  closed: 'quiet',
  expired: 'quiet',
});
const MINUTES = 15;

/** Who looked at a tenant's content and why, and the way to look oneself. */
export async function breakGlassPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query } = visit;
  const says = t.glass;
  const id = params.tenant_id!;
  const here = tenantPath(id, 'break-glass');
  const page = { cursor: query.get('after') ?? undefined, limit: 50 };
  const { data, meta } = await api.get<BreakGlassGrant[]>(`/admin/tenants/${id}/break-glass`, page);
  const main = (
    <>
      {pageHead(says.title, says.says)}
      {tenantWays(visit, 'break-glass')}
      <div class="columns">
        <section class="card" aria-labelledby="grants">
          <h2 id="grants">{says.grants}</h2>
          {data.length === 0 ? emptyState(says.none, says.noneSays) : grants(visit, here, data)}
          {olderLink(t, here, query, meta?.cursor)}
        </section>
        <div>{breakGlassForm(visit, here)}</div>
      </div>
    </>
  );
  return { title: says.title, main, current: '/tenants' };
}

function grants(visit: Visit, here: string, all: readonly BreakGlassGrant[]): Markup {
  const { t, language, now } = visit;
  const says = t.glass;
  return (
    <table class="rows list">
      <thead>
        <tr>
          <th scope="col">{says.who}</th>
          <th scope="col">{t.tenant.reason}</th>
          <th scope="col">{says.until}</th>
          <th scope="col">{t.tenants.state}</th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ grant_id, subject, reason, state, closed_at, expires_at }) => (
          <tr>
            <th scope="row">{name(subject)}</th>
            <td>{name(reason)}</td>
            <td data-label={says.until}>{moment(language, closed_at ?? expires_at, now)}</td>
            <td>
              {pill(TONES[state], says.states[state])}{' '}
              {state === 'open' ? (
                <form method="post" action={`${here}/${grant_id}/close`} class="row-actions">
                  {markOf(visit)}
                  <button type="submit" class="quiet">
                    {says.close}
                  </button>
                </form>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The way to look, also from where a look was refused; `next` is where it leads on to. */
export function breakGlassForm(visit: Visit, next: string, offer: string | null = null): Markup {
  const { t, params } = visit;
  const says = t.glass;
  return (
    <section class="card switch glass" aria-labelledby="glass">
      <h2 id="glass">{says.go}</h2>
      <p>{offer ?? says.says}</p>
      <form method="post" action={tenantPath(params.tenant_id!, 'break-glass')} class="fields">
        {markOf(visit)}
        <input type="hidden" name="next" value={next} />
        {reasonField(t, 'glass-reason')}
        <label for="minutes">{says.minutes}</label>
        <input id="minutes" name="minutes" type="number" min="1" max="60" value={String(MINUTES)} required />
        <button type="submit" class="button">
          {says.go}
        </button>
      </form>
    </section>
  );
}

/** Opens it and leads on. */
export async function openBreakGlassPage(visit: Visit): Promise<{ goTo: string }> {
  const { api, params } = visit;
  const body = { reason: sent(visit, 'reason'), minutes: Number(sent(visit, 'minutes')) };
  await api.send('POST', `/admin/tenants/${params.tenant_id}/break-glass`, body, sent(visit, 'mark'));
  const next = sent(visit, 'next');
  const own = tenantPath(params.tenant_id!);
  return { goTo: next.startsWith(`${own}/`) && !/[\\\s]/.test(next) ? next : `${own}/break-glass` };
}

/** Ends it before its time. */
export async function closeBreakGlassPage(visit: Visit): Promise<{ goTo: string }> {
  const { api, params } = visit;
  const path = `/admin/tenants/${params.tenant_id}/break-glass/${encodeURIComponent(params.grant_id!)}/close`;
  await api.send('POST', path, {}, sent(visit, 'mark'));
  return { goTo: tenantPath(params.tenant_id!, 'break-glass') };
}
