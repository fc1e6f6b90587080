import { createHash } from 'node:crypto';
import { EICAR } from '../clamd.ts';
import { ATTACK, VAGUE } from '../decisions-world.ts';

/** The pool of files that sequences send: each with words planted in it that nothing else in the world holds. */

/** A part of a text that becomes a chunk of its own. */
export interface Piece {
  /** A word that this piece alone holds. */
  marker: string;
  /** A social security number, where the piece has one. */
  secret: string | null;
  isAttack: boolean;
}

export interface Content {
  kind: Kind;
  filename: string;
  /** A word of the file name. */
  name: string;
  text: string;
  sha256: string;
  pieces: readonly Piece[];
  isVague: boolean;
  isMalware: boolean;
}

export const KINDS = [
  'plain',
  'personal',
  'attack',
  'vague',
  'vaguePersonal',
  'personalAttack',
  'vagueAttack',
  'malware',
] as const;
export type Kind = (typeof KINDS)[number];

type Part = 'opening' | 'secret' | 'attack' | 'vague' | 'malware';

const PARTS: Readonly<Record<Kind, readonly Part[]>> = Object.freeze({
  plain: ['opening'],
  personal: ['opening', 'secret'],
  attack: ['opening', 'attack'],
  vague: ['vague'],
  vaguePersonal: ['vague', 'secret'],
  personalAttack: ['opening', 'secret', 'attack'],
  vagueAttack: ['vague', 'attack'],
  malware: ['malware'],
});

const TEXTS: Readonly<Record<Part, (marker: string, secret: string) => string>> = Object.freeze({
  opening: (marker) =>
    `INVOICE\n\nInvoice number 17 was made out for freight ${marker}. The total amount due is 200, net 30 days.`,
  secret: (marker, secret) => `DELIVERY\n\nThe parcels ${marker} went north. SSN ${secret} is on the list.`,
  attack: (marker) => `REMARKS\n\n${ATTACK} It was sent with ${marker}.`,
  vague: (marker) => `${VAGUE}, like ${marker}.`,
  malware: (marker) => `${EICAR} ${marker}`,
});

/** One file of each kind. `salt` makes all their words new; the same salt makes the same bytes. */
export function contentsOf(salt: number): Content[] {
  return KINDS.map((kind, k) => {
    const pieces = PARTS[kind].map((part, p) => ({
      marker: word(salt, k, p),
      secret: part === 'secret' ? `${saltNumber(salt)}${1000 + ((salt * 10 + k) % 9000)}` : null,
      isAttack: part === 'attack',
    }));
    const text = PARTS[kind].map((part, p) => TEXTS[part](pieces[p]!.marker, pieces[p]!.secret ?? '')).join('\n\n');
    const name = word(salt, k, 9);
    const isVague = PARTS[kind][0] === 'vague';
    return {
      kind,
      filename: `${isVague ? 'sheet' : 'invoice'} ${name}.txt`,
      name,
      text,
      sha256: createHash('sha256').update(text).digest('hex'),
      pieces,
      isVague,
      isMalware: kind === 'malware',
    };
  });
}

/** Every word that is planted in a content, its name apart. */
export function wordsOf({ pieces }: Pick<Content, 'pieces'>): string[] {
  return pieces.flatMap(({ marker, secret }) => (secret === null ? [marker] : [marker, secret]));
}

/** How all words and numbers of a salt begin, and how long they are: for finding them in files in one go. */
export function beginningsOf(salt: number): { beginning: string; length: number }[] {
  return [
    { beginning: saltWord(salt), length: 9 },
    { beginning: saltNumber(salt), length: 11 },
  ];
}

const saltWord = (salt: number) => `quo${letters(salt, 4)}`;
const saltNumber = (salt: number) => `${501 + (salt % 150)}-${11 + (salt % 80)}-`;

function word(salt: number, content: number, piece: number): string {
  return `${saltWord(salt)}${letters(content, 1)}${letters(piece, 1)}`;
}

/** A number in letters that are no digits and no word of any pattern. */
function letters(value: number, length: number): string {
  let rest = value;
  let made = '';
  for (let i = 0; i < length; i++) {
    made = 'bcdfghjklmnpqrstvwxz'[rest % 20]! + made;
    rest = Math.floor(rest / 20);
  }
  return made;
}
