import type { MetadataProblem } from '../api/custom-fields/metadata.ts';
import type { AcceptanceReport, FileOutcome } from '../api/schemas/ingest.ts';
import { MIME } from '../api/tenant-config.ts';
import {
  droppedContent,
  erasedRemedy,
  hiddenText,
  type ReportCode,
  remedyFor,
  type Severity,
} from '../kernel/remedies.ts';
import type { DocumentRow } from '../stores/record/rows.ts';
import type { BatchFile, Findings } from './report-line.ts';

type Problem = AcceptanceReport['files'][number]['problems'][number];

/** Formats whose pages a person can turn to; the others have but a page 1 for form's sake (spec 2 B). */
const PAGED: ReadonlySet<string> = new Set([MIME.pdf, MIME.png, MIME.tiff]);
export const hasPages = (mimeType: string): boolean => PAGED.has(mimeType);

const ORDER: readonly Severity[] = ['blocked', 'warning', 'note'];

/** Everything that went wrong with a file, is missing or worth knowing, each with its mend; what blocks it first. */
export function problemsOf({ receipt, document, erased_because }: BatchFile, outcome: FileOutcome): Problem[] {
  const found: Problem[] = [];
  const add = (code: ReportCode | (string & {}), changes: Partial<Problem> = {}) => {
    const { severity, message, remediation } = remedyFor(code);
    found.push({ code, severity, stage: null, page: null, message, remediation, ...changes });
  };
  if (receipt === null) add('FILE_MISSING', { stage: 'intake' });
  // Each field by itself: those are what the sender has to mend.
  const fields = receipt?.reason === 'METADATA_INVALID' ? ((receipt.details?.problems ?? []) as MetadataProblem[]) : [];
  for (const { field, constraint, remediation } of fields) {
    add('METADATA_INVALID', { stage: 'intake', message: `Metadata: ${field} ${constraint}.`, remediation });
  }
  // A receipt never changes; what it says of a quarantine is over once a person let the document out of it.
  // What a person refused for good is told as that alone.
  const over =
    receipt?.status === 'quarantined' &&
    document !== null &&
    (document.state !== 'quarantined' || document.rejection?.scope === 'document');
  if (receipt?.reason && fields.length === 0 && !over) {
    add(receipt.reason, {
      stage: 'intake',
      ...(receipt.message ? { message: receipt.message } : {}),
      ...(receipt.remediation ? { remediation: receipt.remediation } : {}),
    });
  }
  if (outcome === 'erased') {
    const { severity, message, remediation } = erasedRemedy(erased_because ?? null);
    add('ERASED', { severity, message, remediation });
  }
  if (receipt?.status === 'accepted' && receipt.duplicate_of !== null) add('DUPLICATE', { stage: 'intake' });
  if (document !== null) {
    for (const { code, stage } of stateProblems(document)) {
      // What an earlier version keeps in search is not blocked.
      if (code !== receipt?.reason) add(code, { stage, ...(document.served ? { severity: 'warning' as const } : {}) });
    }
    if (document.served && document.state.endsWith('_failed')) add('EARLIER_VERSION_SERVED');
    if (SHOWS_CHUNKS.has(document.state) && (document.chunks_quarantined ?? 0) > 0)
      add('CHUNKS_QUARANTINED', { stage: 'policy' });
    found.push(...parsingProblems(document));
  }
  return found.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

/** Who decides about a held document must know what of it will be kept out of search. */
const SHOWS_CHUNKS: ReadonlySet<string> = new Set(['indexed', 'held']);

/** Why a document, or its newest version, is not in search: one entry, of several names for the same the most telling one. */
function stateProblems({
  state,
  error,
  quarantine_reason,
  rejection,
  served,
}: DocumentRow): { code: string; stage: string | null }[] {
  if (state === 'held') return [{ code: 'HELD_FOR_REVIEW', stage: 'policy' }];
  if (rejection?.scope === 'document') return [{ code: 'QUARANTINE_REJECTED', stage: 'policy' }];
  if (state === 'cancelled') return [{ code: served ? 'RERUN_CANCELLED' : 'CANCELLED', stage: null }];
  if (state === 'quarantined' && quarantine_reason !== null) {
    return [{ code: quarantine_reason, stage: quarantine_reason === 'MALWARE_DETECTED' ? 'intake' : 'policy' }];
  }
  return error !== null && state !== 'indexed' ? [{ code: error.code, stage: error.stage }] : [];
}

function parsingProblems(document: DocumentRow): Problem[] {
  const { parsing = {} } = document.findings as Findings;
  const { warnings = [], dropped_content = [], hidden_text = [] } = parsing;
  const place = (page: number) => (hasPages(document.mime_type) ? page : null);
  const found: Problem[] = [];
  for (const code of warnings) {
    if (code === 'CONTENT_DROPPED') continue;
    const { severity, message, remediation } = remedyFor(code);
    found.push({ code, severity, stage: 'parse', page: null, message, remediation });
  }
  for (const { element_type, page, reason, remediation } of dropped_content) {
    const { label, severity } = droppedContent(element_type);
    found.push({
      code: 'CONTENT_DROPPED',
      severity,
      stage: 'parse',
      page: place(page),
      message: `${label}: ${sentence(reason)}`,
      remediation: sentence(remediation),
    });
  }
  const told = new Set(dropped_content.map(({ element_type }) => element_type));
  for (const { kind, page, characters } of hidden_text) {
    if (told.has(kind)) continue;
    const { severity, remediation } = remedyFor('HIDDEN_TEXT');
    found.push({
      code: 'HIDDEN_TEXT',
      severity,
      stage: 'parse',
      page: place(page),
      message: `Text that a reader would not see, ${hiddenText(kind)} (${characters} characters), was kept out of search.`,
      remediation,
    });
  }
  return found;
}

/** The parser's words as a sentence. */
function sentence(text: string): string {
  if (text === 'none needed') return 'Nothing needs to be done.';
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
