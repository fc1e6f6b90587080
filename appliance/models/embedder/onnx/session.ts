import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { meanVector } from '../mean-vector.ts';
import { DIMENSIONS } from '../port.ts';

/** A model in memory. */
export interface ModelSession {
  /** The vectors of token sequences, each padded to the longest: mean over its tokens, length one. */
  run(batch: readonly (readonly number[])[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Loads a graph with its weights, for all cores. A graph gives back either the vectors of the texts
 * (`sentence_embedding`) or those of the tokens (`last_hidden_state`), which are averaged here. Throws
 * `DIMENSION_MISMATCH` where it gives back vectors of another length, `EMBEDDER_UNAVAILABLE` where it cannot be loaded.
 */
export async function openSession(
  graph: string,
  paddingId: number,
  { packWeights = true }: { packWeights?: boolean } = {},
): Promise<ModelSession> {
  const session = await InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: availableParallelism(),
    // What one length needed another does not: kept, it would be memory for the longest of all batches many times over.
    enableMemPattern: false,
    extra: { session: { disable_prepacking: packWeights ? '0' : '1', intra_op: { allow_spinning: '0' } } },
  }).catch((cause: unknown) => {
    throw new FrostbyteError('EMBEDDER_UNAVAILABLE', 'The model’s graph cannot be loaded.', { cause });
  });
  const output = session.outputNames[0]!;
  const isTyped = session.inputNames.includes('token_type_ids');

  return {
    async run(batch) {
      const length = Math.max(...batch.map((tokens) => tokens.length));
      const shape = [batch.length, length];
      const ids = new BigInt64Array(batch.length * length).fill(BigInt(paddingId));
      const mask = new BigInt64Array(batch.length * length);
      for (const [row, tokens] of batch.entries()) {
        for (const [i, token] of tokens.entries()) ids[row * length + i] = BigInt(token);
        mask.fill(1n, row * length, row * length + tokens.length);
      }
      const feeds: Record<string, Tensor> = {
        input_ids: new Tensor('int64', ids, shape),
        attention_mask: new Tensor('int64', mask, shape),
        ...(isTyped && { token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape) }),
      };
      const { [output]: found } = await session.run(feeds, [output]);
      const numbers = found!.data as Float32Array;
      const vectors = batch.map((tokens, row) => {
        if (found!.dims.length === 2) return numbers.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS);
        const first = row * length * DIMENSIONS;
        return meanVector(numbers.subarray(first, first + tokens.length * DIMENSIONS));
      });
      if (found!.dims[0] !== batch.length || found!.dims.at(-1) !== DIMENSIONS) throw otherDimensions(found!.dims);
      return vectors;
    },
    close: () => session.release(),
  };
}

function otherDimensions(dims: readonly number[]): FrostbyteError {
  return new FrostbyteError('DIMENSION_MISMATCH', `The model gives vectors of other dimensions than ${DIMENSIONS}.`, {
    details: [{ field: 'dimensions', value: dims.at(-1), constraint: `exactly ${DIMENSIONS}` }],
  });
}
