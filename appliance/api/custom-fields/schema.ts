import { z } from '../zod.ts';
import { compilePattern, LONGEST_PATTERN } from './pattern.ts';
import { checkRules } from './rules.ts';

/** A tenant's schema of metadata (spec 3, `custom_fields`): what manifests may say about files beyond the manifest's own fields. */

export const FIELD_TYPES = ['string', 'number', 'boolean', 'date', 'array', 'object'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

const MOST_FIELDS = 50;
/** Values of an enum, and the length of each: longer lists are data, not a schema. */
const MOST_VALUES = 200;
const LONGEST_VALUE = 256;
/** Characters of a whole schema as JSON: it travels with the configuration of every batch. */
const LARGEST_SCHEMA = 65_536;

/** Looks at a value even where its parts were found wrong, so that all mistakes are told at once. */
const ALWAYS = { when: () => true };

/** Text that JSON carries everywhere: without half of a surrogate pair. */
const whole = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((text) => text.isWellFormed(), 'must be valid Unicode');

const BOUNDS = 'Inclusive; of a number its value, of a string its characters, of an array its items';

const Validation = z.strictObject({
  min: z.number().optional().openapi({ description: BOUNDS }),
  max: z.number().optional().openapi({ description: BOUNDS }),
  pattern: whole(LONGEST_PATTERN)
    .min(1)
    .superRefine((source, context) => {
      const compiled = compilePattern(source);
      if ('problem' in compiled) context.addIssue({ code: 'custom', message: compiled.problem });
    })
    .optional()
    .openapi({ description: 'RE2 syntax, found anywhere in the value unless tied with ^ and $; strings only' }),
  enum: z
    .array(z.union([whole(LONGEST_VALUE), z.number(), z.boolean()]))
    .min(1)
    .max(MOST_VALUES)
    .optional()
    .openapi({ description: 'What the value may be; of an array, what its items may be' }),
});

const Field = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be letters, digits and _, not beginning with a digit')
    .max(64)
    // A name that JavaScript keeps for itself would be lost on the way.
    .refine((name) => name !== '__proto__', 'is reserved'),
  type: z.enum(FIELD_TYPES),
  required: z.boolean().default(false),
  description: whole(256).optional(),
  validation: Validation.optional(),
});
export type CustomField = z.infer<typeof Field>;

const CheckedField = Field.superRefine((field, context) => {
  checkRules(field, (path, message) => context.addIssue({ code: 'custom', path: [...path], message }));
});

export const CustomFields = z
  .strictObject({
    schema_version: z
      .string()
      .regex(/^\d+\.\d+$/, 'must be two numbers, such as 1.0')
      .max(32),
    fields: z.array(CheckedField).max(MOST_FIELDS),
  })
  .superRefine((schema, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const fields: unknown = (schema as Partial<CustomFields> | null)?.fields;
    const seen = new Set<unknown>();
    for (const [at, field] of (Array.isArray(fields) ? fields : []).entries()) {
      const name = (field as Partial<CustomField> | null)?.name;
      if (typeof name === 'string' && seen.has(name)) complain(['fields', at, 'name'], 'is used by an earlier field');
      seen.add(name);
    }
    if ((JSON.stringify(schema) ?? '').length > LARGEST_SCHEMA) {
      complain([], `must not be larger than ${LARGEST_SCHEMA} characters as JSON`);
    }
  }, ALWAYS)
  .openapi('CustomFields');
export type CustomFields = z.infer<typeof CustomFields>;

/**
 * Order of two schema versions: negative, zero, positive, number by number (1.10 is larger than 1.9), however long.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => BigInt(part)));
  for (const place of [0, 1]) {
    const [one, other] = [left![place]!, right![place]!];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
