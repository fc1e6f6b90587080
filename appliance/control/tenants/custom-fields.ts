import { isDeepStrictEqual } from 'node:util';
import { type CustomFields, compareVersions } from '../../api/custom-fields/schema.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * A changed schema carries a larger version than the last one the tenant had, so that a version names one schema for
 * ever, also across a time without any. Throws `VALIDATION_ERROR`.
 */
export function checkSchemaVersion(last: CustomFields | null, next: CustomFields | null): void {
  if (last === null || next === null || isDeepStrictEqual(last, next)) return;
  if (compareVersions(next.schema_version, last.schema_version) > 0) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'A changed schema of custom fields needs a larger schema_version.', {
    details: [
      {
        field: 'custom_fields.schema_version',
        value: next.schema_version,
        constraint: `must be larger than ${last.schema_version}, the version of the last schema`,
      },
    ],
  });
}

/**
 * A schema as the audit log tells it: version, size and hash. Its descriptions and enums may name people, and an event
 * cannot be erased.
 */
export function toldSchema(schema: CustomFields | null): Record<string, unknown> | null {
  if (schema === null) return null;
  const { schema_version, fields } = schema;
  return { schema_version, fields: fields.length, sha256: sha256Hex(canonicalJson(schema)) };
}
