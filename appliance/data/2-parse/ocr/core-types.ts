/**
 * The part of the Tesseract WebAssembly core that we call: Emscripten's heap and in-memory files, Tesseract's API class
 * and Leptonica's picture reader. The core ships no types of its own.
 */
export interface TesseractCore {
  FS: { writeFile(path: string, data: Uint8Array): void; unlink(path: string): void };
  TessBaseAPI: new () => TessApi;
  OSResults: new () => OrientationResults;
  Pix: object;
  /** Bytes on the core's heap; 0 when there is no memory. */
  _malloc(size: number): number;
  _free(pointer: number): void;
  /** Decodes a picture file that lies on the heap; 0 when it cannot. */
  _pixReadMem(pointer: number, size: number): number;
  /** `pointer` is the address of a pointer to a Pix. */
  _pixDestroy(pointer: number): void;
  wrapPointer<T>(pointer: number, type: object): T;
  getPointer(object: object): number;
  destroy(object: object): void;
  setValue(pointer: number, value: number, type: string): void;
  getValue(pointer: number, type: string): number;
}

/** Leptonica's picture: rows of 32-bit words, the first pixel in a word's highest bits. */
export interface Pix {
  get_w(): number;
  get_h(): number;
  /** Bits per pixel: 1, 2, 4, 8, 16 or 32 (32 is red, green, blue, alpha from the highest byte down). */
  get_d(): number;
  /** Words per row. */
  get_wpl(): number;
  /** Dots per inch, 0 when unknown. */
  get_xres(): number;
  get_yres(): number;
  /** Address on the core's heap. */
  get_data(): number;
  get_colormap(): Colormap;
  get_spp(): number;
}

export interface Colormap {
  /** Address of `get_n()` entries of blue, green, red, alpha, a byte each. */
  get_array(): number;
  get_n(): number;
}

export interface TessApi {
  Init(dataPath: string, languages: string, engine: number): number;
  Version(): string;
  SetVariable(name: string, value: string): boolean;
  SetPageSegMode(mode: number): void;
  SetImage(pointer: number, width: number, height: number, bytesPerPixel: number, bytesPerLine: number): void;
  SetSourceResolution(dpi: number): void;
  DetectOS(results: OrientationResults): boolean;
  Recognize(monitor: null): number;
  GetIterator(): ResultIterator;
  Clear(): void;
  ClearAdaptiveClassifier(): void;
  End(): void;
}

export interface OrientationResults {
  get_best_result(): { get_orientation_id(): number; get_oconfidence(): number };
}

export interface ResultIterator {
  Begin(): void;
  Next(level: number): boolean;
  Empty(level: number): boolean;
  IsAtBeginningOf(level: number): boolean;
  GetUTF8Text(level: number): string;
  Confidence(level: number): number;
  getBoundingBox(level: number): { x0: number; y0: number; x1: number; y1: number };
}
