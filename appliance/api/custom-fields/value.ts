import { momentsOf } from '../../kernel/moments.ts';
import { compilePattern, LONGEST_TEXT } from './pattern.ts';
import type { CustomField, FieldType } from './schema.ts';

/** Checks a value of a field. Answers every constraint it does not meet; none where it is right. */
export type FieldCheck = (value: unknown) => string[];

/** Values of an enum that a constraint names; the schema's page has them all. */
const NAMED = 20;

const TYPES: Readonly<Record<FieldType, { is(value: unknown): boolean; constraint: string }>> = Object.freeze({
  string: { is: (value) => typeof value === 'string', constraint: 'must be a string' },
  number: { is: (value) => typeof value === 'number' && Number.isFinite(value), constraint: 'must be a number' },
  boolean: { is: (value) => typeof value === 'boolean', constraint: 'must be true or false' },
  date: {
    is: (value) => typeof value === 'string' && momentsOf(value) !== null,
    constraint: 'must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z',
  },
  array: { is: (value) => Array.isArray(value), constraint: 'must be an array' },
  object: {
    is: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    constraint: 'must be an object',
  },
});

/** What bounds count, by the types that have any. */
const UNITS: Readonly<Partial<Record<FieldType, string>>> = Object.freeze({
  string: ' characters',
  number: '',
  array: ' items',
});

/**
 * The check of one field: type, then bounds, pattern and enum. Made once, used for many values. Rules that do not fit
 * the type are left alone, and a pattern that cannot be compiled matches nothing: no schema has either. A check costs
 * O(value): patterns run in linear time.
 */
export function fieldCheck({ type, validation = {} }: CustomField): FieldCheck {
  const rules: { meets(value: unknown): boolean; constraint: string }[] = [];
  const { min, max, pattern } = validation;
  const unit = UNITS[type];
  if (type === 'string') {
    const constraint = `must be at most ${LONGEST_TEXT} characters`;
    rules.push({ meets: (value) => size(value) <= LONGEST_TEXT, constraint });
  }
  if (unit !== undefined && min !== undefined) {
    rules.push({ meets: (value) => size(value) >= min, constraint: `must be at least ${min}${unit}` });
  }
  if (unit !== undefined && max !== undefined) {
    rules.push({ meets: (value) => size(value) <= max, constraint: `must be at most ${max}${unit}` });
  }
  if (type === 'string' && pattern !== undefined) {
    const compiled = compilePattern(pattern);
    const meets = (value: unknown) => 'pattern' in compiled && compiled.pattern.test(value as string);
    rules.push({ meets, constraint: `must match the pattern ${pattern}` });
  }
  if (validation.enum !== undefined) {
    const allowed = new Set<unknown>(validation.enum);
    const meets = (value: unknown) => [value].flat().every((one) => allowed.has(one));
    rules.push({ meets, constraint: `must be ${type === 'array' ? 'made ' : 'one '}of ${listed(validation.enum)}` });
  }
  return (value) => {
    if (!TYPES[type].is(value)) return [TYPES[type].constraint];
    return rules.filter(({ meets }) => !meets(value)).map(({ constraint }) => constraint);
  };
}

/** What bounds bound: a number itself, the characters (code points) of a text, the items of an array. */
function size(value: unknown): number {
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.length;
  let characters = 0;
  for (const _ of value as string) characters += 1;
  return characters;
}

function listed(values: readonly unknown[]): string {
  const named = values.slice(0, NAMED).map((value) => JSON.stringify(value));
  return values.length > NAMED ? `${named.join(', ')} and ${values.length - NAMED} more` : named.join(', ');
}
