import { constants } from 'node:os';
import { API_CODES, BUNDLE_CODES, FILE_CODES, STAGE_CODES, SYSTEM_CODES } from '../../kernel/errors.ts';
import { fittingFields } from '../../kernel/log-fields.ts';
import { WORDS } from './words.ts';

/**
 * What of a log may leave the box. Nothing is looked for and blacked out: each word passes because it is on a list, is a
 * number or a time in its form, or names something of this appliance; everything else becomes a mark. So what nobody thought
 * of stays here too.
 */
export interface Redaction {
  /** Names that are no secret here: ids of tenants, names of containers and units. */
  known: ReadonlySet<string>;
  /** First half of the containers’ addresses. */
  subnet: string;
}

export const MARK = '▒';

const CODES: ReadonlySet<string> = new Set([
  ...API_CODES,
  ...FILE_CODES,
  ...STAGE_CODES,
  ...SYSTEM_CODES,
  ...BUNDLE_CODES,
  ...Object.keys(constants.errno),
  ...Object.keys(constants.signals),
]);

/** In this order: what is more comes before what is a part of it. The last two are what is looked at more closely. */
const PIECES = new RegExp(
  [
    String.raw`(?<time>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b)`,
    String.raw`(?<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b)`,
    String.raw`(?<digest>\bsha256:[0-9a-f]{64}\b)`,
    String.raw`(?<id>\bdoc_[0-9a-f]{16}\b)`,
    String.raw`(?<groups>\b\d+(?:[ .\-/:]\d+)+\b)`,
    String.raw`(?<name>[\p{L}\p{N}_]+(?:[-.][\p{L}\p{N}_]+)+)`,
    String.raw`(?<word>[\p{L}\p{N}_]+)`,
    String.raw`(?<other>[^\p{L}\p{N}_]+)`,
  ].join('|'),
  'gu',
);
const VERSION = /^\d{1,3}(?:\.\d{1,3}){1,2}$/;
const NUMBER = /^\d{1,6}(?:ms|s|kB|KB|MB|GB|KiB|MiB|GiB)?$/;
const PLAIN = /[^\t\x20-\x7e]/gu;

/** A line as it may leave: an event of ours by its fields, anything else word by word. */
export function redactLine(line: string, about: Redaction): string {
  return ownLine(line, about) ?? redactText(line, about);
}

/** Text of whatever origin. O(length). */
export function redactText(text: string, about: Redaction): string {
  return text.replace(PIECES, (piece, ...rest) => {
    const { groups, name, word, other } = rest.at(-1) as Record<string, string | undefined>;
    if (other !== undefined) return other.replace(PLAIN, MARK);
    if (groups !== undefined) return VERSION.test(groups) || isOurAddress(groups, about) ? groups : MARK;
    if (name !== undefined)
      return about.known.has(name) ? name : name.replace(/[\p{L}\p{N}_]+/gu, (one) => wordOf(one, about));
    if (word !== undefined) return wordOf(word, about);
    return piece;
  });
}

function wordOf(word: string, { known }: Redaction): string {
  const passes = WORDS.has(word.toLowerCase()) || known.has(word) || CODES.has(word) || NUMBER.test(word);
  return passes ? word : MARK;
}

/** Loopback and containers; who else reaches the gateway is nobody’s business elsewhere. */
function isOurAddress(text: string, { subnet }: Redaction): boolean {
  return (
    /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/.test(text) && (text.startsWith('127.') || text.startsWith(`${subnet}.`))
  );
}

const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error']);

/** A line of our own logger; null for any other. */
function ownLine(line: string, about: Redaction): string | null {
  if (!line.startsWith('{')) return null;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { level, timestamp, component, message, ...rest } = fields;
  if (typeof level !== 'string' || !LEVELS.has(level) || typeof message !== 'string') return null;
  const text = (value: unknown) => (typeof value === 'string' ? redactText(value, about) : undefined);
  const fitting = fittingFields(rest);
  for (const name of ['tenant_id', 'route', 'code'])
    if (typeof fitting[name] === 'string') fitting[name] = redactText(fitting[name], about);
  return JSON.stringify({
    level,
    timestamp: text(timestamp),
    component: text(component),
    message: text(message),
    ...fitting,
  });
}
