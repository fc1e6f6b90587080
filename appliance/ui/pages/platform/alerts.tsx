import type { AlertReport } from '../../../control/verbs.ts';
import { alertList, SEVERITY_TONES } from '../../parts/alerts.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { pill, wholeMoment } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';

/** What asks for attention now, and the rules that were asked. */
export async function alertsPage(visit: Visit): Promise<PageParts> {
  const { t, api, language, now } = visit;
  const says = t.measures;
  const { data: report } = await api.get<AlertReport>('/admin/alerts');
  const holds = new Set(report.alerts.map(({ rule }) => rule));
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{says.alerts}</h1>
          <p class="lead">{says.alertsSay}</p>
          <p class="soft small">
            {says.looked} {wholeMoment(language, report.evaluated_at, now)}
          </p>
        </div>
      </div>
      <section class="card" aria-labelledby="now">
        <h2 id="now">{says.holding}</h2>
        {alertList(visit, report)}
      </section>
      <section class="card" aria-labelledby="rules">
        <h2 id="rules">{says.rules}</h2>
        <table class="rows list">
          <tbody>
            {report.rules.map(({ rule, severity, summary }) => (
              <tr>
                <th scope="row">
                  <code>{rule}</code>
                </th>
                <td>{pill(holds.has(rule) ? SEVERITY_TONES[severity] : 'quiet', says.severities[severity])}</td>
                <td lang="en">{summary}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
  return { title: says.alerts, main, current: '/alerts' };
}
