import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { GraphBuilder } from '../../../appliance/models/embedder/graph/onnx.ts';
import { readTensors } from '../../../appliance/models/embedder/graph/safetensors.ts';
import type { LockedModel, ModelLock } from '../../../appliance/models/embedder/lock.ts';
import { random } from '../../../bench/support.ts';
import { safetensors } from './safetensors.ts';

/**
 * A model of two megabytes that is like a real one in all but meaning: a tokenizer file, weights beside a graph, the
 * graph's inputs and outputs. Its vector of a text is the mean of its words' random vectors.
 */
const WORDS = 400;
const MOST_TOKENS = 16;
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];

export interface SmallModelOptions {
  name?: string;
  /** What the graph gives back: vectors of texts, or of tokens, to be averaged. */
  output?: 'sentence_embedding' | 'last_hidden_state';
  prefixes?: LockedModel['prefixes'];
  /** Multiplies every number: with `Infinity` the vectors are not finite. */
  scale?: number;
  /** Numbers of a vector. */
  width?: number;
}

/** Writes the model's files into `folder/NAME` and answers what the lock would say of it. */
export async function writeSmallModel(folder: string, options: SmallModelOptions = {}): Promise<LockedModel> {
  const {
    name = 'small-model',
    output = 'sentence_embedding',
    prefixes = { document: '', query: '' },
    width = 768,
  } = options;
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const next = random(7);
  const numbers = Array.from({ length: WORDS * width }, () => next() - 0.5);
  const weights = safetensors([{ name: 'words', shape: [WORDS, width], numbers }]);
  writeFileSync(join(place, 'model.safetensors'), weights);
  const graph = await smallGraph(join(place, 'model.safetensors'), output, width, options.scale ?? 1);
  writeFileSync(join(place, 'model.onnx'), graph);
  const tokenizer = Buffer.from(JSON.stringify(smallTokenizer()));
  writeFileSync(join(place, 'tokenizer.json'), tokenizer);
  const file = (role: 'graph' | 'weights' | 'tokenizer', fileName: string, bytes: Uint8Array) => ({
    name: fileName,
    role,
    size: bytes.length,
    sha256: sha256Hex(bytes),
    brought_as: [fileName],
  });
  return {
    name,
    revision: '0123456789abcdef',
    license: 'MIT',
    dimensions: 768,
    max_tokens: MOST_TOKENS,
    prefixes,
    padding_id: 0,
    memory_mb: 1,
    evidence: { floor: 0, threshold: 0.45 },
    files: [
      file('weights', 'model.safetensors', weights),
      file('tokenizer', 'tokenizer.json', tokenizer),
      file('graph', 'model.onnx', graph),
    ],
    source: null,
  };
}

export function lockOf(...models: LockedModel[]): ModelLock {
  return { format: 1, models };
}

async function smallGraph(weights: string, output: string, width: number, scale: number): Promise<Uint8Array> {
  const graph = new GraphBuilder('model.safetensors');
  const ids = graph.input('input_ids', { type: 'int64', axes: ['batch', 'length'] });
  const mask = graph.input('attention_mask', { type: 'int64', axes: ['batch', 'length'] });
  if (output === 'last_hidden_state') graph.input('token_type_ids', { type: 'int64', axes: ['batch', 'length'] });
  const words = graph.weight('words', (await readTensors(weights)).get('words')!);
  const looked = graph.node('Gather', [words, ids]);
  const scaled = graph.constant('float', [scale]);
  if (output === 'last_hidden_state') {
    graph.node('Mul', [looked, scaled], {}, output);
    graph.output(output, { type: 'float', axes: ['batch', 'length', width] });
    return graph.done('small');
  }
  const axis = (at: number) => graph.constant('int64', [at], [1]);
  const present = graph.node('Unsqueeze', [graph.node('Cast', [mask], { to: 1 }), axis(2)]);
  const sum = graph.node('ReduceSum', [graph.node('Mul', [looked, present]), axis(1)], { keepdims: 0 });
  const norm = graph.node('ReduceL2', [sum], { axes: [1], keepdims: 1 });
  graph.node('Mul', [graph.node('Div', [sum, norm]), scaled], {}, output);
  graph.output(output, { type: 'float', axes: ['batch', width] });
  return graph.done('small');
}

/** Letters and pieces of words: every text of letters has tokens. */
function smallTokenizer(): object {
  const vocabulary = [...SPECIAL, ...LETTERS, ...LETTERS.map((letter) => `##${letter}`)];
  const special = (content: string, id: number) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  };
}
