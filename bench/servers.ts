import type { Appliance } from '../test/support/appliance.ts';
import { stackMissing } from '../test/support/stack.ts';
import { run, samples, twoPages } from './ingestion.ts';
import { percentile, startShipped, textMaker } from './support.ts';

const TEXTS = 100;
const ROUNDS = 3;
const QUERIES = 200;
const ARRANGEMENTS = ['single', 'split', 'stack'] as const;
const NAMES = Object.freeze({
  single: 'embedded, one process',
  split: 'embedded, a process a role',
  stack: 'on servers',
});

/**
 * The same documents and the same questions on the embedded stores and on the servers, in turns within one run: documents a
 * second, and how long a search takes over HTTP. `split` tells what the processes cost from what the servers do.
 */
export async function measure(): Promise<string[]> {
  const missing = stackMissing();
  if (missing !== null) return [`left out, ${missing}`];
  const started = new Map<(typeof ARRANGEMENTS)[number], Appliance>();
  try {
    for (const arrangement of ARRANGEMENTS) {
      const appliance = await startShipped({}, arrangement);
      started.set(arrangement, appliance);
      await appliance.createTenant('bench', { classification_review_enabled: false });
      await run(appliance, twoPages(textMaker(7), 5, 'warm'));
    }
    const make = textMaker(11);
    const took = new Map(ARRANGEMENTS.map((name) => [name, { texts: 0, mix: 0, mixed: 0, searches: [] as number[] }]));
    for (let round = 0; round < ROUNDS; round++) {
      const files = twoPages(make, TEXTS, `round${round}`);
      for (const [name, appliance] of started) took.get(name)!.texts += (await run(appliance, files)).seconds;
    }
    for (const [name, appliance] of started) {
      const { seconds, documents } = await run(appliance, samples());
      Object.assign(took.get(name)!, { mix: seconds, mixed: documents });
    }
    const askers = await Promise.all(
      [...started].map(async ([name, appliance]) => [name, await asker(appliance)] as const),
    );
    for (let n = -10; n < QUERIES; n++) {
      const query_text = make(6);
      for (const [name, ask] of askers) {
        const began = performance.now();
        await ask(query_text);
        if (n >= 0) took.get(name)!.searches.push(performance.now() - began);
      }
    }
    const embedded = took.get('single')!;
    return [
      `${ROUNDS} times ${TEXTS} texts of two pages, the sample mix, then ${QUERIES} searches among all of them, in turns (vectors on servers: ${started.get('stack')!.stack!.qdrant.kind})`,
      ...ARRANGEMENTS.map((name) => {
        const { texts, mix, mixed, searches } = took.get(name)!;
        const times = (mine: number, theirs: number) => `${(mine / theirs).toFixed(2)} ×`;
        return [
          NAMES[name].padEnd(28),
          `texts ${((ROUNDS * TEXTS) / texts).toFixed(1)} documents/s (time ${times(texts, embedded.texts)})`,
          `mix ${(mixed / mix).toFixed(1)} documents/s (${times(mix, embedded.mix)})`,
          `search p50 ${percentile(searches, 0.5).toFixed(1)} ms, p95 ${percentile(searches, 0.95).toFixed(1)} ms (${times(percentile(searches, 0.5), percentile(embedded.searches, 0.5))})`,
        ].join('   ');
      }),
    ];
  } finally {
    for (const appliance of started.values()) await appliance.end();
  }
}

async function asker(appliance: Appliance): Promise<(query_text: string) => Promise<void>> {
  const client = await appliance.client('bench');
  return async (query_text) => {
    await client.send('POST', '/query/bench/search', { query_text, top_k: 10 });
  };
}
