import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Evidence } from '../appliance/data/6-serve/evidence.ts';
import { lexicalEmbedder } from '../appliance/models/embedder/lexical.ts';
import type { Embedder } from '../appliance/models/embedder/port.ts';
import { modelMissing } from '../test/support/models/fetched.ts';
import { type Asked, indexed } from './evidence/asked.ts';
import { type Collection, judgedCollection, type Text } from './evidence/collection.ts';
import { longChunks, TEXTS_IN_A_LONG_CHUNK } from './evidence/long-chunks.ts';
import { ABOUT_SAMPLES, BESIDE_SAMPLES, FOREIGN, NEAR } from './evidence/questions.ts';
import { modelEmbedder } from './retrieval/model-embedder.ts';

const root = resolve(import.meta.dirname, '..');

/** How many neighbours of each judged text go with it when a whole topic is taken out. */
const NEIGHBOURS = 50;

/** What kind of question it is, as the truth has it. */
type Kind = 'answered' | 'missed' | 'taken out' | 'topic out' | 'near' | 'foreign';
type Verdicts = Map<Kind, Record<Evidence, number>>;

/**
 * Whether `evidence` means what it says, with the lexical embedder and with the model: verdicts on questions whose answers
 * were judged by people, whose answers were taken out, and that the collection cannot answer. The thresholds were chosen on
 * the odd questions; the even ones count.
 */
export async function measure(): Promise<string[]> {
  const missing = await modelMissing();
  return [
    ...(await ofEmbedder(lexicalEmbedder())),
    ...(missing === null ? await ofEmbedder(await modelEmbedder()) : [`the model left out: ${missing}`]),
  ];
}

async function ofEmbedder(embedder: Embedder): Promise<string[]> {
  const collection = judgedCollection();
  try {
    const lines = collection
      ? [
          ...(await onCollection('a text a chunk', collection, collection.texts, embedder)),
          ...(await onCollection(
            `${TEXTS_IN_A_LONG_CHUNK} texts a chunk`,
            collection,
            longChunks(collection.texts),
            embedder,
          )),
        ]
      : ['left out: the judged collection is not on this machine'];
    return [`── ${embedder.model}`, ...lines, ...(await onSamples(embedder))];
  } finally {
    await embedder.close();
  }
}

async function onCollection(
  name: string,
  collection: Collection,
  chunks: readonly Text[],
  embedder: Embedder,
): Promise<string[]> {
  const asked = await indexed(chunks, embedder);
  try {
    const lines: string[] = [];
    for (const half of ['fitting', 'checking'] as const) {
      const mine = <T>(all: readonly T[]) => all.filter((_, at) => (at % 2 === 0) === (half === 'fitting'));
      const verdicts: Verdicts = new Map();
      for (const { id, text } of mine(collection.queries)) {
        await aboutJudged(asked, verdicts, text, collection.relevant.get(id) ?? new Set());
      }
      for (const question of mine(NEAR)) note(verdicts, 'near', (await asked.ask(question)).evidence);
      for (const question of mine(FOREIGN)) note(verdicts, 'foreign', (await asked.ask(question)).evidence);
      lines.push(`${name}, ${half} half`, ...shown(verdicts), ...(half === 'checking' ? rates(verdicts) : []));
    }
    return lines;
  } finally {
    await asked.end();
  }
}

/** One query three times: with its answers there, without the judged ones, and without all that stands near those. */
async function aboutJudged(asked: Asked, verdicts: Verdicts, question: string, relevant: ReadonlySet<string>) {
  const judged = (chunk: string) => chunk.split('+').some((id) => relevant.has(id));
  const whole = await asked.ask(question, judged);
  note(verdicts, whole.found ? 'answered' : 'missed', whole.evidence);
  note(verdicts, 'taken out', (await asked.ask(question, judged, judged)).evidence);
  // Where a chunk holds several texts its neighbours share none of its topics.
  if ([...relevant].some((id) => !asked.has(id))) return;
  const topic = new Set<string>();
  for (const id of relevant) for (const neighbour of await asked.around(id, NEIGHBOURS)) topic.add(neighbour);
  note(verdicts, 'topic out', (await asked.ask(question, judged, (id) => judged(id) || topic.has(id))).evidence);
}

