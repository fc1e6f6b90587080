import { createHash } from 'node:crypto';

/** What a statement takes. */
export type Value = string | number | boolean | null | Uint8Array | readonly (string | number | boolean | null)[];
export type Parameters = readonly Value[] | Readonly<Record<string, Value>>;

/** A statement as the server knows it. */
export interface Prepared {
  /** By which each connection prepares it once. */
  name: string;
  text: string;
  /** Names in the order of their numbers; null where parameters are given by place. */
  names: readonly string[] | null;
}

const NAMED = /(?<![@\w])@([a-z_]\w*)/g;
const PLACED = /\?/g;
const prepared = new Map<string, Prepared>();

/** `@name` and `?` as numbered parameters. Statements are few and known to the program, so each is worked out once. */
export function prepare(sql: string): Prepared {
  let known = prepared.get(sql);
  if (known === undefined) {
    const names: string[] = [];
    let places = 0;
    const text = sql
      .replace(NAMED, (_, name: string) => {
        if (!names.includes(name)) names.push(name);
        return `$${names.indexOf(name) + 1}`;
      })
      .replace(PLACED, () => `$${++places}`);
    if (names.length > 0 && places > 0) throw new Error('A statement has named parameters and others.');
    const name = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    known = { name, text, names: names.length > 0 ? names : null };
    prepared.set(sql, known);
  }
  return known;
}

/**
 * The server's texts hold every character but one, and no half of a pair. A NUL stands there as U+FFFF and a zero, a half
 * as U+FFFF and its four digits; U+FFFF itself, which is no character of any text, stands twice.
 */
const MARK = '\uffff';
const NOT_HELD = /[\0\uffff\ud800-\udfff]/gu;
const MARKED = /\uffff(0|\uffff|d[89a-f][0-9a-f]{2})/g;

/** A text as the server holds it. */
export function heldText(text: string): string {
  return text.replace(NOT_HELD, (found) => {
    if (found === MARK) return MARK + MARK;
    return found === '\0' ? `${MARK}0` : `${MARK}${found.charCodeAt(0).toString(16)}`;
  });
}

/** A text as it was before `heldText`. */
export function plainText(text: string): string {
  if (!text.includes(MARK)) return text;
  return text.replace(MARKED, (_, kind: string) =>
    kind === MARK ? MARK : String.fromCharCode(Number.parseInt(kind, 16)),
  );
}

function held(value: Value): Value {
  if (typeof value === 'string') return heldText(value);
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? heldText(item) : item));
  return value;
}

/** The values of a statement in the order of their numbers. */
export function valuesOf({ names }: Prepared, parameters: Parameters): Value[] {
  if (Array.isArray(parameters)) return parameters.map(held);
  const given = parameters as Readonly<Record<string, Value>>;
  return (names ?? []).map((name) => {
    const value = given[name];
    if (value === undefined) throw new Error(`The parameter ${name} is missing.`);
    return held(value);
  });
}
