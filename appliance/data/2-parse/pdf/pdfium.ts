import { readFile } from 'node:fs/promises';
import { init } from '@embedpdf/pdfium';
import { FrostbyteError } from '../../../kernel/errors.ts';

/** The version of the library and of the rules in this folder, as the document's lineage records them. */
export const PDF_VERSIONS = Object.freeze({ pdfium: '2.15.1', pdf_rules: '1' });

/** A function of the library: handles, pointers, counts and booleans are all numbers. */
type Raw = (...args: number[]) => number;

/** The library's functions that this reader calls. Calling the exports directly saves the wrapper's cost per character. */
const FUNCTIONS = [
  'FPDF_LoadMemDocument',
  'FPDF_CloseDocument',
  'FPDF_GetLastError',
  'FPDF_GetPageCount',
  'FPDF_LoadPage',
  'FPDF_ClosePage',
  'FPDF_GetPageWidthF',
  'FPDF_GetPageHeightF',
  'FPDF_GetPageBoundingBox',
  'FPDF_GetFormType',
  'FPDFPage_GetRotation',
  'FPDFPage_CountObjects',
  'FPDFPage_GetObject',
  'FPDFPageObj_GetType',
  'FPDFPageObj_GetBounds',
  'FPDFPageObj_GetMatrix',
  'FPDFPageObj_GetFillColor',
  'FPDFPageObj_GetStrokeColor',
  'FPDFPageObj_SetIsActive',
  'FPDFPageObj_CountMarks',
  'FPDFPageObj_GetMark',
  'FPDFPageObjMark_GetName',
  'FPDFPageObj_GetClipPath',
  'FPDFClipPath_CountPaths',
  'FPDFClipPath_CountPathSegments',
  'FPDFClipPath_GetPathSegment',
  'FPDFFormObj_CountObjects',
  'FPDFFormObj_GetObject',
  'FPDFPath_CountSegments',
  'FPDFPath_GetPathSegment',
  'FPDFPath_GetDrawMode',
  'FPDFPathSegment_GetPoint',
  'FPDFPathSegment_GetType',
  'FPDFPathSegment_GetClose',
  'FPDFText_LoadPage',
  'FPDFText_ClosePage',
  'FPDFText_CountChars',
  'FPDFText_GetUnicode',
  'FPDFText_GetTextObject',
  'FPDFText_GetLooseCharBox',
  'FPDFText_GetCharOrigin',
  'FPDFText_GetMatrix',
  'FPDFText_GetFontSize',
  'FPDFTextObj_GetTextRenderMode',
  'FPDFTextObj_GetFont',
  'FPDFFont_GetWeight',
  'FPDFFont_GetFlags',
  'FPDFFont_GetBaseFontName',
  'FPDFBitmap_CreateEx',
  'FPDFBitmap_FillRect',
  'FPDFBitmap_GetBuffer',
  'FPDFBitmap_GetStride',
  'FPDFBitmap_Destroy',
  'FPDF_RenderPageBitmap_Start',
  'FPDF_RenderPage_Close',
  'FPDFPage_GetAnnotCount',
  'FPDFPage_GetAnnot',
  'FPDFPage_CloseAnnot',
  'FPDFAnnot_GetSubtype',
  'FPDFAnnot_GetLink',
  'FPDFAnnot_HasKey',
  'FPDFLink_GetAction',
  'FPDFAction_GetType',
  'FPDFPage_Flatten',
  'FPDFDoc_GetAttachmentCount',
  'FPDFDoc_GetJavaScriptActionCount',
] as const;

type FunctionName = (typeof FUNCTIONS)[number];

/** The library with its memory: all numbers are handles or addresses in `bytes`. */
export interface Pdfium extends Record<FunctionName, Raw> {
  /** 0 when there is no room. */
  malloc(size: number): number;
  free(address: number): void;
  bytes(): Uint8Array;
  float(address: number): number;
  double(address: number): number;
  int(address: number): number;
  /** Address of the structure that makes a rendering stop when this much time has passed. */
  pauseAfter(milliseconds: number): number;
  /** 256 bytes for results of the moment; nothing in it outlives the next call. */
  readonly scratch: number;
}

const loaded = new Map<string, Promise<Pdfium>>();

/**
 * Loads the library from its WebAssembly file, once a process. Throws `PARSER_ERROR` when the file is missing or
 * is not the library this code was written for.
 */
export function loadPdfium(wasmFile: string): Promise<Pdfium> {
  const known = loaded.get(wasmFile);
  if (known) return known;
  const fresh = load(wasmFile);
  loaded.set(wasmFile, fresh);
  fresh.catch(() => loaded.delete(wasmFile));
  return fresh;
}

/** Forgets the loaded library: after a trap its memory cannot be trusted, the next document gets a new one. */
export function discardPdfium(wasmFile: string): void {
  loaded.delete(wasmFile);
}

interface WasmExports {
  memory: { readonly buffer: ArrayBuffer };
  malloc: Raw;
  free: Raw;
  [name: string]: unknown;
}

async function load(wasmFile: string): Promise<Pdfium> {
  try {
    const wasmBinary = await readFile(wasmFile);
    const quiet = (): void => {};
    const module = await init({ wasmBinary, print: quiet, printErr: quiet } as unknown as Parameters<typeof init>[0]);
    module.PDFiumExt_Init();
    return wrap(module.pdfium.wasmExports as unknown as WasmExports, (ask) => module.pdfium.addFunction(ask, 'ii'));
  } catch (cause) {
    if (cause instanceof FrostbyteError) throw cause;
    throw new FrostbyteError('PARSER_ERROR', 'the PDF library could not be loaded', { cause });
  }
}

function wrap(exports: WasmExports, register: (ask: () => number) => number): Pdfium {
  const functions: Partial<Record<FunctionName, Raw>> = {};
  for (const name of FUNCTIONS) {
    const raw = exports[name];
    if (typeof raw !== 'function') throw new FrostbyteError('PARSER_ERROR', `the PDF library lacks ${name}`);
    functions[name] = raw as Raw;
  }
  // The memory moves when it grows, so the view is looked up again whenever the buffer has changed.
  let view = new DataView(exports.memory.buffer);
  const current = (): DataView => {
    if (view.buffer !== exports.memory.buffer) view = new DataView(exports.memory.buffer);
    return view;
  };
  let deadline = 0;
  const pause = exports.malloc(12);
  current().setInt32(pause, 1, true);
  current().setInt32(
    pause + 4,
    register(() => Number(performance.now() > deadline)),
    true,
  );
  current().setInt32(pause + 8, 0, true);
  return {
    ...(functions as Record<FunctionName, Raw>),
    malloc: (size) => exports.malloc(size),
    free: (address) => {
      exports.free(address);
    },
    bytes: () => new Uint8Array(exports.memory.buffer),
    float: (address) => current().getFloat32(address, true),
    double: (address) => current().getFloat64(address, true),
    int: (address) => current().getInt32(address, true),
    pauseAfter: (milliseconds) => {
      deadline = performance.now() + milliseconds;
      return pause;
    },
    scratch: exports.malloc(256),
  };
}
