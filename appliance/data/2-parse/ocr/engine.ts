import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ParserAssets } from '../layout.ts';
import type { TessApi, TesseractCore } from './core-types.ts';
import { type WasmInstance, type WasmMemory, wasm } from './web-assembly.ts';

/**
 * Tesseract, driven in this process: the WebAssembly core is loaded from disk and called directly, so the sandbox
 * needs neither a worker thread nor `fetch` nor a cache folder (the usual wrapper wants all three).
 *
 * The core is the plain SIMD build, always. The relaxed SIMD build lets each processor round in its own way, and a
 * choice made by what the machine can do would give two machines two texts (spec 1, guarantee 4). A processor without
 * SSE4.1 cannot run it and is told so; picking another build silently would be worse. It is the build with the legacy
 * engine, since orientation detection is part of that.
 */
const CORE_NAME = 'tesseract-core-simd';

/** The folder of the integer LSTM models inside each language's data package. */
const DATA_VERSION = '4.0.0_best_int';

/** Of Tesseract's `OcrEngineMode`. */
const LEGACY_ENGINE = 0;
const LSTM_ENGINE = 1;
/** Of `PageSegMode`: find columns, paragraphs and lines, without orientation. */
const AUTOMATIC_SEGMENTATION = 3;

export interface OcrEngine {
  core: TesseractCore;
  /** The core's memory; take a fresh view after every call, since memory moves when it grows. */
  heap(): Uint8Array;
  /** Recognises text (LSTM, English). */
  text(): TessApi;
  /** Recognises orientation. */
  orientation(): TessApi;
  /** Of Tesseract itself. */
  version(): string;
}

type CoreFactory = (options: Record<string, unknown>) => Promise<TesseractCore>;

const engines = new Map<string, Promise<OcrEngine>>();

/**
 * The engine of these assets; one per process and folder, since loading takes most of a second.
 * Throws `OCR_FAILED` when the core or its language data cannot be loaded.
 */
export function loadEngine(assets: ParserAssets): Promise<OcrEngine> {
  const known = engines.get(assets.tesseractCore);
  if (known !== undefined) return known;
  const loading = startEngine(assets);
  engines.set(assets.tesseractCore, loading);
  loading.catch(() => engines.delete(assets.tesseractCore));
  return loading;
}

/** Forgets the engine: after a trap inside WebAssembly its memory cannot be trusted. The next page loads a new one. */
export function discardEngine(assets: ParserAssets): void {
  engines.delete(assets.tesseractCore);
}

async function startEngine(assets: ParserAssets): Promise<OcrEngine> {
  try {
    return await instantiate(assets);
  } catch (cause) {
    throw new FrostbyteError(
      'OCR_FAILED',
      'The text recogniser could not be loaded; check its files and the processor (SSE4.1).',
      { cause },
    );
  }
}

async function instantiate(assets: ParserAssets): Promise<OcrEngine> {
  const require = createRequire(import.meta.url);
  const factory = require(join(assets.tesseractCore, `${CORE_NAME}.js`)) as CoreFactory;
  const compiled = new wasm.Module(readFileSync(join(assets.tesseractCore, `${CORE_NAME}.wasm`)));
  let memory: WasmMemory | undefined;
  const core = await factory({
    // Tesseract writes what it thinks of a page to its standard output; nothing of a document may get there.
    print: () => {},
    printErr: () => {},
    TesseractProgress: () => {},
    instantiateWasm: (imports: object, done: (instance: WasmInstance) => void) => {
      const instance = new wasm.Instance(compiled, imports);
      memory = Object.values(instance.exports).find((value) => value instanceof wasm.Memory);
      done(instance);
      return {};
    },
  });
  if (memory === undefined) throw new Error('the core exports no memory');
  const buffer = memory;
  const loadData = (language: string) => {
    const packed = readFileSync(join(assets.tesseractData, language, DATA_VERSION, `${language}.traineddata.gz`));
    core.FS.writeFile(`/${language}.traineddata`, gunzipSync(packed));
  };
  const start = (language: string, engine: number) => {
    loadData(language);
    const api = new core.TessBaseAPI();
    if (api.Init('/', language, engine) !== 0) throw new Error('the core refused its language data');
    core.FS.unlink(`/${language}.traineddata`);
    return api;
  };
  const text = lazily(() => {
    const api = start('eng', LSTM_ENGINE);
    api.SetPageSegMode(AUTOMATIC_SEGMENTATION);
    return api;
  });
  return {
    core,
    heap: () => new Uint8Array(buffer.buffer),
    text,
    orientation: lazily(() => start('osd', LEGACY_ENGINE)),
    version: lazily(() => text().Version()),
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
