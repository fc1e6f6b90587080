import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Appliance, type ApplianceOptions, startAppliance } from '../test/support/appliance.ts';

/** The appliance as it ships. */
export function startShipped(
  environment: Record<string, string> = {},
  arrangement: NonNullable<ApplianceOptions['arrangement']> = 'single',
  planes?: ApplianceOptions['planes'],
): Promise<Appliance> {
  const options: ApplianceOptions = {
    launcher: resolve(import.meta.dirname, '../dist/frostbyte'),
    arrangement,
    planes,
    environment: { FROSTBYTE_LOG_LEVEL: 'error', ...environment },
  };
  return startAppliance(options);
}

/** A memory figure of a process in MiB, from its status: `VmRSS` now, `VmHWM` at most. */
export function memoryMiB(pid: number, figure: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}

/** The value below which `share` of the sorted values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Pseudo-random numbers 0–1 from a seed (mulberry32), so that runs compare. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SYLLABLES = [
  'ba',
  'ket',
  'lor',
  'min',
  'sa',
  'ven',
  'dor',
  'tu',
  'rel',
  'pa',
  'gor',
  'sil',
  'ne',
  'fra',
  'hul',
  'ist',
];

/** A vocabulary of made-up words whose use falls off as in natural text (Zipf). */
export function textMaker(seed: number, words = 20_000): (length: number) => string {
  const next = random(seed);
  const vocabulary = Array.from({ length: words }, () =>
    Array.from({ length: 2 + Math.floor(next() * 3) }, () => SYLLABLES[Math.floor(next() * SYLLABLES.length)]).join(''),
  );
  return (length) =>
    Array.from({ length }, () => vocabulary[Math.floor(words ** next()) - 1] ?? vocabulary[0]).join(' ');
}
