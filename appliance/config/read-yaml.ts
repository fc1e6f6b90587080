import { readFileSync } from 'node:fs';
import { isAlias, parseDocument, visit } from 'yaml';
import type { ErrorDetail } from '../kernel/errors.ts';

/** Names and values of a YAML file. Every mistake of the file goes into `problems`; then nothing of it is used. */
export function readYaml(path: string, problems: ErrorDetail[]): Record<string, unknown> {
  const complain = (constraint: string) => void problems.push({ field: path, constraint });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    complain(code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8 text' : `cannot be read (${code})`);
    return {};
  }
  const document = parseDocument(text);
  // A warning is a tag that nobody knows: its value would be taken for what it is not.
  const mistakes = [...document.errors, ...document.warnings];
  for (const { message } of mistakes) complain(`is not YAML: ${message.split('\n')[0]!.replace(/:$/, '')}`);
  if (mistakes.length > 0) return {};
  let aliases = 0;
  visit(document, (_key, node) => {
    if (isAlias(node)) aliases++;
  });
  if (aliases > 0) {
    complain('uses aliases (*name); write the value out');
    return {};
  }
  const content: unknown = document.toJS() ?? {};
  if (typeof content === 'object' && !Array.isArray(content)) return content as Record<string, unknown>;
  complain('must hold names and values');
  return {};
}
