import { unknownField } from '../../api/custom-fields/metadata.ts';
import type { CustomField, CustomFields, FieldType } from '../../api/custom-fields/schema.ts';
import type { MetadataFilter, MetadataOperators } from '../../api/schemas/metadata-filter.ts';
import { type ErrorDetail, FrostbyteError } from '../../kernel/errors.ts';
import { momentsOf } from '../../kernel/moments.ts';
import type { MetadataCondition, ValueRange } from '../../stores/record/port.ts';

type Operator = keyof MetadataOperators;
type Operand = string | number | boolean;

const RANGES: readonly Operator[] = ['gt', 'gte', 'lt', 'lte'];
const ITEMS: readonly Operator[] = ['contains', 'contains_any', 'contains_all'];

/** Which operators a type takes (spec 2 E): a scalar is compared, an array is looked into, an object is only stored. */
const TAKES: Readonly<Record<FieldType, readonly Operator[]>> = Object.freeze({
  string: ['eq', 'in'],
  number: ['eq', 'in', ...RANGES],
  boolean: ['eq', 'in'],
  date: ['eq', 'in', ...RANGES],
  array: ITEMS,
  object: [],
});

const OPERAND: Readonly<
  Record<'string' | 'number' | 'boolean' | 'date', { is(value: unknown): boolean; constraint: string }>
> = Object.freeze({
  string: { is: (value) => typeof value === 'string', constraint: 'must be a string, as the field is one' },
  number: { is: (value) => typeof value === 'number', constraint: 'must be a number, as the field is one' },
  boolean: { is: (value) => typeof value === 'boolean', constraint: 'must be true or false, as the field is' },
  date: {
    is: (value) => typeof value === 'string' && momentsOf(value) !== null,
    constraint: 'must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z, as the field is one',
  },
});

/**
 * A search's metadata filter as conditions for the stores, typed by the tenant's schema. Throws `VALIDATION_ERROR` with
 * every problem at once: a field that the schema does not have (with the nearest name), an operator or a value that does
 * not fit the field's type. Values are not repeated. Without a schema a value's own type counts, and an unknown field is
 * simply one that no document has. O(filter).
 */
export function readMetadataFilter(filter: MetadataFilter, schema: CustomFields | null): MetadataCondition[] {
  const problems: ErrorDetail[] = [];
  const conditions = Object.entries(filter).flatMap(([name, wanted]) => {
    const complain = (constraint: string, ...path: string[]) =>
      problems.push({ field: ['filters.metadata', name, ...path].join('.'), constraint });
    const field = schema?.fields.find((known) => known.name === name);
    if (schema !== null && field === undefined) {
      complain(unknownField(name, schema).constraint);
      return [];
    }
    const operators: MetadataOperators =
      typeof wanted === 'object' ? wanted : field?.type === 'array' ? { contains: wanted } : { eq: wanted };
    return (Object.entries(operators) as [Operator, Operand | Operand[]][]).flatMap(([operator, operand]) =>
      condition(name, field, operator, [operand].flat(), (constraint) => complain(constraint, operator)),
    );
  });
  if (problems.length === 0) return conditions;
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    'The metadata filter does not fit the tenant’s custom fields; see details.',
    {
      details: problems,
    },
  );
}

function condition(
  name: string,
  field: CustomField | undefined,
  operator: Operator,
  operands: readonly Operand[],
  complain: (constraint: string) => void,
): MetadataCondition[] {
  const taken = field === undefined ? null : TAKES[field.type];
  if (taken !== null && !taken.includes(operator)) {
    complain(
      taken.length === 0
        ? `a field of the type ${field!.type} cannot be searched`
        : `a field of the type ${field!.type} takes ${taken.join(', ')}`,
    );
    return [];
  }
  const of = ITEMS.includes(operator) ? 'item' : 'value';
  const type = field === undefined || field.type === 'array' ? null : (field.type as keyof typeof OPERAND);
  if (type !== null && !operands.every(OPERAND[type].is)) {
    complain(OPERAND[type].constraint);
    return [];
  }
  if (RANGES.includes(operator)) {
    if (type === null && typeof operands[0] !== 'number') {
      complain('must be a number; dates need a field of the type date in the tenant’s custom fields');
      return [];
    }
    return [{ field: name, of, ...rangeOf(operator as 'gt' | 'gte' | 'lt' | 'lte', operands[0]!) }];
  }
  // Each on its own, or any of them.
  const groups = operator === 'contains_all' ? operands.map((operand) => [operand]) : [operands];
  return groups.flatMap((group) => oneOf(name, of, group, type === 'date', complain));
}

/** Values of one kind make one condition; a list of several kinds can only be met by an array's items one by one. */
function oneOf(
  field: string,
  of: 'value' | 'item',
  operands: readonly Operand[],
  dates: boolean,
  complain: (constraint: string) => void,
): MetadataCondition[] {
  const [first] = operands;
  if (operands.some((operand) => typeof operand !== typeof first)) {
    complain('must be values of one type');
    return [];
  }
  if (dates) return [{ field, of, kind: 'moment', any_of: operands.map((operand) => wholeOf(operand as string)) }];
  if (typeof first === 'string') return [{ field, of, kind: 'text', any_of: operands as string[] }];
  if (typeof first === 'boolean') return [{ field, of, kind: 'boolean', any_of: operands as boolean[] }];
  return [{ field, of, kind: 'number', any_of: (operands as number[]).map((value) => ({ gte: value, lte: value })) }];
}

/** A plain date is its whole day: after it means after its end, from it on means from its beginning. */
function rangeOf(
  operator: 'gt' | 'gte' | 'lt' | 'lte',
  operand: Operand,
): { kind: 'number' | 'moment'; any_of: ValueRange[] } {
  if (typeof operand === 'number') return { kind: 'number', any_of: [{ [operator]: operand }] };
  const { from, to } = momentsOf(operand as string)!;
  return { kind: 'moment', any_of: [{ [operator]: operator === 'gt' || operator === 'lte' ? to : from }] };
}

function wholeOf(date: string): ValueRange {
  const { from, to } = momentsOf(date)!;
  return { gte: from, lte: to };
}
