import { type LockedModel, versionOf } from './lock.ts';
import { type AskEmbedderOptions, embedderOverSocket } from './over-socket/ask-embedder.ts';
import type { Embedder } from './port.ts';

export interface OnnxEmbedderOptions extends Omit<AskEmbedderOptions, 'model'> {
  /** Which model the process has. */
  model: LockedModel;
}

/** A model of the lock, run on ONNX Runtime by a process of its own that all tenants share (spec 2 D). */
export function onnxEmbedder({ model, ...asked }: OnnxEmbedderOptions): Embedder {
  const { name, evidence } = model;
  return embedderOverSocket({ ...asked, model: { name, version: versionOf(model), evidence } });
}
