import { type Markup, name, percent } from '../../../api/markup.ts';
import type { BatchListItem, BatchStatus } from '../../../api/schemas/ingest.ts';
import type { z } from '../../../api/zod.ts';
import type { AlertReport, MeasuredPlots, Tenant } from '../../../control/verbs.ts';
import { alertList } from '../../parts/alerts.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { number, pageHead, pill } from '../../parts/pieces.tsx';
import { amountOf, plot } from '../../parts/plot.tsx';
import { reloadHead, reloadMark } from '../../parts/reload.tsx';
import { batchStages } from '../../parts/stage-bars.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { BATCH_TONES } from '../batches.tsx';
import { tenantPath } from '../paths.ts';
import { TENANT_TONES } from '../tenants.tsx';

const RANGES = [1, 6, 24, 168, 744] as const;
/** As often as there is something new. */
const RELOAD_S = 60;

/** The whole box over time: tenants by state, what asks for attention, and its plots. */
export async function measuresPage(visit: Visit): Promise<PageParts> {
  const { t, api } = visit;
  const hours = hoursOf(visit);
  const [{ data: measured }, { data: alerts }, { data: tenants }] = await Promise.all([
    api.get<MeasuredPlots>('/admin/measures', { hours }),
    api.get<AlertReport>('/admin/alerts'),
    api.get<Tenant[]>('/admin/tenants', { limit: 100 }),
  ]);
  const says = t.measures;
  const main = (
    <>
      {reloadMark(RELOAD_S)}
      {pageHead(says.title, says.says)}
      {ranges(visit, '/measures', hours)}
      <div class="columns">
        <section class="card" aria-labelledby="alerts">
          <h2 id="alerts">{says.alerts}</h2>
          {alertList(visit, alerts)}
        </section>
        <section class="card" aria-labelledby="states">
          <h2 id="states">{says.tenants}</h2>
          <ul class="links">
            {[...Map.groupBy(tenants, ({ state }) => state)].map(([state, some]) => (
              <li>
                {pill(TENANT_TONES[state], state)} {number(visit.language, some.length)}
              </li>
            ))}
          </ul>
        </section>
      </div>
      {gauges(visit, measured)}
      {plots(visit, measured)}
    </>
  );
  return { title: says.title, main, current: '/measures', head: reloadHead(RELOAD_S) };
}

/** One tenant over time: its alerts, its latest batch, its plots. */
export async function tenantMeasuresPage(visit: Visit): Promise<PageParts> {
  const { t, api, params } = visit;
  const id = params.tenant_id!;
  const hours = hoursOf(visit);
  const [{ data: measured }, { data: report }, latest] = await Promise.all([
    api.get<MeasuredPlots>('/admin/measures', { hours, tenant_id: id }),
    api.get<AlertReport>('/admin/alerts'),
    latestBatch(visit),
  ]);
  const says = t.measures;
  const own = { ...report, alerts: report.alerts.filter(({ tenant_id }) => tenant_id === id) };
  const main = (
    <>
      {reloadMark(RELOAD_S)}
      <div class="head">
        <div>
          <h1>{says.title}</h1>
          <p class="lead">{says.saysOf(id)}</p>
        </div>
      </div>
      {tenantWays(visit, 'measures')}
      {ranges(visit, tenantPath(id, 'measures'), hours)}
      <section class="card" aria-labelledby="alerts">
        <h2 id="alerts">{says.alerts}</h2>
        {alertList(visit, own)}
      </section>
      {latest === null ? null : (
        <section class="card" aria-labelledby="latest">
          <h2 id="latest">
            {says.batch} <a href={tenantPath(id, 'batches', latest.batch_id)}>{name(latest.batch_id)}</a>{' '}
            {pill(BATCH_TONES[latest.status], t.batchStates[latest.status])}
          </h2>
          {batchStages(t, latest.files)}
        </section>
      )}
      {plots(visit, measured)}
    </>
  );
  return { title: says.title, main, current: '/tenants', head: reloadHead(RELOAD_S) };
}

/** Null also while the tenant serves nobody: what was measured of it can be looked at all the same. */
async function latestBatch({ api, params }: Visit): Promise<BatchStatus | null> {
  const path = `/ingest/${params.tenant_id}`;
  try {
    const { data } = await api.get<z.infer<typeof BatchListItem>[]>(`${path}/batches`, { limit: 1 });
    if (data[0] === undefined) return null;
    return (await api.get<BatchStatus>(`${path}/batch/${encodeURIComponent(data[0].batch_id)}`)).data;
  } catch {
    return null;
  }
}

function hoursOf({ query }: Visit): (typeof RANGES)[number] {
  return RANGES.find((one) => String(one) === query.get('hours')) ?? 6;
}

function ranges({ t }: Visit, here: string, hours: number): Markup {
  return (
    <nav aria-label={t.measures.range}>
      <ul class="filters">
        {RANGES.map((one) => (
          <li>
            <a href={`${here}?hours=${one}`} aria-current={one === hours ? 'true' : undefined}>
              {t.measures.ranges[one]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How well the box serves, in four numbers. */
function gauges({ t, language }: Visit, { plots: all }: MeasuredPlots): Markup {
  const says = t.measures;
  const points = (of: string, line: string) =>
    (all.find(({ plot: one }) => one === of)?.lines.find((one) => one.line === line)?.points ?? []).filter(
      (value) => value !== null,
    );
  const sum = (line: string) => points('requests', line).reduce((total, one) => total + one, 0);
  const [served, faults] = [sum('2xx') + sum('3xx') + sum('4xx'), sum('5xx')];
  const slowest = Math.max(...points('search_time', 'p95'));
  const queues = all.find(({ plot: one }) => one === 'queues')?.lines ?? [];
  const queued = queues.reduce((total, { points: some }) => total + (some.findLast((one) => one !== null) ?? 0), 0);
  const shown: [says: string, value: string][] = [
    [says.served, served + faults === 0 ? '–' : percent(served / (served + faults))],
    [says.search95, Number.isFinite(slowest) ? amountOf(language, 'seconds', slowest) : '–'],
    [says.queued, number(language, queued)],
    [says.waiting, number(language, points('dead_letters', 'waiting').at(-1) ?? 0)],
  ];
  return (
    <dl class="counts gauges">
      {shown.map(([label, value]) => (
        <div>
          <dd>{value}</dd>
          <dt>{label}</dt>
        </div>
      ))}
    </dl>
  );
}

function plots({ t, language }: Visit, measured: MeasuredPlots): Markup {
  return <div class="plots">{measured.plots.map((one) => plot(t, language, measured, one))}</div>;
}
