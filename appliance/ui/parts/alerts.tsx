import { type Markup, name } from '../../api/markup.ts';
import type { AlertReport, Severity } from '../../control/verbs.ts';
import { tenantPath } from '../pages/paths.ts';
import type { Visit } from '../visit.ts';
import { moment, number, pill, type Tone } from './pieces.tsx';

const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = Object.freeze({
  critical: 'bad',
  high: 'bad',
  medium: 'waiting',
  low: 'quiet',
});

/** Alerts that hold, the gravest first, each with what it means and what to do; where there is none, that. */
export function alertList({ t, language, now }: Visit, { alerts, evaluated_at }: AlertReport): Markup {
  const says = t.measures;
  if (alerts.length === 0) return <p class="soft">{evaluated_at === null ? says.notYet : says.noAlert}</p>;
  const sorted = [...alerts].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const amount = (value: number) => number(language, Math.round(value * 100) / 100);
  return (
    <>
      {sorted.map(({ rule, severity, tenant_id, summary, mend, since, value, above }) => (
        <article class={`problem ${severity === 'critical' || severity === 'high' ? 'blocked' : 'warning'}`}>
          <h3>
            {pill(SEVERITY_TONES[severity], says.severities[severity])} <span lang="en">{summary}</span>
          </h3>
          <p class="kind">
            <a href={tenantPath(tenant_id, 'measures')}>{name(tenant_id)}</a> · <code>{rule}</code> ·{' '}
            {says.value(amount(value), amount(above))} · {says.since} {moment(language, since, now)}
          </p>
          <p class="mend">
            <b>{says.mend}</b> <span lang="en">{mend}</span>
          </p>
        </article>
      ))}
    </>
  );
}
