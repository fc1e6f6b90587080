import { FrostbyteError } from '../../../kernel/errors.ts';
import { GraphBuilder } from './onnx.ts';
import { bucketOf } from './relative-buckets.ts';
import type { StoredTensor } from './safetensors.ts';

/**
 * The network of MPNet with mean pooling, as a sentence model is published in `model.safetensors`: twelve layers of
 * twelve heads, post-norm, with one table of relative positions for all layers.
 */

const WIDTH = 768;
const INNER = 3072;
const LAYERS = 12;
const HEADS = 12;
const HEAD = WIDTH / HEADS;
const WORDS = 30_527;
/** Rows of the table of positions: the first two are padding's and nobody's. */
const POSITIONS = 514;
const PADDING = 1;
const BUCKETS = 32;
/** Of layer normalisation. */
const EPSILON = 1e-5;
/** The smallest divisor of the mean and of the norm: a text of nothing must not divide by nothing. */
const LEAST = 1e-9;

type Weights = (name: string, ...shape: number[]) => string;

/**
 * The ONNX graph as bytes: inputs `input_ids` and `attention_mask` [batch, length], output `sentence_embedding`
 * [batch, 768], L2 norm 1. The weights stay in `location` beside it. The same bytes for the same weights. Throws
 * `OBJECT_CORRUPTED` where a tensor is missing or has another shape.
 */
export function mpnetGraph(tensors: ReadonlyMap<string, StoredTensor>, location: string): Uint8Array {
  const graph = new GraphBuilder(location);
  const weights: Weights = (name, ...shape) => graph.weight(name, tensorOf(tensors, name, shape));
  const ids = graph.input('input_ids', { type: 'int64', axes: ['batch', 'length'] });
  const mask = graph.input('attention_mask', { type: 'int64', axes: ['batch', 'length'] });
  const size = graph.node('Shape', [ids]);
  const whole = (...axes: number[]) => graph.constant('int64', axes, [axes.length]);
  const batchAndLength = (...axes: number[]) => graph.node('Concat', [size, whole(...axes)], { axis: 0 });

  let state = embeddings(graph, weights, ids);
  // All steps but attention look at tokens alone, whichever text they are of.
  state = graph.node('Reshape', [state, whole(-1, WIDTH)]);
  const headed = batchAndLength(HEADS, HEAD);
  const around = graph.node('Add', [relativeBias(graph, weights, ids), maskBias(graph, mask)]);
  for (let layer = 0; layer < LAYERS; layer++) {
    state = attention(graph, weights, `encoder.layer.${layer}`, state, headed, around);
    state = feedForward(graph, weights, `encoder.layer.${layer}`, state);
  }
  const tokens = graph.node('Reshape', [state, batchAndLength(WIDTH)]);
  pool(graph, tokens, mask);
  graph.output('sentence_embedding', { type: 'float', axes: ['batch', WIDTH] });
  return graph.done('all-mpnet-base-v2');
}

/** Words and positions. Positions count what is no padding, from the one behind padding's on. */
function embeddings(graph: GraphBuilder, weights: Weights, ids: string): string {
  const padding = graph.constant('int64', [PADDING]);
  const counts = graph.node('Cast', [graph.node('Not', [graph.node('Equal', [ids, padding])])], { to: 7 });
  const counted = graph.node('CumSum', [counts, graph.constant('int64', [1])]);
  const positions = graph.node('Add', [graph.node('Mul', [counted, counts]), padding]);
  const word = graph.node('Gather', [weights('embeddings.word_embeddings.weight', WORDS, WIDTH), ids]);
  const position = graph.node('Gather', [
    weights('embeddings.position_embeddings.weight', POSITIONS, WIDTH),
    positions,
  ]);
  return normalised(graph, weights, 'embeddings.LayerNorm', graph.node('Add', [word, position]));
}

/**
 * What each head adds for the distance of two tokens, [heads, length, length]. The table by bucket becomes one by
 * distance, out of which each pair takes its number.
 */
function relativeBias(graph: GraphBuilder, weights: Weights, ids: string): string {
  const farthest = POSITIONS - 1;
  const distances = Array.from({ length: 2 * farthest + 1 }, (_, i) => bucketOf(i - farthest));
  const table = weights('encoder.relative_attention_bias.weight', BUCKETS, HEADS);
  const byDistance = graph.node('Gather', [table, graph.constant('int64', distances, [distances.length])]);
  const byHead = graph.node('Transpose', [byDistance], { perm: [1, 0] });
  const number = (value: number) => graph.constant('int64', [value]);
  const length = graph.node('Gather', [graph.node('Shape', [ids]), number(1)], { axis: 0 });
  const places = graph.node('Range', [number(0), length, number(1)]);
  const axis = (at: number) => graph.node('Unsqueeze', [places, graph.constant('int64', [at], [1])]);
  // The key's place against the query's.
  const distance = graph.node('Add', [graph.node('Sub', [axis(0), axis(1)]), number(farthest)]);
  return graph.node('Gather', [byHead, distance], { axis: 1 });
}

