import { html } from 'hono/html';
import { code, counted, type Markup, moment, name, number, percent, size } from '../../api/markup.ts';
import type { AcceptanceReport } from '../../api/schemas/ingest.ts';
import { CLASS_NAMES, PII_NAMES } from '../../kernel/remedies.ts';
import { hasPages } from '../report-problems.ts';
import { OUTCOME_NAMES } from './overview.ts';

type File = AcceptanceReport['files'][number];

const called = (names: Readonly<Record<string, string>>, id: string) => (Object.hasOwn(names, id) ? names[id]! : id);
const OUTCOME_SHORT: Partial<Record<File['outcome'], string>> = Object.freeze({
  indexed: 'In search',
  held: 'Held',
});
const TREATMENT: Readonly<Record<string, string>> = Object.freeze({
  redacted: 'blacked out',
  flagged: 'marked',
  blocked: 'document blocked',
});

/** Classes of documents and types of personal data, side by side where there is room. */
export function findings({ summary, files }: AcceptanceReport): Markup | null {
  const classes = Object.entries(summary.classifications).sort(most);
  const types = Object.entries(summary.pii_types).sort(most);
  if (classes.length + types.length === 0) return null;
  const treatments = new Set(files.flatMap(({ policy }) => TREATMENT[policy?.pii_action_taken ?? ''] ?? []));
  const treated = treatments.size === 0 ? '' : ` It was ${[...treatments].sort().join(' or ')}.`;
  return html`<section aria-labelledby="findings"><h2 id="findings">What the documents are</h2><div class="pair">
${classes.length === 0 ? null : countTable('Kinds of documents.', 'Kind', classes, CLASS_NAMES)}
${types.length === 0 ? null : countTable(`Personal data found.${treated}`, 'Type', types, PII_NAMES)}
</div></section>`;
}

const most = ([a, x]: [string, number], [b, y]: [string, number]) => y - x || (a < b ? -1 : 1);

function countTable(
  caption: string,
  heading: string,
  rows: [string, number][],
  names: Readonly<Record<string, string>>,
): Markup {
  return html`<table><caption>${caption}</caption><thead><tr><th scope="col">${heading}</th><th scope="col" class="n">Documents</th></tr></thead><tbody>${rows.map(
    ([id, count]) => html`<tr><th scope="row">${called(names, id)}</th><td class="n">${number(count)}</td></tr>`,
  )}</tbody></table>`;
}

/** Every file with what became of it. */
export function fileTable({ files }: AcceptanceReport): Markup {
  return html`<section aria-labelledby="files"><h2 id="files">Every file</h2>
<table class="stack wide"><caption>“Read” is the share of the file’s characters that came out; a chunk is a piece of text that search can find; the percentage beside a kind says how sure it is.</caption>
<thead><tr><th scope="col" class="w1">File</th><th scope="col" class="w2">Outcome</th><th scope="col" class="n w3">Pages</th><th scope="col" class="n w4">Read</th><th scope="col" class="n w5">Chunks in search</th><th scope="col" class="w6">Kind</th><th scope="col" class="w7">Personal data</th></tr></thead>
<tbody>${files.map(fileRow)}</tbody></table></section>`;
}

function fileRow(file: File): Markup {
  const { parsing, policy, indexing } = file;
  // Other formats have no pages to turn.
  const pages = hasPages(file.intake.mime_type) ? (parsing?.pages ?? null) : null;
  return html`<tr><th scope="row">${name(file.original_filename)}<div class="small">${file.file_id} · ${size(file.intake.size_bytes)}${(parsing?.ocr_pages ?? 0) > 0 ? ' · scanned' : null}</div></th>
<td data-label="Outcome"><span class="outcome c-${file.outcome}">${OUTCOME_SHORT[file.outcome] ?? OUTCOME_NAMES[file.outcome]}</span>${remark(file)}</td>
<td class="n" data-label="Pages">${number(pages)}</td>
<td class="n" data-label="Read">${percent(parsing?.coverage ?? null)}</td>
<td class="n" data-label="Chunks in search">${parsing === null ? '–' : `${number(indexing?.chunks_indexed ?? 0)} of ${number(parsing.chunks)}`}</td>
<td data-label="Kind">${policy?.classification ? html`${called(CLASS_NAMES, policy.classification)} <span class="small">${policy.human_override ? 'by a person' : percent(policy.classification_confidence)}</span>` : '–'}</td>
<td data-label="Personal data">${policy === null ? '–' : policy.pii_types.length === 0 ? 'none found' : policy.pii_types.map((type) => called(PII_NAMES, type)).join(', ')}</td></tr>
`;
}

/** The code that says why a file, or its newest version, is not in search; chunks kept out of it; that the file was there before. */
function remark({ problems, policy, duplicate_of, outcome }: File): Markup {
  // What blocks comes first; where an earlier version is in search, nothing blocks.
  const reason = problems.find(({ severity }) => severity !== 'note')?.code;
  const line = (text: Markup | string) => html`<div class="small">${text}</div>`;
  const kept = policy?.chunks_quarantined ?? 0;
  return html`${reason !== undefined && outcome !== 'indexed' ? line(code(reason)) : null}${kept > 0 ? line(`${counted(kept, 'chunk')} quarantined`) : null}${policy?.released ? line('released by an administrator') : null}${duplicate_of === null ? null : line('was there before')}`;
}

/** What proves that a file arrived as it was sent. */
export function receiptTable({ files }: AcceptanceReport): Markup {
  return html`<section class="receipts" aria-labelledby="receipts"><h2 id="receipts">Receipts</h2>
<table class="stack proof"><caption>The SHA-256 is the one the manifest gave; of every accepted file it was found to be true on arrival.</caption>
<thead><tr><th scope="col" class="w1">File</th><th scope="col" class="w2">Received</th><th scope="col" class="w3">Receipt and SHA-256</th></tr></thead>
<tbody>${files.map(
    ({
      file_id,
      doc_id,
      intake,
    }) => html`<tr><th scope="row">${file_id}${doc_id === null ? null : html`<div class="small mono">${doc_id}</div>`}</th><td data-label="Received">${moment(intake.received_at)}</td><td class="mono" data-label="Receipt and SHA-256">${intake.receipt_id ?? '–'}<br>${intake.sha256}</td></tr>
`,
  )}</tbody></table></section>`;
}
