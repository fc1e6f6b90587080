/**
 * What we use of the WebAssembly interface. The project compiles without the browser's library of types, where the
 * full description lives.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmInstance {
  readonly exports: Record<string, unknown>;
}

interface WasmInterface {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => WasmInstance;
  Memory: new (size: { initial: number }) => WasmMemory;
}

/** The engine's WebAssembly interface. */
export const wasm: WasmInterface = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;
