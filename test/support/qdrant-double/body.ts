import { refuse, unknown } from './answer.ts';

export type Fields = Record<string, unknown>;

/** Reads a JSON body; null where there is none. */
export function readBody(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    malformed(`${whatIsOpen(text)} at line 1 column ${text.length}`);
  }
}

export function malformed(what: string): never {
  refuse(400, `Format error in JSON body: ${what}`);
}

/** An object of known fields; what else it has is refused, so that no mistyped field passes for understood. */
export function fieldsOf(value: unknown, where: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    malformed(`invalid type, expected struct ${where}`);
  for (const name of Object.keys(value)) if (!known.includes(name)) unknown(`the field ${name} of ${where}`);
  return value as Fields;
}

export function listOf(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) malformed(`invalid type, expected a sequence in ${where}`);
  return value;
}

export function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') malformed(`invalid type, expected a string in ${where}`);
  return value;
}

/** A limit: absent is `otherwise`, zero is a mistake of its own kind. */
export function limitOf(value: unknown, otherwise: number, name: string): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    malformed(`invalid value, expected usize for ${name}`);
  if (value === 0)
    refuse(422, `Validation error in JSON body: [internal.${name}: value 0 invalid, must be 1 or larger]`);
  return value;
}

function whatIsOpen(text: string): string {
  const open: string[] = [];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') i += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === '[' || char === '{')) open.push(char);
    else if (!quoted && (char === ']' || char === '}')) open.pop();
  }
  if (quoted) return 'EOF while parsing a string';
  const last = open.at(-1);
  return last === '[' ? 'EOF while parsing a list' : last === '{' ? 'EOF while parsing an object' : 'expected value';
}