/** [batch, 1, 1, length]: nothing for a token, and for padding so little that it is never looked at. */
function maskBias(graph: GraphBuilder, mask: string): string {
  const present = graph.node('Cast', [mask], { to: 1 });
  const missing = graph.node('Sub', [graph.constant('float', [1]), present]);
  const bias = graph.node('Mul', [missing, graph.constant('float', [-1e9])]);
  return graph.node('Unsqueeze', [bias, graph.constant('int64', [1, 2], [2])]);
}

function attention(
  graph: GraphBuilder,
  weights: Weights,
  layer: string,
  state: string,
  headed: string,
  around: string,
): string {
  const part = (name: string, perm: readonly number[], scale = 1) => {
    const all = dense(graph, weights, `${layer}.attention.attn.${name}`, state, WIDTH, WIDTH, scale);
    return graph.node('Transpose', [graph.node('Reshape', [all, headed])], { perm });
  };
  // The scores' divisor is the root of a head's width, a power of two: as well taken from the query.
  const query = part('q', [0, 2, 1, 3], 1 / Math.sqrt(HEAD));
  const key = part('k', [0, 2, 3, 1]);
  const value = part('v', [0, 2, 1, 3]);
  const scores = graph.node('Add', [graph.node('MatMul', [query, key]), around]);
  const seen = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), value]);
  const flat = graph.node('Reshape', [
    graph.node('Transpose', [seen], { perm: [0, 2, 1, 3] }),
    graph.constant('int64', [-1, WIDTH], [2]),
  ]);
  const out = dense(graph, weights, `${layer}.attention.attn.o`, flat, WIDTH, WIDTH);
  return normalised(graph, weights, `${layer}.attention.LayerNorm`, graph.node('Add', [out, state]));
}

function feedForward(graph: GraphBuilder, weights: Weights, layer: string, state: string): string {
  const inner = gelu(graph, dense(graph, weights, `${layer}.intermediate.dense`, state, WIDTH, INNER));
  const out = dense(graph, weights, `${layer}.output.dense`, inner, INNER, WIDTH);
  return normalised(graph, weights, `${layer}.output.LayerNorm`, graph.node('Add', [out, state]));
}

/** By the error function itself, not by its approximation. */
function gelu(graph: GraphBuilder, x: string): string {
  const number = (value: number) => graph.constant('float', [value]);
  const erf = graph.node('Erf', [graph.node('Div', [x, number(Math.SQRT2)])]);
  const gate = graph.node('Mul', [x, graph.node('Add', [erf, number(1)])]);
  return graph.node('Mul', [gate, number(0.5)]);
}

/** Weights are stored [out, in]. */
function dense(graph: GraphBuilder, weights: Weights, name: string, x: string, from: number, to: number, scale = 1) {
  return graph.node('Gemm', [x, weights(`${name}.weight`, to, from), weights(`${name}.bias`, to)], {
    transB: 1,
    ...(scale === 1 ? {} : { alpha: { float: scale }, beta: { float: scale } }),
  });
}

function normalised(graph: GraphBuilder, weights: Weights, name: string, x: string): string {
  return graph.node('LayerNormalization', [x, weights(`${name}.weight`, WIDTH), weights(`${name}.bias`, WIDTH)], {
    axis: -1,
    epsilon: { float: EPSILON },
  });
}

/** The mean over what is no padding, then length one. */
function pool(graph: GraphBuilder, tokens: string, mask: string): void {
  const least = graph.constant('float', [LEAST]);
  const present = graph.node('Unsqueeze', [graph.node('Cast', [mask], { to: 1 }), graph.constant('int64', [2], [1])]);
  const axes = graph.constant('int64', [1], [1]);
  const sum = graph.node('ReduceSum', [graph.node('Mul', [tokens, present]), axes], { keepdims: 0 });
  const count = graph.node('Max', [graph.node('ReduceSum', [present, axes], { keepdims: 0 }), least]);
  const mean = graph.node('Div', [sum, count]);
  const norm = graph.node('Max', [graph.node('ReduceL2', [mean], { axes: [1], keepdims: 1 }), least]);
  graph.node('Div', [mean, norm], {}, 'sentence_embedding');
}

function tensorOf(tensors: ReadonlyMap<string, StoredTensor>, name: string, shape: readonly number[]): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor !== undefined && tensor.shape.join() === shape.join()) return tensor;
  throw new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The weights file is not one of MPNet: ${name} must be float32 of the shape ${shape.join(' × ')}.`,
  );
}
