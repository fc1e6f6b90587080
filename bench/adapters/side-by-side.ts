import { atMost } from '../bounds.ts';
import { median } from '../support.ts';

const ROUNDS = 300;
/** Calls of each kind before it counts. */
const WARM = 30;
/** What a call may cost at p50, as a multiple of the bare request. */
const MOST = 1.5;

/** Both in turns, so that what slows the machine down slows both. `prepare` runs before each call, unmeasured. */
export async function sideBySide(
  name: string,
  adapter: () => Promise<unknown>,
  bare: () => Promise<unknown>,
  prepare: () => Promise<unknown> = async () => {},
  rounds = ROUNDS,
): Promise<string> {
  const took: Record<'adapter' | 'bare', number[]> = { adapter: [], bare: [] };
  for (let round = -WARM; round < rounds; round++) {
    for (const [which, work] of [
      ['adapter', adapter],
      ['bare', bare],
    ] as const) {
      await prepare();
      const began = performance.now();
      await work();
      if (round >= 0) took[which].push(performance.now() - began);
    }
  }
  const [own, plain] = [median(took.adapter), median(took.bare)];
  const ratio = own / plain;
  const figures = `${own.toFixed(2).padStart(8)} ms ${plain.toFixed(2).padStart(8)} ms ${ratio.toFixed(2).padStart(6)} ×`;
  return `${name.padEnd(28)}${figures}   ${atMost(`${name}, times the bare request`, ratio, MOST)}`;
}

export const HEADING = `${''.padEnd(28)}    adapter        bare  ratio (p50)`;
