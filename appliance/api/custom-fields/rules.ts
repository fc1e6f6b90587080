import type { CustomField, FieldType } from './schema.ts';
import { fieldCheck } from './value.ts';

/** Which rules fit a type (spec 3): what `min` and `max` bound, whether there is a pattern, what an enum may list. */
interface TypeRules {
  bounds: 'value' | 'length' | null;
  pattern: boolean;
  /** Types of an enum's values by `typeof`; of an array it lists what the items may be. */
  enum: readonly string[];
}

export const TYPE_RULES: Readonly<Record<FieldType, TypeRules>> = Object.freeze({
  string: { bounds: 'length', pattern: true, enum: ['string'] },
  number: { bounds: 'value', pattern: false, enum: ['number'] },
  boolean: { bounds: null, pattern: false, enum: ['boolean'] },
  date: { bounds: null, pattern: false, enum: ['string'] },
  array: { bounds: 'length', pattern: false, enum: ['string', 'number', 'boolean'] },
  object: { bounds: null, pattern: false, enum: [] },
});

type Complain = (path: readonly (string | number)[], message: string) => void;

/** Rules of one field against its type, every mistake. `field` has the right shape. O(rules). */
export function checkRules(field: CustomField, complain: Complain): void {
  const { type, validation = {} } = field;
  const rules = TYPE_RULES[type];
  const { min, max } = validation;
  for (const [name, bound] of [
    ['min', min],
    ['max', max],
  ] as const) {
    if (bound === undefined) continue;
    if (rules.bounds === null)
      complain(['validation', name], `does not fit the type ${type}: only numbers and lengths have bounds`);
    else if (rules.bounds === 'length' && !(Number.isInteger(bound) && bound >= 0)) {
      complain(['validation', name], `bounds the length of a ${type}: a whole number, 0 or more`);
    }
  }
  if (min !== undefined && max !== undefined && min > max) complain(['validation', 'min'], 'must not be above max');
  if (validation.pattern !== undefined && !rules.pattern) {
    complain(['validation', 'pattern'], `does not fit the type ${type}: only strings have a pattern`);
  }
  if (validation.enum !== undefined) checkEnum(field, validation.enum, rules, complain);
}

function checkEnum(
  { name, type, validation }: CustomField,
  values: readonly unknown[],
  rules: TypeRules,
  complain: Complain,
): void {
  if (rules.enum.length === 0) {
    complain(['validation', 'enum'], `does not fit the type ${type}`);
    return;
  }
  if (new Set(values).size < values.length) complain(['validation', 'enum'], 'must not repeat a value');
  const { enum: _, ...others } = validation ?? {};
  // An enum of an array lists items, which the array's own bounds say nothing about.
  const check = type === 'array' ? null : fieldCheck({ name, type, required: false, validation: others });
  for (const [at, value] of values.entries()) {
    const wrong = rules.enum.includes(typeof value) ? (check?.(value) ?? []) : [`must be of the type ${type}`];
    for (const constraint of wrong) complain(['validation', 'enum', at], constraint);
  }
}
