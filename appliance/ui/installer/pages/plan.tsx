import type { Markup } from '../../../api/markup.ts';
import { Refusal } from '../../api.ts';
import { markOf, type WrongField, wrongFields, wrongOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { pageHead, pill, type Tone, UNSPELLED } from '../../parts/pieces.tsx';
import type { BillComparison, PlannedPhase, PlannedRelease } from '../port.ts';
import { type InstallerVisit, line } from '../visit.ts';

const TONES: Readonly<Record<PlannedPhase['would'], Tone>> = Object.freeze({
  do: 'waiting',
  nothing: 'good',
  unknown: 'quiet',
});

/** What would be done; with the button that does it. */
export async function planPage(visit: InstallerVisit): Promise<PageParts> {
  return page(visit, []);
}

/** Begins, and leads to where it is followed. What is refused is said above the plan. */
export async function startPage(visit: InstallerVisit): Promise<PageParts | { goTo: string }> {
  const { installer } = visit;
  if (installer.release.kind === 'install') visit.choose({ recovery_recipient: line(visit, 'recovery_recipient') });
  try {
    const report = await installer.preflight(visit.choices);
    if (!report.ok) {
      const failed = report.checks.filter(({ result }) => result === 'fail');
      return await page(
        visit,
        failed.map(({ name, found }) => ({ field: name, constraint: found })),
      );
    }
    // What the command line would refuse at its end is refused before it begins.
    await installer.plan(visit.choices);
    await installer.start(visit.choices);
    return { goTo: 'progress' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'OPERATION_RUNNING') return { goTo: 'progress' };
    return page(visit, wrongOf(error));
  }
}

async function page(visit: InstallerVisit, wrong: readonly WrongField[]): Promise<PageParts> {
  const { t, installer, choices } = visit;
  const says = t.installer.plan;
  // Who holds the recovery key changes no phase; one that cannot be read must not hide the form in which it is mended.
  const planned = await installer.plan({ ...choices, recovery_recipient: '' });
  const isPreflight = wrong.some(({ field }) => field !== 'recovery_recipient');
  const main = (
    <>
      {pageHead(says.title, says.says)}
      {wrong.length === 0 ? null : wrongFields(isPreflight ? says.wait : t.errors.title, wrong)}
      {begin(visit, planned)}
      <div class="card">{phases(visit, planned)}</div>
      {planned.bills === null ? null : bills(visit, planned.bills)}
    </>
  );
  return { title: says.title, main, current: 'plan', ...(wrong.length > 0 && { status: 409 }) };
}

function begin(visit: InstallerVisit, { phases: all }: PlannedRelease): Markup {
  const { t, installer, choices } = visit;
  const says = t.installer.plan;
  if (all.every(({ would }) => would === 'nothing')) {
    return (
      <p class="told" role="status">
        {says.nothing}
      </p>
    );
  }
  const seconds = all.reduce((sum, phase) => sum + (phase.would === 'nothing' ? 0 : phase.seconds), 0);
  const { kind } = installer.release;
  return (
    <form method="post" action="plan" class="card fields one-column">
      {markOf(visit)}
      {kind === 'upgrade' ? null : (
        <>
          <label for="recovery_recipient">{says.recipient}</label>
          <input
            id="recovery_recipient"
            name="recovery_recipient"
            value={choices.recovery_recipient}
            pattern="age1[0-9a-z]{50,120}"
            maxlength={200}
            autocapitalize="none"
            {...UNSPELLED}
            required
            aria-describedby="recovery_recipient-says"
          />
          <p class="hint" id="recovery_recipient-says">
            {says.recipientSays}
          </p>
        </>
      )}
      <button type="submit" class="button">
        {says.start(kind)}
      </button>
      <p class="hint">{says.about(Math.max(1, Math.round(seconds / 60)))}</p>
    </form>
  );
}

function phases({ t }: InstallerVisit, { phases: all }: PlannedRelease): Markup {
  const says = t.installer.plan;
  return scrolledTable(
    [{ number: '#' }, says.phase, says.would, { number: says.time }],
    all.map(({ title, would, seconds, reversible }, at) => (
      <tr>
        <td class="n soft">{String(at + 1)}</td>
        <th scope="row" lang="en">
          {title}
          {reversible ? null : <small class="soft"> ({says.noWayBack})</small>}
        </th>
        <td>{pill(TONES[would], says.woulds[would])}</td>
        <td class="n">{would === 'nothing' ? '–' : `${seconds} s`}</td>
      </tr>
    )),
  );
}

function bills({ t }: InstallerVisit, { changes, vulnerabilities }: BillComparison): Markup {
  const says = t.installer.plan;
  return (
    <section class="card" aria-labelledby="bills">
      <h2 id="bills">{says.components}</h2>
      {changes.length === 0 ? (
        <p>{says.none}</p>
      ) : (
        scrolledTable(
          [says.component, says.here, says.fresh],
          changes.map(({ name, from, to }) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{from ?? '–'}</td>
              <td>{to ?? '–'}</td>
            </tr>
          )),
        )
      )}
      <h3>{says.vulnerabilities}</h3>
      {vulnerabilities === null ? (
        <p>{says.noStatement}</p>
      ) : (
        <dl class="facts">
          {(['new', 'gone', 'open'] as const).map((which) => (
            <div>
              <dt>{says.vulnerability[which]}</dt>
              <dd>{vulnerabilities[which].length === 0 ? says.none : vulnerabilities[which].join(', ')}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
