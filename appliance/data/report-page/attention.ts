import { html } from 'hono/html';
import { code, counted, type Markup, name } from '../../api/markup.ts';
import type { AcceptanceReport } from '../../api/schemas/ingest.ts';

type File = AcceptanceReport['files'][number];
type Problem = File['problems'][number];

interface Group {
  problem: Problem;
  /** Files concerned, with what differs from one to the next. */
  concerned: { file: File; page: number | null; remark: string | null }[];
}

const KIND = Object.freeze({ blocked: 'Not in search', warning: 'Worth a look', note: 'For information' });
/** Codes whose message differs from file to file: the files carry it, not the group. */
const OWN_MESSAGE: Readonly<Record<string, string>> = Object.freeze({
  HIDDEN_TEXT: 'Text that a reader would not see was kept out of search.',
});

/** What is to be done, the same problem of many files once, what keeps files out of search first. */
export function attention({ files }: AcceptanceReport): Markup {
  const groups = grouped(files);
  if (groups.length === 0) {
    return html`<section aria-labelledby="todo"><h2 id="todo">What to do</h2><p>Nothing: no file has a problem.</p></section>`;
  }
  return html`<section aria-labelledby="todo"><h2 id="todo">What to do</h2>${groups.map(groupMarkup)}</section>`;
}

function grouped(files: readonly File[]): Group[] {
  const groups = new Map<string, Group>();
  for (const file of files) {
    for (const problem of file.problems) {
      // What was left out has a table of its own, notes need no hand.
      if (problem.severity === 'note' || problem.code === 'CONTENT_DROPPED') continue;
      const own = OWN_MESSAGE[problem.code];
      const key = JSON.stringify([problem.code, own ?? problem.message, problem.remediation]);
      const group = groups.get(key) ?? { problem, concerned: [] };
      groups.set(key, group);
      group.concerned.push({ file, page: problem.page, remark: own === undefined ? null : problem.message });
    }
  }
  const weight = ({ problem, concerned }: Group) => (problem.severity === 'blocked' ? 1e6 : 0) + concerned.length;
  return [...groups.values()].sort((a, b) => weight(b) - weight(a));
}

function groupMarkup({ problem, concerned }: Group): Markup {
  return html`<article class="problem ${problem.severity}">
<p class="kind">${KIND[problem.severity]} · ${counted(new Set(concerned.map(({ file }) => file.file_id)).size, 'file')}</p>
<h3>${OWN_MESSAGE[problem.code] ?? problem.message}</h3>
<p class="mend"><b>What to do:</b> ${problem.remediation} ${code(problem.code)}</p>
<ul class="concerned">${concerned.map(
    ({ file, page, remark }) =>
      html`<li>${name(file.original_filename)}${page === null ? null : html` <span class="small">page ${page}</span>`}${remark === null ? null : html` <span class="small">${remark}</span>`}${difference(file, problem)}</li>`,
  )}</ul>
</article>`;
}

/** Of a refused file what it is, against what it was said to be. */
function difference({ intake }: File, problem: Problem): Markup | null {
  const { declared, sniffed } = intake.details ?? {};
  if (problem.code !== 'UNSUPPORTED_FORMAT' || typeof declared !== 'string' || typeof sniffed !== 'string') return null;
  return declared === sniffed
    ? null
    : html` <span class="small">said to be ${name(declared)}, looks like ${name(sniffed)}</span>`;
}

/** What the parser left out, page by page. */
export function leftOut({ files }: AcceptanceReport): Markup | null {
  const rows = files.flatMap((file) =>
    file.problems.filter((problem) => problem.code === 'CONTENT_DROPPED').map((problem) => ({ file, problem })),
  );
  if (rows.length === 0) return null;
  return html`<section aria-labelledby="left-out"><h2 id="left-out">What was left out</h2>
<table class="stack"><caption>${counted(rows.length, 'entry', 'entries')}. Look at the ones that are marked: their content may be missed. The others need no hand.</caption>
<thead><tr><th scope="col">File</th><th scope="col" class="n">Page</th><th scope="col">What</th><th scope="col">What to do</th></tr></thead>
<tbody>${rows.map(
    ({ file, problem }) =>
      html`<tr><th scope="row">${name(file.original_filename)}</th><td class="n" data-label="Page">${problem.page ?? '–'}</td><td data-label="What">${problem.severity === 'warning' ? html`<b class="c-held">look</b> ` : null}${problem.message}</td><td data-label="What to do">${problem.remediation}</td></tr>`,
  )}</tbody></table></section>`;
}
