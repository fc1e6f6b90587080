import type { FormatReader } from './layout.ts';
import type { PageDrawer } from './picture/drawn-page.ts';

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const image = async (): Promise<FormatReader> => (await import('./image/read-image.ts')).readImage;

/**
 * The format reader of each media type (spec 2 B), loaded on first use: a child parses one document and should pay for
 * one format only. No prototype, so that a media type such as `constructor` finds nothing.
 */
export const FORMATS: Readonly<Record<string, () => Promise<FormatReader>>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, () => Promise<FormatReader>>, {
    'application/pdf': async () => (await import('./pdf/read-pdf.ts')).readPdf,
    [DOCX]: async () => (await import('./docx/read-docx.ts')).readDocx,
    [XLSX]: async () => (await import('./xlsx/read-xlsx.ts')).readXlsx,
    'text/plain': async () => (await import('./txt/read-txt.ts')).readTxt,
    'text/csv': async () => (await import('./csv/read-csv.ts')).readCsv,
    'image/png': image,
    'image/tiff': image,
  }),
);

const picture = async (): Promise<PageDrawer> => (await import('./image/draw-page.ts')).drawImagePage;

/** Formats whose pages can be drawn; the others have none. */
export const DRAWERS: Readonly<Record<string, () => Promise<PageDrawer>>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, () => Promise<PageDrawer>>, {
    'application/pdf': async () => (await import('./pdf/draw-page.ts')).drawPdfPage,
    'image/png': picture,
    'image/tiff': picture,
  }),
);
