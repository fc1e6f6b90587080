import { readFileSync, statSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { CustomFields } from '../api/custom-fields/schema.ts';
import { validate } from '../api/validate.ts';
import { FrostbyteError } from '../kernel/errors.ts';

/** More is no schema and no metadata of a file. */
const LARGEST_FILE = 1 << 20;

/**
 * A schema of custom fields from a file, JSON or YAML: the schema itself, or what `tenant fields show --json` wrote.
 * Throws `VALIDATION_ERROR` with every problem.
 */
export function readSchemaFile(file: string): CustomFields {
  const content = readDataFile(file);
  const wrapped = typeof content === 'object' && content !== null && 'custom_fields' in content;
  return validate(CustomFields, wrapped ? content.custom_fields : content, 'schema of custom fields');
}

/** What a JSON or YAML file holds. Throws `VALIDATION_ERROR` where it cannot be read. */
export function readDataFile(file: string): unknown {
  try {
    if (statSync(file).size > LARGEST_FILE) throw new RangeError('the file is larger than 1 MiB');
    return parseYaml(readFileSync(file, 'utf8'), { maxAliasCount: 0, uniqueKeys: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = cause instanceof RangeError ? message : (code ?? 'not JSON or YAML');
    throw new FrostbyteError('VALIDATION_ERROR', 'The file cannot be read.', {
      cause,
      details: [{ field: 'file', value: file, constraint: `must be readable (${reason})` }],
    });
  }
}
