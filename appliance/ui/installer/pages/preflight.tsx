import type { Markup } from '../../../api/markup.ts';
import { Refusal } from '../../api.ts';
import { markOf, type WrongField, wrongFields, wrongOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { action, pill, type Tone, UNSPELLED } from '../../parts/pieces.tsx';
import type { JudgedCheck, PreflightReport } from '../port.ts';
import { type InstallerVisit, line } from '../visit.ts';

const TONES: Readonly<Record<JudgedCheck['result'], Tone>> = Object.freeze({
  pass: 'good',
  warn: 'waiting',
  fail: 'bad',
  allowed: 'apart',
});
/** What keeps the host from taking the release first, then what to look at. */
const ORDER: readonly JudgedCheck['result'][] = ['fail', 'allowed', 'warn', 'pass'];

/** What there is on this host against what the release needs. */
export async function preflightPage(visit: InstallerVisit): Promise<PageParts> {
  try {
    return page(visit, await visit.installer.preflight(visit.choices), []);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return page(visit, null, wrongOf(error));
  }
}

/** Takes other choices, and looks again. */
export async function choosePage(visit: InstallerVisit): Promise<{ goTo: string }> {
  visit.choose({
    ...(visit.installer.release.kind === 'install' && { port: line(visit, 'port'), subnet: line(visit, 'subnet') }),
    allow: line(visit, 'allow'),
    reason: line(visit, 'reason'),
  });
  return { goTo: 'preflight' };
}

function page(visit: InstallerVisit, report: PreflightReport | null, wrong: readonly WrongField[]): PageParts {
  const { t } = visit;
  const says = t.installer.preflight;
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            {says.title}{' '}
            {report === null ? null : report.ok ? pill('good', says.ok) : pill('bad', says.notOk(report.counts.fail))}
          </h1>
          {report === null ? null : <p class="lead">{says.says(report.host, report.system ?? '–')}</p>}
        </div>
        {report?.ok ? <div class="actions">{action('plan', says.onward)}</div> : null}
      </div>
      {report === null ? null : <div class="card">{table(visit, report)}</div>}
      {choices(visit, wrong)}
    </>
  );
  return { title: says.title, main, current: 'preflight', ...(wrong.length > 0 && { status: 400 }) };
}

function table({ t }: InstallerVisit, { checks }: PreflightReport): Markup {
  const says = t.installer.preflight;
  const rows = ORDER.flatMap((result) => checks.filter((check) => check.result === result));
  return scrolledTable(
    [says.check, says.result, says.found],
    rows.map(({ name, title, strict, result, found, mend }) => (
      <tr id={`check-${name}`}>
        <th scope="row">
          <span lang="en">{title}</span>
          <br />
          <code>{name}</code>
        </th>
        <td>
          {pill(TONES[result], says.results[result])}
          {result === 'fail' && strict ? <small class="soft"> {says.strict}</small> : null}
        </td>
        <td lang="en">
          {found}
          {mend === null ? null : <p class="soft">{mend}</p>}
        </td>
      </tr>
    )),
  );
}

function choices(visit: InstallerVisit, wrong: readonly WrongField[]): Markup {
  const { t, choices: chosen, installer } = visit;
  const says = t.installer.preflight;
  return (
    <section class="card" aria-labelledby="choices">
      <h2 id="choices">{says.choices}</h2>
      {wrongFields(t.errors.title, wrong)}
      <form method="post" action="preflight" class="fields one-column">
        {markOf(visit)}
        {installer.release.kind === 'upgrade' ? null : (
          <>
            {field('port', says.port, says.portSays, chosen.port)}
            {field('subnet', says.subnet, says.subnetSays, chosen.subnet)}
          </>
        )}
        {field('allow', says.allow, says.allowSays, chosen.allow)}
        {field('reason', says.reason, null, chosen.reason)}
        <button type="submit" class="button second">
          {says.again}
        </button>
      </form>
    </section>
  );
}

function field(id: string, label: string, hint: string | null, value: string): Markup {
  return (
    <>
      <label for={id}>{label}</label>
      <input
        id={id}
        name={id}
        maxlength={500}
        value={value}
        {...UNSPELLED}
        aria-describedby={hint === null ? undefined : `${id}-says`}
      />
      {hint === null ? null : (
        <p class="hint" id={`${id}-says`}>
          {hint}
        </p>
      )}
    </>
  );
}
