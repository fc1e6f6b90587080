import { withoutLostName } from '../manifest.ts';
import { z } from '../zod.ts';

/** `filters.metadata` of a search: per field a value to equal, or operators. Which fit is decided by the tenant's schema. */

const Operand = z.union([z.string().max(1000), z.number(), z.boolean()]);
const Operands = z.array(Operand).min(1).max(100);
const FILTER_FORM =
  'must be text of at most 1000 characters, a number, true, false, or operators (eq, in, gt, gte, lt, lte, contains, contains_any, contains_all)';
/** Numbers, and dates as text. */
const Bound = z.union([z.string().max(64), z.number()]);

export const MetadataOperators = z
  .strictObject({
    eq: Operand.optional(),
    in: Operands.optional(),
    gt: Bound.optional(),
    gte: Bound.optional(),
    lt: Bound.optional(),
    lte: Bound.optional(),
    contains: Operand.optional(),
    contains_any: Operands.optional(),
    contains_all: Operands.optional(),
  })
  .refine((operators) => Object.keys(operators).length > 0, 'must name at least one operator')
  .openapi('MetadataOperators', {
    description:
      'eq, in: string, number, boolean, date. gt, gte, lt, lte: number, date (a plain date is its whole day in UTC). contains, contains_any, contains_all: items of an array. All operators of a field must hold. Fields of the type object are stored, but not searched.',
  });
export type MetadataOperators = z.infer<typeof MetadataOperators>;

export const MetadataFilter = z.preprocess(
  withoutLostName,
  z
    .record(z.string().min(1).max(64), z.union([Operand, MetadataOperators], { error: FILTER_FORM }))
    .refine((filter) => Object.keys(filter).length <= 50, 'must not name more than 50 fields'),
);
export type MetadataFilter = z.infer<typeof MetadataFilter>;
