import type { DroppedContent } from '../../document.ts';
import type { Pdfium } from './pdfium.ts';

const TEXT_NOTE = 1;
const LINK = 2;
const FREE_TEXT = 3;
const MARKUPS = new Set([9, 10, 11, 12, 14]);
const FILE_ATTACHMENT = 17;
const MEDIA = new Set([18, 19, 21, 25, 26]);
const WIDGET = 20;
const ACTION_REMOTE = 2;
const ACTION_URI = 3;
const ACTION_LAUNCH = 4;
/** Annotations of one page that are looked at. */
const MAX_ANNOTATIONS = 20_000;

/** What stands on a page besides its content. */
export interface PageAnnotations {
  dropped: DroppedContent[];
  /** Form fields or text boxes whose appearance is part of what a reader sees. */
  visibleText: boolean;
}

/** Kinds of annotation, one report a page each: element type, reason, remediation. */
const REPORTS = {
  external_link: [
    'links to places outside the document were not followed',
    'send the linked documents as files of their own if their content is needed',
  ],
  attachment: [
    'files attached to the page were not read',
    'extract the attached files and send them as files of their own',
  ],
  embedded_media: ['sound, film or 3D content was not read', 'send a transcript or a picture if its content is needed'],
  comment: ['comments and notes are not part of the document', 'put the text into the page itself if it is needed'],
  form_action: ['actions of form fields were not run', 'print the filled form to a plain PDF if values are computed'],
} as const;

type ReportKind = keyof typeof REPORTS;

/**
 * Reads the annotations of a page: links, attachments, media, comments and form actions are reported once a page and
 * never followed (spec 2 B). O(annotations), bounded.
 */
export function readAnnotations(pdfium: Pdfium, page: number, number: number): PageAnnotations {
  const kinds = new Set<ReportKind>();
  let visibleText = false;
  const count = Math.min(MAX_ANNOTATIONS, pdfium.FPDFPage_GetAnnotCount(page));
  for (let i = 0; i < count; i++) {
    const annotation = pdfium.FPDFPage_GetAnnot(page, i);
    if (annotation === 0) continue;
    const subtype = pdfium.FPDFAnnot_GetSubtype(annotation);
    if (subtype === WIDGET || subtype === FREE_TEXT) visibleText = true;
    const kind = kindOf(pdfium, annotation, subtype);
    if (kind !== null) kinds.add(kind);
    pdfium.FPDFPage_CloseAnnot(annotation);
  }
  const dropped = [...kinds].sort().map((kind) => report(kind, number));
  return { dropped, visibleText };
}

function report(kind: ReportKind, page: number): DroppedContent {
  const [reason, remediation] = REPORTS[kind];
  return { element_type: kind, page, reason, remediation };
}

function kindOf(pdfium: Pdfium, annotation: number, subtype: number): ReportKind | null {
  if (subtype === LINK) return isExternal(pdfium, annotation) ? 'external_link' : null;
  if (subtype === FILE_ATTACHMENT) return 'attachment';
  if (MEDIA.has(subtype)) return 'embedded_media';
  if (subtype === WIDGET)
    return hasKey(pdfium, annotation, 'A') || hasKey(pdfium, annotation, 'AA') ? 'form_action' : null;
  if (subtype === TEXT_NOTE || (MARKUPS.has(subtype) && hasKey(pdfium, annotation, 'Contents'))) return 'comment';
  return null;
}

function isExternal(pdfium: Pdfium, annotation: number): boolean {
  const link = pdfium.FPDFAnnot_GetLink(annotation);
  if (link === 0) return false;
  const action = pdfium.FPDFLink_GetAction(link);
  if (action === 0) return false;
  const type = pdfium.FPDFAction_GetType(action);
  return type === ACTION_URI || type === ACTION_REMOTE || type === ACTION_LAUNCH;
}

function hasKey(pdfium: Pdfium, annotation: number, key: string): boolean {
  const bytes = pdfium.bytes();
  for (let i = 0; i < key.length; i++) bytes[pdfium.scratch + i] = key.charCodeAt(i);
  bytes[pdfium.scratch + key.length] = 0;
  return pdfium.FPDFAnnot_HasKey(annotation, pdfium.scratch) !== 0;
}

/** Reports what hangs on the document as a whole: attached files, scripts, dynamic forms. On page 1. */
export function readDocumentExtras(pdfium: Pdfium, document: number): DroppedContent[] {
  const dropped: DroppedContent[] = [];
  if (pdfium.FPDFDoc_GetAttachmentCount(document) > 0) {
    dropped.push({
      element_type: 'attachment',
      page: 1,
      reason: 'files embedded in the document were not read',
      remediation: 'extract the embedded files and send them as files of their own',
    });
  }
  if (pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0) {
    dropped.push({
      element_type: 'script',
      page: 1,
      reason: 'scripts in the document were not run',
      remediation: 'none needed; print the document to a plain PDF if a script fills in content',
    });
  }
  const form = pdfium.FPDF_GetFormType(document);
  if (form === 2 || form === 3) {
    dropped.push({
      element_type: 'dynamic_form',
      page: 1,
      reason: 'the dynamic (XFA) form was not run; only its fixed pages were read',
      remediation: 'print the filled form to a plain PDF and send that',
    });
  }
  return dropped;
}
