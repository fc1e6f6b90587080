import type { CustomField, CustomFields } from '../api/custom-fields/schema.ts';

/** The field of this name, or undefined: where there is no schema, or the schema does not have it. */
export function fieldOf(schema: CustomFields | null, name: string): CustomField | undefined {
  return schema?.fields.find((field) => field.name === name);
}

/**
 * A value that was written as text (on the command line, in a table) as its field wants it. What does not fit stays text,
 * so that the check can say what is wrong with it; so does everything where no field is known.
 */
export function typedValue(text: string, type: CustomField['type'] | undefined): unknown {
  switch (type) {
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'array':
      return text.trimStart().startsWith('[')
        ? fromJson(text)
        : text
            .split(';')
            .map((item) => item.trim())
            .filter(Boolean);
    case 'object':
      return fromJson(text);
    default:
      return text;
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
