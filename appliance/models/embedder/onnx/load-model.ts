import { join } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { assertVectors } from '../assert.ts';
import { wrongFiles } from '../folder/wrong-files.ts';
import type { LockedFile, LockedModel } from '../lock.ts';
import { meanVector } from '../mean-vector.ts';
import { DIMENSIONS } from '../port.ts';
import { packByLength } from './pack.ts';
import { openSession } from './session.ts';
import { readTokenizer } from './tokenizer.ts';
import { windowsOf } from './windows.ts';

/** How texts are put to the model: it may have been trained with other words before a text than before a question. */
export type TextKind = 'document' | 'query';

/** Vectors that are ready, by the places of their texts. */
export type OnVectors = (places: readonly number[], vectors: readonly Float32Array[]) => void;

/** A model that was checked and lies in memory. */
export interface LoadedModel {
  /** Tells of vectors as they come, each place once. Rejects with the signal's reason between two batches. */
  embed(texts: readonly string[], kind: TextKind, onVectors: OnVectors, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface LoadOptions {
  /** Bytes that may be taken; the system's measure by default. */
  available?: () => number;
  /** Packs token counts into batches; by length by default. */
  pack?: (lengths: readonly number[]) => number[][];
  /** Whether the weights are copied into the order that is quickest, or stay the file's; see `openSession`. */
  packWeights?: boolean;
  /** Told before a batch runs, and when it has: `null`. */
  onBatch?: (size: number | null) => void;
}

const MIB = 1024 * 1024;

/**
 * Loads a model of the lock from the models folder: every file is hashed first, then the memory that is free is held
 * against what the model takes. Throws `EMBEDDER_UNAVAILABLE` naming the file or the memory, and the mend.
 */
export async function loadModel(folder: string, model: LockedModel, options: LoadOptions = {}): Promise<LoadedModel> {
  const { available = () => process.availableMemory(), pack = packByLength, onBatch = () => undefined } = options;
  await refuseWrongFiles(folder, model);
  const free = Math.floor(available() / MIB);
  if (free < model.memory_mb) {
    throw new FrostbyteError(
      'EMBEDDER_UNAVAILABLE',
      `The model ${model.name} takes ${model.memory_mb} MiB of memory, and ${free} are free. Free some, or set embedder.model to lexical.`,
    );
  }
  const path = (role: LockedFile['role']) =>
    join(folder, model.name, model.files.find((one) => one.role === role)!.name);
  const tokenizer = await readTokenizer(path('tokenizer'));
  const session = await openSession(path('graph'), model.padding_id, { packWeights: options.packWeights ?? true });
  const { before, behind } = tokenizer;
  const prefixes = {
    document: tokenizer.tokensOf(model.prefixes.document),
    query: tokenizer.tokensOf(model.prefixes.query),
  };

  return {
    async embed(texts, kind, onVectors, signal) {
      const lead = [...before, ...prefixes[kind]];
      const most = model.max_tokens - lead.length - behind.length;
      const windows = texts.flatMap((text, place) =>
        windowsOf(tokenizer.tokensOf(text), most).map((tokens) => ({ place, tokens: [...lead, ...tokens, ...behind] })),
      );
      const made = new Map<number, { left: number; vectors: Float32Array[] }>();
      for (const { place } of windows) {
        const one = made.get(place) ?? { left: 0, vectors: [] };
        one.left += 1;
        made.set(place, one);
      }
      const empty = texts.flatMap((_, place) => (made.has(place) ? [] : [place]));
      // A text without a token points nowhere.
      if (empty.length > 0)
        onVectors(
          empty,
          empty.map(() => new Float32Array(DIMENSIONS)),
        );
      for (const batch of pack(windows.map(({ tokens }) => tokens.length))) {
        signal?.throwIfAborted();
        const vectors = await oneBatch(batch.map((i) => windows[i]!.tokens));
        const ready: [number, Float32Array][] = [];
        for (const [at, i] of batch.entries()) {
          const { place } = windows[i]!;
          const text = made.get(place)!;
          text.vectors.push(vectors[at]!);
          text.left -= 1;
          if (text.left === 0) ready.push([place, whole(text.vectors)]);
        }
        if (ready.length > 0) {
          onVectors(
            ready.map(([place]) => place),
            ready.map(([, vector]) => vector),
          );
        }
      }
    },
    close: () => session.close(),
  };

  async function oneBatch(tokens: number[][]): Promise<Float32Array[]> {
    onBatch(tokens.length);
    try {
      const vectors = await session.run(tokens);
      assertVectors(vectors, tokens.length);
      return vectors;
    } finally {
      onBatch(null);
    }
  }
}

/** The vector of a text from those of its windows. */
function whole(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 1) return vectors[0]!;
  const all = new Float32Array(vectors.length * DIMENSIONS);
  for (const [i, vector] of vectors.entries()) all.set(vector, i * DIMENSIONS);
  return meanVector(all);
}

async function refuseWrongFiles(folder: string, model: LockedModel): Promise<void> {
  const wrong = await wrongFiles(folder, model, true);
  if (wrong.length === 0) return;
  const named = wrong.map(({ file, problem }) => `${file} ${problem}`).join('; ');
  throw new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    `The model ${model.name} is not loaded: ${named}. Bring it again: frostbyte model import.`,
    { details: wrong.map(({ file, problem }) => ({ field: file, constraint: problem })) },
  );
}
