import { html } from 'hono/html';
import { counted, type Markup, moment, name, number } from '../../api/markup.ts';
import { type AcceptanceReport, FILE_OUTCOMES, type FileOutcome } from '../../api/schemas/ingest.ts';
import { keepsEarlier } from '../report-line.ts';

/** What people call the place where a file ended. */
export const OUTCOME_NAMES: Readonly<Record<FileOutcome, string>> = Object.freeze({
  indexed: 'Accepted, in search',
  held: 'Held for review',
  quarantined: 'Quarantined',
  rejected: 'Rejected',
  failed: 'Failed',
  cancelled: 'Cancelled',
  erased: 'Erased',
  missing: 'Not received',
});

/** Always named, also where there are none. */
const ALWAYS: ReadonlySet<FileOutcome> = new Set(['indexed', 'held', 'quarantined', 'rejected']);

/** Which report this is, about what, and whether it is the last. */
export function heading(report: AcceptanceReport): Markup {
  const held = report.summary.outcomes.held;
  return html`<header>
<div class="head">
<div><p class="brand">Frostbyte Appliance</p><h1>Acceptance report</h1></div>
${
  report.final
    ? html`<p class="stamp">Final</p>`
    : html`<p class="stamp interim">Interim: ${counted(held, 'file waits', 'files wait')} for a decision</p>`
}
</div>
<dl class="facts">
<div><dt>Batch</dt><dd>${name(report.batch_id)}</dd></div>
<div><dt>Tenant</dt><dd>${name(report.tenant_id)}</dd></div>
<div><dt>Received</dt><dd>${moment(report.submitted_at)}, by ${name(report.submitted_by)}</dd></div>
${report.submitter === null ? null : html`<div><dt>Submitter, as the manifest says</dt><dd>${name(report.submitter)}</dd></div>`}
<div><dt>Report made</dt><dd>${moment(report.generated_at)}</dd></div>
<div><dt>Report id</dt><dd class="mono">${report.report_id}</dd></div>
</dl>
</header>`;
}

/** The answer in one sentence, the bar, and the figures. */
export function summary({ summary: counts, files }: AcceptanceReport): Markup {
  const { outcomes } = counts;
  const shown = FILE_OUTCOMES.filter((outcome) => outcomes[outcome] > 0 || ALWAYS.has(outcome));
  const figure = (label: string, value: number, remark: string | null = null) =>
    html`<div><dt>${label}</dt><dd>${number(value)}${remark === null ? null : html`<small>${remark}</small>`}</dd></div>`;
  const unscanned = files.filter(({ intake }) => intake.scan_result === 'skipped' && intake.reason === null).length;
  return html`<section aria-labelledby="summary"><h2 id="summary">Summary</h2>
<p class="verdict">${verdict(counts)}${earlier(files)}</p>
${bar(outcomes, counts.files_submitted)}
<ul class="legend">${shown.map(
    (outcome) =>
      html`<li class="${outcomes[outcome] === 0 ? 'none' : 'some'}"><span class="dot b-${outcome}"></span>${OUTCOME_NAMES[outcome]} <b>${number(outcomes[outcome])}</b></li>`,
  )}</ul>
<dl class="figures">
${figure('Files submitted', counts.files_submitted, duplicates(counts.files_duplicate))}
${figure('Files accepted', counts.files_accepted)}
${figure('Read without remark', counts.files_parsed_successfully)}
${figure('Read with warnings', counts.files_parsed_with_warnings)}
${figure('Could not be read', counts.files_parse_failed)}
${figure('Chunks in search', counts.total_chunks_indexed, `of ${number(counts.total_chunks_produced)} made`)}
${figure('Chunks quarantined', counts.total_chunks_quarantined, 'kept out of search')}
</dl>
${
  unscanned === 0
    ? null
    : html`<p class="small">${counted(unscanned, 'file was', 'files were')} not scanned for malware: no scanner is configured on this appliance.</p>`
}
</section>`;
}

function duplicates(count: number): string | null {
  return count === 0 ? null : `${counted(count, 'was', 'were')} there before`;
}

function verdict({ outcomes, files_submitted }: AcceptanceReport['summary']): string {
  if (outcomes.indexed === files_submitted) {
    return files_submitted === 1 ? 'The file is in search.' : `All ${number(files_submitted)} files are in search.`;
  }
  const rest = FILE_OUTCOMES.filter((outcome) => outcome !== 'indexed' && outcomes[outcome] > 0).map(
    (outcome) => `${number(outcomes[outcome])} ${OUTCOME_NAMES[outcome].toLowerCase()}`,
  );
  const last = rest.pop();
  const list = rest.length === 0 ? last : `${rest.join(', ')} and ${last}`;
  return `${number(outcomes.indexed)} of ${counted(files_submitted, 'file')} in search; ${list}.`;
}

/** Of those that did not come through anew, how many are in search all the same. */
function earlier(files: AcceptanceReport['files']): string {
  const kept = files.filter(keepsEarlier).length;
  return kept === 0 ? '' : ` ${counted(kept, 'file stays', 'files stay')} in search in an earlier version.`;
}

/** One bar, a piece for each outcome. Its numbers stand in the list below it, for those who see no colours. */
function bar(outcomes: AcceptanceReport['summary']['outcomes'], total: number): Markup {
  let x = 0;
  const pieces = FILE_OUTCOMES.filter((outcome) => outcomes[outcome] > 0).map((outcome) => {
    const width = (outcomes[outcome] / total) * 1000;
    const piece = html`<rect class="f-${outcome}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="10"></rect>`;
    x += width;
    return piece;
  });
  const label = FILE_OUTCOMES.filter((outcome) => outcomes[outcome] > 0)
    .map((outcome) => `${OUTCOME_NAMES[outcome]}: ${outcomes[outcome]}`)
    .join(', ');
  return html`<svg class="bar" role="img" aria-label="${label}" viewBox="0 0 1000 10" preserveAspectRatio="none">${pieces}</svg>`;
}
