import { readFileSync } from 'node:fs';
import { CLASSIFICATIONS, type Classification } from '../../../enriched.ts';

/** Makes the training and held-out documents from the fragments in this folder. Used by the training script only. */

export interface Example {
  classification: Classification;
  text: string;
}

interface Fragment {
  language: string;
  text: string;
}

const SLOTS: Readonly<Record<string, readonly string[]>> = {
  company: [
    'Fjordline Logistics',
    'Brightwater Ltd',
    'Kessler Maschinenbau',
    'Altona Handel',
    'Nordtak Bygg',
    'Palmerston Foods',
    'Vega Analytics',
    'Orchard & Stone',
    'Lumen Werke',
    'Havbris Sjømat',
  ],
  person: [
    'Ingrid Solvang',
    'Tom Barlow',
    'Petra Lindner',
    'Samuel Okoro',
    'Marie Aubert',
    'Karl Wieland',
    'Nora Haugland',
    'Elena Prieto',
    'James Whitlock',
    'Lucia Moretti',
  ],
  place: ['Oslo', 'Hamburg', 'Leeds', 'Denver', 'Bergen', 'Vienna', 'Dublin', 'Zurich', 'Oregon', 'Bristol'],
  date: ['3 March 2021', '14 June 2022', 'January 9, 2020', '2023-05-17', '01.10.2019', '28 November 2018'],
  amount: ['1,250.00', 'EUR 480.50', 'NOK 12 900', '$3,400', '99.00', '7.640,00'],
  number: ['12', '30', '2041', '7', '90', '10388', '5'],
  product: ['centrifuge', 'steel bracket', 'office chair', 'pump', 'toner cartridge', 'scale'],
};

/** A small generator with a fixed seed (mulberry32), so that training gives the same model everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function fragmentsOf(classification: Classification): Fragment[] {
  const file = new URL(`./${classification}.txt`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ language: line.slice(0, 2), text: line.slice(3) }));
}

/**
 * Documents of all classes. Every fifth fragment of a class is kept out of training: the held-out documents are made
 * of sentences that training never saw.
 */
export function composeDocuments(
  seed: number,
  perClass: { training: number; heldOut: number },
): { training: Example[]; heldOut: Example[] } {
  const random = seededRandom(seed);
  const training: Example[] = [];
  const heldOut: Example[] = [];
  for (const classification of CLASSIFICATIONS) {
    const fragments = fragmentsOf(classification);
    const seen = fragments.filter((_, i) => i % 5 !== 3);
    const unseen = fragments.filter((_, i) => i % 5 === 3);
    for (const { text } of seen) training.push({ classification, text: filled(text, random) });
    for (let n = 0; n < perClass.training; n++) training.push({ classification, text: compose(seen, random) });
    for (let n = 0; n < perClass.heldOut; n++) heldOut.push({ classification, text: compose(unseen, random) });
  }
  return { training, heldOut };
}

/** Two to seven fragments of one language, in random order. */
function compose(fragments: readonly Fragment[], random: () => number): string {
  const language = pick(fragments, random).language;
  const pool = fragments.filter((fragment) => fragment.language === language);
  const count = Math.min(pool.length, 2 + Math.floor(random() * 6));
  const chosen: string[] = [];
  const left = [...pool];
  while (chosen.length < count)
    chosen.push(filled(left.splice(Math.floor(random() * left.length), 1)[0]!.text, random));
  return chosen.join('\n');
}

function filled(text: string, random: () => number): string {
  return text.replace(/\{(\w+)\}/g, (_, slot: string) => pick(SLOTS[slot]!, random));
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}
