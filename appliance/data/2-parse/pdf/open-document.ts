import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Pdfium } from './pdfium.ts';

/** An open document: call `close` when done, whatever happened. */
export interface OpenDocument {
  handle: number;
  pages: number;
  close(): void;
}

const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;

/**
 * Opens a document from memory. Throws `FILE_ENCRYPTED` when it wants a password or a security handler that is not
 * known, `FILE_CORRUPTED` when it cannot be read, has no pages, or has more than `maxPages`.
 */
export function openDocument(pdfium: Pdfium, bytes: Uint8Array, maxPages: number): OpenDocument {
  const address = pdfium.malloc(Math.max(1, bytes.length));
  if (address === 0) throw new FrostbyteError('PARSER_MEMORY', 'the file is too large for the PDF library');
  pdfium.bytes().set(bytes, address);
  const handle = pdfium.FPDF_LoadMemDocument(address, bytes.length, 0);
  if (handle === 0) {
    const reason = pdfium.FPDF_GetLastError();
    pdfium.free(address);
    if (reason === ERROR_PASSWORD || reason === ERROR_SECURITY) {
      throw new FrostbyteError('FILE_ENCRYPTED', 'the PDF is encrypted and needs a password to open');
    }
    throw new FrostbyteError('FILE_CORRUPTED', 'the file cannot be read as a PDF: it is damaged or cut off');
  }
  const close = (): void => {
    pdfium.FPDF_CloseDocument(handle);
    pdfium.free(address);
  };
  const pages = pdfium.FPDF_GetPageCount(handle);
  if (pages >= 1 && pages <= maxPages) return { handle, pages, close };
  close();
  throw new FrostbyteError(
    'FILE_CORRUPTED',
    pages < 1 ? 'the PDF has no pages' : `the PDF has ${pages} pages, more than the limit of ${maxPages}`,
  );
}