async function onSamples(embedder: Embedder): Promise<string[]> {
  const asked = await indexed(sampleChunks(), embedder);
  try {
    const verdicts: Verdicts = new Map();
    for (const [question, file] of ABOUT_SAMPLES) {
      const { evidence, found } = await asked.ask(question, (id) => id.startsWith(file));
      note(verdicts, found ? 'answered' : 'missed', evidence);
    }
    for (const question of BESIDE_SAMPLES) note(verdicts, 'near', (await asked.ask(question)).evidence);
    const inSamples = new Set(ABOUT_SAMPLES.map(([question]) => question));
    for (const question of FOREIGN.filter((one) => !inSamples.has(one)))
      note(verdicts, 'foreign', (await asked.ask(question)).evidence);
    return ['the samples of the project, nothing fitted', ...shown(verdicts), ...rates(verdicts)];
  } finally {
    await asked.end();
  }
}

function sampleChunks(): Text[] {
  const files = globSync('*.{pdf,docx,xlsx,txt,csv,png,tif}', { cwd: join(root, 'docs/samples') });
  const parsed = execFileSync(
    join(root, 'dist/frostbyte'),
    ['parse', '--jsonl', ...files.map((file) => join(root, 'docs/samples', file))],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const chunks = new Map<string, Text>();
  for (const line of parsed.trim().split('\n')) {
    const { file, document } = JSON.parse(line) as { file: string; document?: { chunks: { text: string }[] } };
    for (const [at, { text }] of (document?.chunks ?? []).entries())
      if (!chunks.has(text)) chunks.set(text, { id: `${basename(file)} ${at}`, text });
  }
  return [...chunks.values()];
}

function note(verdicts: Verdicts, kind: Kind, evidence: Evidence): void {
  const counts = verdicts.get(kind) ?? { strong: 0, partial: 0, none: 0 };
  counts[evidence] += 1;
  verdicts.set(kind, counts);
}

function shown(verdicts: Verdicts): string[] {
  return [...verdicts].map(([kind, { strong, partial, none }]) => {
    const cell = (count: number) => String(count).padStart(4);
    return `  ${kind.padEnd(10)} strong ${cell(strong)}   partial ${cell(partial)}   none ${cell(none)}`;
  });
}

/**
 * `strong` should mean that an answer is among the hits, `none` that the collection knows nothing of it, `partial` that
 * it speaks of such things. Questions whose judged answers alone were taken out stand apart: people judged no more than
 * a pool, and much of what is left answers them all the same.
 */
function rates(verdicts: Verdicts): string[] {
  const of = (evidence: Evidence, ...kinds: Kind[]) =>
    kinds.reduce((sum, kind) => sum + (verdicts.get(kind)?.[evidence] ?? 0), 0);
  const total = (...kinds: Kind[]) => of('strong', ...kinds) + of('partial', ...kinds) + of('none', ...kinds);
  const share = (part: number, whole: number) => (whole === 0 ? '  – ' : (part / whole).toFixed(2));
  const unanswered: Kind[] = ['missed', 'topic out', 'near', 'foreign'];
  const row = (evidence: Evidence, right: Kind[], wanted: Kind[]) =>
    `  ${evidence.padEnd(8)} precision ${share(of(evidence, ...right), of(evidence, 'answered', ...unanswered))}   recall ${share(of(evidence, ...wanted), total(...wanted))}`;
  const atLeastPartial = of('strong', 'answered') + of('partial', 'answered');
  return [
    row('strong', ['answered'], ['answered']),
    row('partial', ['answered', 'missed', 'topic out', 'near'], ['missed', 'topic out', 'near']),
    row('none', unanswered, ['foreign']),
    `  at least partial, of the answered ${share(atLeastPartial, total('answered'))}   strong, of near and foreign ${share(of('strong', 'foreign', 'near'), total('foreign', 'near'))}`,
  ];
}
