import type { z } from 'zod';
import { type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';

/**
 * The parsed value, or `VALIDATION_ERROR` with every problem: field, the value given (where it is short and plain) and
 * the constraint.
 */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new FrostbyteError('VALIDATION_ERROR', 'The request does not meet the rules.', {
    details: problems(result.error, value),
  });
}

/** Every problem of a failed check as field-level details. */
export function problems(error: z.ZodError, value: unknown): ErrorDetail[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), constraint: 'is not a known field' }));
    }
    const found = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      value,
    );
    return [{ field: issue.path.join('.'), ...(isPlain(found) ? { value: found } : {}), constraint: issue.message }];
  });
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= 100;
  return typeof value === 'number' || typeof value === 'boolean' || value === null;
}
