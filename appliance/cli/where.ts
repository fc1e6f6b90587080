import type { CustomFields } from '../api/custom-fields/schema.ts';
import type { MetadataFilter, MetadataOperators } from '../api/schemas/metadata-filter.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { fieldOf, typedValue } from './typed-value.ts';

const CONDITION = /^(.{1,64}?)(>=|<=|=|>|<|~)(.*)$/s;
const OPERATORS = Object.freeze({
  '>=': 'gte',
  '<=': 'lte',
  '>': 'gt',
  '<': 'lt',
  '=': 'in',
  '~': 'contains_all',
} as const);

/**
 * `--where`: conditions on metadata as the filter of a search. Several on one field must all hold, but values that it is to
 * equal are alternatives. Values are typed by the schema; without one by their looks, and in quotes they are text. Throws
 * `VALIDATION_ERROR`.
 */
export function readWhere(conditions: readonly string[], schema: CustomFields | null): MetadataFilter {
  const filter = new Map<string, MetadataOperators>();
  for (const text of conditions) {
    const [, name, sign, value] = CONDITION.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new FrostbyteError('VALIDATION_ERROR', 'Conditions are written name=value.', {
        details: [{ field: '--where', constraint: 'a name, one of = >= <= > < ~, a value' }],
      });
    }
    const field = fieldOf(schema, name.trim());
    const scalar = field === undefined || field.type === 'array' ? byLooks(value) : typedValue(value, field.type);
    const operators = filter.get(name.trim()) ?? {};
    filter.set(name.trim(), operators);
    const operator = OPERATORS[sign as keyof typeof OPERATORS];
    if (operator === 'in' || operator === 'contains_all')
      operators[operator] = [...(operators[operator] ?? []), scalar as string];
    else operators[operator] = scalar as string;
  }
  return Object.fromEntries(filter);
}

function byLooks(text: string): unknown {
  if (/^"(?:[^"\\]|\\.)*"$|^(?:true|false)$|^-?\d+(?:\.\d+)?$/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // A number as no JSON is: 007.
    }
  }
  return text;
}
