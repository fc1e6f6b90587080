import { type Markup, name, size } from '../../api/markup.ts';
import type { IsolationReport, IsolationSummary, Tenant } from '../../control/verbs.ts';
import { Refusal } from '../api.ts';
import { isolationMatrix, isolationTries } from '../parts/isolation-tries.tsx';
import type { PageParts } from '../parts/layout.tsx';
import { action, code, facts, number, pill, type Tone, wholeMoment } from '../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../parts/reload.tsx';
import { tenantWays } from '../parts/tenant-ways.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';
import { isolationPill, TENANT_TONES } from './tenants.tsx';

const GB = 1e9;
/** How often the page looks again while the tenant is being made, in seconds. */
const RELOAD_S = 3;
const STEP_TONES: Readonly<Record<Tenant['provisioning']['steps'][number]['status'], Tone>> = Object.freeze({
  pending: 'quiet',
  done: 'good',
  undone: 'waiting',
  failed: 'bad',
});

/** One tenant as whoever runs the box sees it: its state, what it takes, whether it is apart, and the switch that stops it. */
export async function tenantPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query, language } = visit;
  const id = params.tenant_id!;
  const { data: tenant } = await api.get<Tenant>(`/admin/tenants/${id}`);
  const { data: reports } = await api.get<IsolationSummary[]>(`/admin/tenants/${id}/isolation`, { limit: 1 });
  const report =
    reports[0] && (await api.get<IsolationReport>(`/admin/tenants/${id}/isolation/${reports[0].report_id}`)).data;
  const took = Number(query.get('took'));
  const told = query.get('done');
  const isOpen = tenant.state === 'PENDING' || tenant.state === 'PROVISIONING';
  const main = (
    <>
      {isOpen ? reloadMark(RELOAD_S) : null}
      <div class="head">
        <div>
          <h1>
            {name(tenant.tenant_name)} {pill(TENANT_TONES[tenant.state], tenant.state)}
          </h1>
          <p class="soft">
            <code>{id}</code>
          </p>
        </div>
        <div class="actions">
          {tenant.state === 'ACTIVE' ? action(tenantPath(id, 'batches'), t.tenant.content) : null}
        </div>
      </div>
      {tenantWays(visit, 'overview')}
      {told === 'made' ? (
        <p class="told" role="status">
          {t.newTenant.made}
        </p>
      ) : null}
      {told === 'stopped' && took > 0 ? (
        <p class="told" role="status">
          {t.tenant.stopped(number(language, Math.round(took)))}
        </p>
      ) : null}
      {told === 'resumed' ? (
        <p class="told" role="status">
          {t.tenant.resumed}
        </p>
      ) : null}
      <div class="columns">
        <div>
          <section class="card" aria-labelledby="facts">
            <h2 id="facts">{t.document.facts}</h2>
            {known(visit, tenant)}
          </section>
          {provisioning(visit, tenant)}
          <section class="card" aria-labelledby="isolation">
            <h2 id="isolation">{t.tenant.isolation}</h2>
            {isolation(visit, tenant, report)}
          </section>
        </div>
        <div>{killSwitch(visit, tenant)}</div>
      </div>
    </>
  );
  return { title: tenant.tenant_name, main, current: '/tenants', ...(isOpen ? { head: reloadHead(RELOAD_S) } : {}) };
}

function known({ t, language, now }: Visit, tenant: Tenant): Markup {
  const { usage, config } = tenant;
  const says = t.tenant;
  const [used, quota] = [usage.storage_used_gb * GB, config.storage_quota_gb * GB];
  return (
    <>
      <p class="whole">
        <span>
          {says.quota}: {says.quotaOf(size(Math.round(used)), size(quota))}
        </span>
        <progress max={quota} value={Math.round(used)} aria-label={says.quota} />
      </p>
      {facts([
        [t.documents.title, number(language, usage.documents_count)],
        [says.chunks, number(language, usage.chunks_count)],
        [says.batches, number(language, usage.batches_count)],
        [says.tier, tenant.tier],
        [says.contact, name(tenant.contact_email)],
        [says.made, wholeMoment(language, tenant.created_at, now)],
        [says.configuration, String(tenant.config_version)],
        [says.keyDue, wholeMoment(language, tenant.key_rotation_due_at, now)],
      ])}
    </>
  );
}

