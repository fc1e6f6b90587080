import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { keepEmbedder } from '../appliance/bin/keep-embedder.ts';
import { type LoadedModel, type LoadOptions, loadModel } from '../appliance/models/embedder/onnx/load-model.ts';
import { packByLength } from '../appliance/models/embedder/onnx/pack.ts';
import { openSession } from '../appliance/models/embedder/onnx/session.ts';
import { readTokenizer } from '../appliance/models/embedder/onnx/tokenizer.ts';
import { onnxEmbedder } from '../appliance/models/embedder/onnx.ts';
import { embedderStatus } from '../appliance/models/embedder/over-socket/ask-embedder.ts';
import { silentLogger } from '../appliance/observability/logger.ts';
import { FETCHED, FETCHED_MODEL as model, modelMissing } from '../test/support/models/fetched.ts';
import { cosineOf, LEAST_COSINE, REFERENCES } from '../test/support/models/references.ts';
import { atLeast } from './bounds.ts';
import { median, memoryMiB, random } from './support.ts';

/**
 * Whether the model is the one of its publisher, by reference texts; and what it costs: texts a second by length and mixed,
 * what packing by length gains over batches padded in order of arrival and over one text at a time, the process's memory,
 * and the time from its start to its first vector.
 */

const LENGTHS = [32, 128, 384];
/** Batches as they are made where nobody looks at lengths. */
const ARRIVAL = 8;
const MIXED = 32;
const ROUNDS = 3;
/** Each is one token. */
const WORDS = 'the goods shall be kept in a safe place until title has passed to the buyer and paid for in full'.split(
  ' ',
);

type Way = NonNullable<LoadOptions['pack']>;
const WAYS: Readonly<Record<string, Way>> = {
  'packed by length': packByLength,
  'padded in order of arrival': (lengths) =>
    Array.from({ length: Math.ceil(lengths.length / ARRIVAL) }, (_, i) =>
      lengths.map((_, at) => at).slice(i * ARRIVAL, (i + 1) * ARRIVAL),
    ),
  'one by one': (lengths) => lengths.map((_, at) => [at]),
};

/** What packing by length must gain at least over another way. */
const BOUNDS: Readonly<Record<string, number>> = { 'padded in order of arrival': 1.5, 'one by one': 1 };

export async function measure(): Promise<string[]> {
  const missing = await modelMissing();
  if (missing !== null) return [`left out: ${missing}`];
  return [await againstReferences(), ...(await inOneProcess()), ...(await asTheProcessItIs())];
}

/** The publisher's tokens and the original implementation's vectors, against ours. */
async function againstReferences(): Promise<string> {
  const folder = join(FETCHED, model.name);
  const { before, behind, tokensOf } = await readTokenizer(join(folder, 'tokenizer.json'));
  const session = await openSession(join(folder, 'model.onnx'), model.padding_id);
  const most = model.max_tokens - before.length - behind.length;
  let [equal, smallest] = [0, 1];
  for (const { text, input_ids, vector } of REFERENCES) {
    // Cut as the reference is; the product would make windows of it.
    const tokens = [...before, ...tokensOf(text).slice(0, most), ...behind];
    if (isDeepStrictEqual(tokens, input_ids)) equal += 1;
    const [made] = await session.run([tokens]);
    smallest = Math.min(smallest, cosineOf(made!, vector));
  }
  await session.close();
  return `${REFERENCES.length} reference texts: token ids equal in ${equal}, smallest cosine ${smallest.toFixed(6)}; ${atLeast('smallest cosine', smallest, LEAST_COSINE)}; equal ${atLeast('texts with equal token ids', equal, REFERENCES.length)}`;
}

async function inOneProcess(): Promise<string[]> {
  let way: Way = packByLength;
  // As documents are embedded.
  const loaded = await loadModel(FETCHED, model, { packWeights: false, pack: (lengths) => way(lengths) });
  await embed(loaded, [textOf(64)]);
  const lines: string[] = [];
  for (const length of LENGTHS) {
    const texts = Array.from({ length: Math.max(4, Math.ceil(1536 / length)) }, (_, i) => textOf(length, i));
    lines.push(
      `${length} tokens: ${(texts.length / (await seconds(() => embed(loaded, texts)))).toFixed(1)} texts a second`,
    );
  }
  const next = random(3);
  // Chunks of documents: many short ones, few as long as the model reads.
  const texts = Array.from({ length: MIXED }, (_, i) => textOf(8 + Math.floor(next() ** 2 * 376), i));
  const times = new Map<string, number[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, one] of Object.entries(WAYS)) {
      way = one;
      times.get(name)!.push(await seconds(() => embed(loaded, texts)));
    }
  }
  await loaded.close();
  const packed = times.get('packed by length')!;
  for (const [name, taken] of times) {
    // Each round's ratio, since the machine's speed drifts.
    const ratio = median(taken.map((time, round) => time / packed[round]!));
    const gain =
      name in BOUNDS
        ? `, packed is ${ratio.toFixed(2)} × as quick; ${atLeast(`packing, against ${name}`, ratio, BOUNDS[name]!)}`
        : '';
    lines.push(`mixed, ${name}: ${(MIXED / Math.min(...taken)).toFixed(1)} texts a second${gain}`);
  }
  return lines;
}

/** A process that is started, asked for a question and for documents, as a daemon does. */
async function asTheProcessItIs(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  const at = { socket: join(folder, 'run/embedder.sock') };
  const started = performance.now();
  const kept = keepEmbedder({
    settings: { at, models_folder: FETCHED, model, idle_ms: 600_000, log_level: 'error' },
    status: () => embedderStatus(at, 5000),
    logger: silentLogger,
  });
  const embedder = onnxEmbedder({ model, at, by: 'bench', patienceMs: 60_000 });
  try {
    await embedder.embedQuery('who pays for harm');
    const first = performance.now() - started;
    const next: number[] = [];
    for (let i = 0; i < 10; i++) {
      next.push(1000 * (await seconds(() => embedder.embedQuery(`who pays for harm number ${i}`))));
    }
    const questions = memoryMiB(kept.pid()!, 'VmHWM');
    await embedder.embedDocuments(Array.from({ length: 64 }, (_, i) => textOf(1 + (i % 8) * 50, i)));
    return [
      `first vector ${(first / 1000).toFixed(2)} s after the process was started; a question then takes ${median(next).toFixed(0)} ms`,
      `peak memory ${questions.toFixed(0)} MiB with questions alone, ${memoryMiB(kept.pid()!, 'VmHWM').toFixed(0)} MiB with documents (of it the weights file, mapped, 418)`,
    ];
  } finally {
    await embedder.close();
    await kept.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A text that is so many tokens with those around it, and another one for another number. */
function textOf(tokens: number, number = 0): string {
  return Array.from({ length: Math.max(1, tokens - 2) }, (_, i) => WORDS[(i + number) % WORDS.length]).join(' ');
}

async function embed(loaded: LoadedModel, texts: readonly string[]): Promise<void> {
  await loaded.embed(texts, 'document', () => undefined);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
