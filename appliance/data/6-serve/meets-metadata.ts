import { momentsOf } from '../../kernel/moments.ts';
import type { MetadataCondition, ValueRange } from '../../stores/record/port.ts';

/** Whether metadata meet all conditions: what the record store answers, for a row that is at hand. O(metadata). */
export function meets(metadata: Readonly<Record<string, unknown>>, conditions: readonly MetadataCondition[]): boolean {
  return conditions.every((condition) => {
    const value = Object.hasOwn(metadata, condition.field) ? metadata[condition.field] : undefined;
    if (condition.of === 'value') return matches(value, condition);
    return Array.isArray(value) && value.some((item) => matches(item, condition));
  });
}

function matches(value: unknown, condition: MetadataCondition): boolean {
  switch (condition.kind) {
    case 'text':
      return typeof value === 'string' && condition.any_of.includes(value);
    case 'boolean':
      return typeof value === 'boolean' && condition.any_of.includes(value);
    case 'number':
      return typeof value === 'number' && condition.any_of.some((range) => within(value, range));
    default: {
      const moment = typeof value === 'string' ? momentsOf(value)?.from : undefined;
      return moment !== undefined && condition.any_of.some((range) => within(moment, range));
    }
  }
}

function within(
  value: number,
  { gte = -Infinity, gt = -Infinity, lte = Infinity, lt = Infinity }: ValueRange,
): boolean {
  return value >= gte && value <= lte && value > gt && value < lt;
}