/** How far a tenant is that is being made, or where it broke off. */
function provisioning({ t, language, now }: Visit, { state, provisioning: plan }: Tenant): Markup | null {
  if (state !== 'PENDING' && state !== 'PROVISIONING' && state !== 'FAILED') return null;
  const says = t.newTenant;
  return (
    <section class="card" aria-labelledby="steps">
      <h2 id="steps">{says.steps}</h2>
      <table class="rows">
        <tbody>
          {plan.steps.map(({ step, status, at, error_code }) => (
            <tr>
              <th scope="row">
                <code>{step}</code>
              </th>
              <td>
                {pill(STEP_TONES[status], says.stepStates[status])} {error_code === undefined ? null : code(error_code)}
              </td>
              <td>{wholeMoment(language, at, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function isolation(
  { t, language, now, mark, params }: Visit,
  tenant: Pick<Tenant, 'isolation'>,
  report: IsolationReport | undefined,
): Markup {
  const says = t.tenant;
  const stands =
    report === undefined ? (
      <p class="soft">{says.never}</p>
    ) : (
      <>
        <p>
          {pill(
            ...isolationPill(t, { overall_pass: report.overall_pass, overdue: tenant.isolation?.overdue ?? false }),
          )}{' '}
          <span class="soft">
            {says.checked} {wholeMoment(language, report.checked_at, now)}
          </span>
        </p>
        {isolationMatrix(t, report)}
        <details>
          <summary>{t.ofTenant.details}</summary>
          {isolationTries(t, report)}
        </details>
      </>
    );
  return (
    <>
      <p class="soft">{says.isolationSays}</p>
      {stands}
      <form method="post" action={tenantPath(params.tenant_id!, 'isolation')}>
        <input type="hidden" name="mark" value={mark} />
        <p>
          <button type="submit" class="button second">
            {says.checkGo}
          </button>
        </p>
      </form>
    </>
  );
}

/** What stops a tenant, or lets it go on; nothing in states that know neither. */
function killSwitch({ t, mark }: Visit, { state, tenant_id }: Tenant): Markup | null {
  const says = t.tenant;
  if (state !== 'ACTIVE' && state !== 'SUSPENDED') return null;
  const isActive = state === 'ACTIVE';
  const notify = (
    <label class="tick">
      <input type="checkbox" name="notify" checked /> {says.notify}
    </label>
  );
  return (
    <section class={`card switch ${isActive ? 'stop' : 'go'}`} aria-labelledby="switch">
      <h2 id="switch">{isActive ? says.stop : says.resume}</h2>
      <p>{isActive ? says.stopSays : says.resumeSays}</p>
      <form method="post" action={tenantPath(tenant_id, isActive ? 'suspend' : 'resume')} class="fields">
        <input type="hidden" name="mark" value={mark} />
        <label for="reason">{says.reason}</label>
        <input id="reason" name="reason" maxlength={500} required aria-describedby="reason-says" />
        <p class="hint" id="reason-says">
          {says.reasonSays}
        </p>
        {isActive ? notify : null}
        <button type="submit" class={`button${isActive ? ' danger' : ''}`}>
          {isActive ? says.stopGo : says.resumeGo}
        </button>
      </form>
    </section>
  );
}

/** Stops the tenant, and looks how long it was until the first request was refused. */
export async function suspendPage({ api, params, form }: Visit): Promise<{ goTo: string }> {
  const id = params.tenant_id!;
  const body = { reason: String(form.get('reason') ?? ''), notify_tenant: form.has('notify') };
  const asked = performance.now();
  await api.send('POST', `/admin/tenants/${id}/suspend`, body, String(form.get('mark') ?? ''));
  const took = await api.get(`/ingest/${id}/batches`, { limit: 1 }).then(
    () => 0,
    (error: unknown) => {
      if (error instanceof Refusal && error.code === 'TENANT_SUSPENDED') return performance.now() - asked;
      throw error;
    },
  );
  return { goTo: `${tenantPath(id)}?done=stopped&took=${Math.ceil(took)}` };
}

/** Lets it go on. */
export async function resumePage({ api, params, form }: Visit): Promise<{ goTo: string }> {
  const body = { reason: String(form.get('reason') ?? '') };
  await api.send('POST', `/admin/tenants/${params.tenant_id}/resume`, body, String(form.get('mark') ?? ''));
  return { goTo: `${tenantPath(params.tenant_id!)}?done=resumed` };
}

/** Tries every store anew; the page shows what came of it. */
export async function checkIsolationPage({ api, params, form }: Visit): Promise<{ goTo: string }> {
  await api.send('POST', `/admin/tenants/${params.tenant_id}/verify`, {}, String(form.get('mark') ?? ''));
  return { goTo: `${tenantPath(params.tenant_id!)}#isolation` };
}
