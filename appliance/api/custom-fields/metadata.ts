import { nearest } from '../../kernel/nearest.ts';
import type { CustomFields } from './schema.ts';
import { type FieldCheck, fieldCheck } from './value.ts';

export type MetadataValues = Readonly<Record<string, unknown>>;

/** One thing that is wrong with a file's metadata. Names and rules only: the values are the sender's. */
export interface MetadataProblem {
  field: string;
  constraint: string;
  remediation: string;
  /** Whose metadata the value stands in: the batch's, which all files inherit, or the file's own. */
  from: 'batch' | 'file';
}

/** Metadata of a file, those of its batch inherited: the file's own win. */
export function inherited(batch: MetadataValues = {}, file: MetadataValues = {}): Record<string, unknown> {
  return { ...batch, ...file };
}

/**
 * Checks the metadata of a batch's files, one after the other: every problem of each. Without a schema everything is
 * right. What the batch gives is checked once, so a batch costs O(all metadata + files × fields).
 */
export function metadataChecker(
  schema: CustomFields | null,
  batch: MetadataValues = {},
): (file?: MetadataValues) => MetadataProblem[] {
  if (schema === null) return () => [];
  const checks = new Map<string, FieldCheck>(schema.fields.map((field) => [field.name, fieldCheck(field)]));
  const required = schema.fields.filter((field) => field.required);

  const look = (name: string, value: unknown, from: 'batch' | 'file'): MetadataProblem[] => {
    const check = checks.get(name);
    if (check === undefined) return [unknown(name, schema, from)];
    return check(value).map((constraint) => ({ field: name, constraint, remediation: mend(value, from), from }));
  };
  const ofBatch = new Map(Object.entries(batch).map(([name, value]) => [name, look(name, value, 'batch')]));

  return (file = {}) => [
    ...[...ofBatch].flatMap(([name, problems]) => (Object.hasOwn(file, name) ? [] : problems)),
    ...Object.entries(file).flatMap(([name, value]) => look(name, value, 'file')),
    ...required
      .filter(({ name }) => !ofBatch.has(name) && !Object.hasOwn(file, name))
      .map(({ name, type }) => ({
        field: name,
        constraint: `is required (${type})`,
        remediation: 'Add it to the metadata of the file, or of the batch where it is the same for all.',
        from: 'file' as const,
      })),
  ];
}

/** A field that the schema does not have, with the one that was meant where a name is near. */
export function unknownField(
  name: string,
  { schema_version, fields }: CustomFields,
): { constraint: string; meant: string | null } {
  const meant = nearest(
    name,
    fields.map((field) => field.name),
  );
  const suggestion = meant === null ? '' : `; did you mean ${meant}?`;
  return { constraint: `is not a field of this tenant (schema ${schema_version})${suggestion}`, meant };
}

function unknown(field: string, schema: CustomFields, from: 'batch' | 'file'): MetadataProblem {
  const { constraint, meant } = unknownField(field, schema);
  const remediation =
    meant === null ? `Take it out of the metadata of the ${from}.` : `Write ${meant} instead, or take it out.`;
  return { field, constraint, remediation, from };
}

function mend(value: unknown, from: 'batch' | 'file'): string {
  if (value === null) return `Leave it out of the metadata of the ${from} where there is no value.`;
  return `Correct it in the metadata of the ${from}.`;
}
