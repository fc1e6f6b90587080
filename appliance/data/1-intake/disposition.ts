import { malformed } from './malformed-body.ts';

/** Headers of a part by lower-case name, each value as its bytes (latin1). */
export type Headers = Readonly<Record<string, readonly string[]>>;

/**
 * Name and file name of a part, as UTF-8 (RFC 7578, 5.1), whatever charset its content claims. A file name is taken as
 * it stands, folders included: it is data. Throws `MANIFEST_INVALID` where the part has no name, is no form data, or
 * says what it is twice. O(header).
 */
export function disposition(headers: Headers): { name: string; filename: string | null } {
  const lines = headers['content-disposition'] ?? [];
  const line = Buffer.from(lines[0] ?? '', 'latin1').toString('utf8');
  const parameters = new Map<string, string>();
  for (const [, key = '', quoted, plain] of line.matchAll(
    /;\s*([a-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gi,
  )) {
    // The first of a repeated parameter counts; browsers write quotes as %22 and only some tools a backslash.
    const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"');
    if (!parameters.has(key.toLowerCase())) parameters.set(key.toLowerCase(), value);
  }
  const name = parameters.get('name');
  if (lines.length !== 1 || !/^\s*form-data\s*(?:;|$)/i.test(line) || name === undefined)
    throw malformed('A part has no name.');
  return { name, filename: extended(parameters.get('filename*')) ?? parameters.get('filename') ?? null };
}

/** The value of `filename*=UTF-8''…` (RFC 5987), which some tools send beside or instead of the plain one. */
function extended(value: string | undefined): string | null {
  const [, encoded] = /^utf-8'[^']*'(.*)$/is.exec(value ?? '') ?? [];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}
