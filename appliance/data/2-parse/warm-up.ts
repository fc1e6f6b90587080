import { parserAssets } from './assets.ts';
import { FORMATS } from './formats.ts';

const image = async (): Promise<void> => {
  const { loadEngine } = await import('./ocr/engine.ts');
  const engine = await loadEngine(parserAssets());
  engine.orientation();
  engine.text();
};

/** What a reader loads on first use beside its code: compiling and filling a WebAssembly core takes most of a second. */
const LOADS: Readonly<Record<string, () => Promise<unknown>>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, () => Promise<unknown>>, {
    'application/pdf': async () => (await import('./pdf/pdfium.ts')).loadPdfium(parserAssets().pdfiumWasm),
    'image/png': image,
    'image/tiff': image,
  }),
);

/**
 * Makes a parser process ready for a document of this media type while there is nothing to do yet. Changes no result.
 * Never throws: what cannot be loaded now fails the document that needs it, with its proper code.
 */
export async function warmUp(mediaType: string): Promise<void> {
  try {
    await FORMATS[mediaType]?.();
    await LOADS[mediaType]?.();
  } catch {}
}
