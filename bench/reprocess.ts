import type { ReprocessAnswer } from '../appliance/api/schemas/reprocess.ts';
import type { Client } from '../appliance/cli/client.ts';
import { submit, type TestFile, whenSettled } from '../test/support/batch.ts';
import { atMost } from './bounds.ts';
import { percentile, startShipped, textMaker } from './support.ts';

const DOCUMENTS = 1000;
const BATCH = 250;
const IDLE_QUERIES = 200;

/**
 * Running 1,000 documents again from policy: the rate against their first ingestion, and what searches cost meanwhile
 * against an idle appliance. Both on the same data folder, one after the other.
 */
export async function measure(): Promise<string[]> {
  const appliance = await startShipped();
  try {
    await appliance.createTenant('bench', { classification_review_enabled: false, pii_policy: 'flag' });
    const [client, admin] = [await appliance.client('bench'), await appliance.admin()];
    const make = textMaker(13);
    await ingest(client, texts(make, 20, 'warm'));
    const first = await timed(async () => {
      for (let n = 0; n < DOCUMENTS / BATCH; n++) await ingest(client, texts(make, BATCH, `batch-${n}`));
    });
    const query = () => make(6);
    await searches(client, query, 20);
    const idle = await searches(client, query, IDLE_QUERIES);

    await admin.send('PATCH', '/admin/tenants/bench', { config: { pii_policy: 'redact' }, reason: 'bench' });
    const busy: number[] = [];
    const again = await timed(async () => {
      const body = { from: 'policy', reason: 'bench', below: { config_version: 'current' } };
      const { data } = await client.send<ReprocessAnswer>('POST', '/ingest/bench/reprocess', body);
      for (;;) {
        busy.push(...(await searches(client, query, 5)));
        const path = `/ingest/bench/reprocess/${data.reprocess_id}`;
        const { status, documents } = (await client.get<ReprocessAnswer>(path)).data;
        if (documents.failed > 0) throw new Error(`${documents.failed} documents failed`);
        if (status === 'completed') return documents.indexed;
        // A reader asks now and then; a storm of searches would measure itself.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    const [before, during] = [percentile(idle, 0.95), percentile(busy, 0.95)];
    const rate = (documents: number, seconds: number) => `${(documents / seconds).toFixed(1)} documents/s`;
    const speed = again.value / again.seconds / (DOCUMENTS / first.seconds);
    return [
      `first ingestion                ${rate(DOCUMENTS, first.seconds)}`,
      `again from policy              ${rate(again.value, again.seconds)} (${again.value} documents), ${speed.toFixed(2)} of the first; searches beside it`,
      `search p95 idle                ${before.toFixed(1)} ms (${idle.length} queries)`,
      `search p95 meanwhile           ${during.toFixed(1)} ms (${busy.length} queries), ${(during / before).toFixed(2)} times idle; ${atMost('search meanwhile, times idle', during / before, 2)}`,
    ];
  } finally {
    await appliance.end();
  }
}

function texts(make: (words: number) => string, count: number, salt: string): TestFile[] {
  return Array.from({ length: count }, (_, i) => ({
    filename: `${salt}-${i}.txt`,
    mime_type: 'text/plain',
    content: `Report ${salt} ${i}\n\n${Array.from({ length: 8 }, () => make(90)).join('\n\n')}\n\nWrite to ${salt}.${i}@bench.example.\n`,
  }));
}

async function ingest(client: Client, files: TestFile[]): Promise<void> {
  const { batch_id } = await submit(client, 'bench', files);
  const { summary } = await whenSettled(client, 'bench', batch_id);
  if (summary.completed !== files.length) throw new Error(`${files.length - summary.completed} documents failed`);
}

/** Milliseconds of each of so many searches, one after the other. */
async function searches(client: Client, query: () => string, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await client.send('POST', '/query/bench/search', { query_text: query(), top_k: 10 });
    took.push(performance.now() - began);
  }
  return took;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const began = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - began) / 1000 };
}
