import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Appliance } from '../test/support/appliance.ts';
import { submit, type TestFile, whenSettled } from '../test/support/batch.ts';
import { atMost } from './bounds.ts';
import { startShipped, textMaker } from './support.ts';

const SMALL = 30;
const FACTOR = 10;

/**
 * Documents and pages a second end to end, the share of each stage, and whether ten times the documents take ten times
 * as long: the linear test uses texts of two pages, the mix is the sample set, made unique.
 */
export async function measure(): Promise<string[]> {
  const appliance = await startShipped();
  try {
    await appliance.createTenant('bench', { classification_review_enabled: false });
    const make = textMaker(7);
    const texts = (count: number, salt: string) => twoPages(make, count, salt);
    await run(appliance, texts(5, 'warm'));
    const small = await run(appliance, texts(SMALL, 'small'));
    const large = await run(appliance, texts(SMALL * FACTOR, 'large'));
    const mix = await run(appliance, samples());
    const shares = await stageShares(appliance);
    return [
      `texts, ${SMALL * FACTOR} documents           ${(large.documents / large.seconds).toFixed(1)} documents/s`,
      `sample mix, ${mix.documents} documents        ${(mix.documents / mix.seconds).toFixed(1)} documents/s, ${(mix.pages / mix.seconds).toFixed(1)} pages/s (OCR included)`,
      `ten times the documents        ${(large.seconds / small.seconds).toFixed(1)} times as long (${small.seconds.toFixed(1)} s → ${large.seconds.toFixed(1)} s); ${atMost('ten times the documents, times as long', large.seconds / small.seconds, 11)}`,
      `share of each stage            ${shares}`,
    ];
  } finally {
    await appliance.end();
  }
}

/** Texts of two pages. */
export function twoPages(make: (words: number) => string, count: number, salt: string): TestFile[] {
  return Array.from({ length: count }, (_, i) => ({
    filename: `${salt}-${i}.txt`,
    mime_type: 'text/plain',
    content: `Report ${salt} ${i}\n\n${Array.from({ length: 8 }, () => make(90)).join('\n\n')}\n`,
  }));
}

/** Takes the files as one batch through to its end. */
export async function run(appliance: Appliance, files: TestFile[]) {
  const client = await appliance.client('bench');
  const began = performance.now();
  const { batch_id } = await submit(client, 'bench', files);
  const status = await whenSettled(client, 'bench', batch_id);
  const seconds = (performance.now() - began) / 1000;
  const failed = status.files.filter(({ state }) => state?.endsWith('_failed'));
  if (failed.length > 0) throw new Error(`${failed.length} documents failed: ${failed[0]!.error?.code}`);
  const pages = (status.acceptance_report?.files ?? []).reduce((sum, { parsing }) => sum + (parsing?.pages ?? 0), 0);
  return { seconds, documents: status.files.filter(({ state }) => state === 'indexed').length, pages };
}

const TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  txt: 'text/plain',
  csv: 'text/csv',
  png: 'image/png',
  tif: 'image/tiff',
};

/** The sample set. */
export function samples(): TestFile[] {
  const folder = resolve(import.meta.dirname, '../docs/samples');
  return readdirSync(folder).flatMap((filename) => {
    const mime_type = TYPES[filename.split('.').at(-1)!];
    return mime_type ? [{ filename, mime_type, content: readFileSync(join(folder, filename)) }] : [];
  });
}

async function stageShares(appliance: Appliance): Promise<string> {
  await new Promise((done) => setTimeout(done, 3000));
  const text = await (await fetch(`${appliance.url}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const [, task, value] of text.matchAll(
    /^frostbyte_task_duration_seconds_sum\{[^}]*task="(\w+)"[^}]*\} ([\d.e+-]+)$/gm,
  ))
    sums.set(task!, Number(value));
  const total = [...sums.values()].reduce((sum, value) => sum + value, 0);
  return [...sums].map(([task, value]) => `${task} ${Math.round((value / total) * 100)} %`).join(', ');
}
