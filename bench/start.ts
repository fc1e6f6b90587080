import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { median, memoryMiB, startShipped } from './support.ts';

const RUNS = 3;

/** Start to the first healthy answer, idle memory, size of `dist/`. */
export async function measure(): Promise<string[]> {
  const starts: number[] = [];
  let idle = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    const appliance = await startShipped();
    const { ok } = await fetch(`${appliance.url}/health`);
    if (!ok) throw new Error('not healthy');
    starts.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 2000));
    idle = memoryMiB(appliance.process.pid!, 'VmRSS');
    await appliance.end();
  }
  const dist = resolve(import.meta.dirname, '../dist');
  const bytes = Number(execFileSync('du', ['-sb', dist], { encoding: 'utf8' }).split('\t')[0]);
  return [
    `start to first healthy answer   ${Math.round(median(starts))} ms (median of ${RUNS}, new data folder)`,
    `idle memory of the daemon       ${Math.round(idle)} MiB`,
    `size of dist/                   ${(bytes / 1e6).toFixed(1)} MB`,
  ];
}
