import type { ReindexAnswer } from '../appliance/api/schemas/reindex.ts';
import { embedderSocket } from '../appliance/bin/wire/embedders.ts';
import type { Client } from '../appliance/cli/client.ts';
import { loadConfig } from '../appliance/config/load.ts';
import { onnxEmbedder } from '../appliance/models/embedder/onnx.ts';
import type { Embedder } from '../appliance/models/embedder/port.ts';
import type { Appliance } from '../test/support/appliance.ts';
import { submit, type TestFile, whenSettled } from '../test/support/batch.ts';
import { ageIndex, onRecords } from '../test/support/inside.ts';
import { FETCHED, FETCHED_MODEL as model, modelMissing } from '../test/support/models/fetched.ts';
import { atLeast, atMost } from './bounds.ts';
import { percentile, random, startShipped } from './support.ts';

/**
 * Making the vectors of 1,000 chunks anew by the model: the rate against embedding the same texts through the same process,
 * batch by batch, while the same reader asks beside either, since a question by the model takes of the same cores; and what
 * searches cost meanwhile against an idle appliance. First as it comes in life, from words to the
 * model; then from one version of the model to the next, where questions and documents share it.
 */

const DOCUMENTS = 100;
const CHUNKS = 1000;
/** As the embed stage hands them over. */
const BATCH = 64;
/** Of which the plain rate is taken, before and after. */
const PLAIN = 256;
const IDLE_QUERIES = 60;
/** A reader asks now and then; a storm of searches would measure itself. */
const BETWEEN_MS = 250;
const WORDS =
  'the goods shall be kept in a safe place until title has passed to the buyer who pays for them in full when rent is due and no party may end this contract before notice was given in writing by post'.split(
    ' ',
  );

export async function measure(): Promise<string[]> {
  const missing = await modelMissing();
  if (missing !== null) return [`left out: ${missing}`];
  const appliance = await startShipped({ FROSTBYTE_EMBEDDER: 'auto', FROSTBYTE_MODELS: FETCHED });
  const config = loadConfig({ variables: {}, overrides: { data_folder: appliance.dataFolder } });
  const embedder = onnxEmbedder({ model, at: { socket: embedderSocket(config, model.name) }, by: 'bench' });
  try {
    // Chunks of some thirty words, by words alone at first.
    const terms = { embedding_model: 'lexical', chunk_soft_limit: 200, chunk_hard_limit: 400 };
    await appliance.createTenant('bench', { classification_review_enabled: false, ...terms });
    await ingest(await appliance.client('bench'));
    const unpinned = { config: { embedding_model: null }, reason: 'bench' };
    await (await appliance.admin()).send('PATCH', '/admin/tenants/bench', unpinned);
    const first = await reindexed(appliance, embedder, 'from words to the model');
    await ageIndex(appliance, 'bench');
    return [...first, ...(await reindexed(appliance, embedder, 'from one version to the next'))];
  } finally {
    await embedder.close();
    await appliance.end();
  }
}

async function reindexed(appliance: Appliance, embedder: Embedder, name: string): Promise<string[]> {
  const [client, admin] = [await appliance.client('bench'), await appliance.admin()];
  const texts = (await onRecords<{ text: string }>(appliance, 'bench', 'SELECT text FROM chunks')).map(
    ({ text }) => text,
  );
  await embedder.embedDocuments(texts.slice(0, BATCH));
  await searches(client, 5);
  const idle = await searches(client, IDLE_QUERIES);
  const before = await plainRate(embedder, texts, client);
  const busy: number[] = [];
  const began = performance.now();
  const { data: started } = await admin.send<ReindexAnswer>('POST', '/admin/tenants/bench/reindex', {
    model: model.name,
    reason: 'bench',
  });
  let now = started;
  while (now.status === 'building') {
    busy.push(await readOnce(client));
    now = (await admin.get<ReindexAnswer>(`/admin/tenants/bench/reindex/${now.reindex_id}`)).data;
    if (now.error_code !== null) throw new Error(now.error_code);
  }
  const seconds = (performance.now() - began) / 1000;
  const rate = now.chunks_done / seconds;
  // Before and after, since the machine's speed drifts.
  const plain = (before + (await plainRate(embedder, texts, client))) / 2;
  const [calm, meanwhile] = [percentile(idle, 0.95), percentile(busy, 0.95)];
  return [
    `${name}: ${now.chunks_done} chunks in ${seconds.toFixed(1)} s, ${rate.toFixed(1)} a second, ${(rate / plain).toFixed(2)} of plain embedding (${plain.toFixed(1)}); ${atLeast(`${name}, of plain embedding`, rate / plain, 0.9)}`,
    `  search p95 idle ${calm.toFixed(1)} ms (${idle.length} queries), meanwhile ${meanwhile.toFixed(1)} ms (${busy.length}), ${(meanwhile / calm).toFixed(2)} times idle; ${atMost(`${name}, search meanwhile, times idle`, meanwhile / calm, 2)}`,
  ];
}

/** Texts a second of a share of them, handed over as the embed stage does, while a reader asks beside. */
async function plainRate(embedder: Embedder, texts: readonly string[], client: Client): Promise<number> {
  let isOver = false;
  const reading = (async () => {
    while (!isOver) await readOnce(client);
  })();
  const began = performance.now();
  for (let at = 0; at < PLAIN; at += BATCH) await embedder.embedDocuments(texts.slice(at, at + BATCH));
  const rate = (1000 * PLAIN) / (performance.now() - began);
  isOver = true;
  await reading;
  return rate;
}

/** One search and a pause: how long it took. */
async function readOnce(client: Client): Promise<number> {
  const [took] = await searches(client, 1);
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  return took!;
}

async function ingest(client: Client): Promise<void> {
  const next = random(11);
  const sentence = (words: number) =>
    `${Array.from({ length: words }, () => WORDS[Math.floor(next() * WORDS.length)]).join(' ')}.`;
  const files: TestFile[] = Array.from({ length: DOCUMENTS }, (_, i) => ({
    filename: `terms-${i}.txt`,
    mime_type: 'text/plain',
    content: `Terms ${i}\n\n${Array.from({ length: CHUNKS / DOCUMENTS }, () => sentence(30)).join('\n\n')}\n`,
  }));
  const { batch_id } = await submit(client, 'bench', files);
  const { summary } = await whenSettled(client, 'bench', batch_id);
  if (summary.completed !== files.length) throw new Error(`${files.length - summary.completed} documents failed`);
}

/** Milliseconds of each of so many searches, one after the other. */
async function searches(client: Client, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const query_text = `who pays when notice number ${i} was given`;
    const began = performance.now();
    await client.send('POST', '/query/bench/search', { query_text, top_k: 10 });
    took.push(performance.now() - began);
  }
  return took;
}
