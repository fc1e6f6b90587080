import { RE2JS } from 're2js';

/**
 * Patterns of custom fields: RE2 syntax, matched in time linear in the text whatever the pattern (no backtracking). Three
 * bounds make the work of one match a constant: the pattern's length, the size of its program, the length of the text.
 */
export const LONGEST_PATTERN = 256;
/** Instructions of a compiled pattern; each is looked at no more than once a character. */
export const LARGEST_PROGRAM = 500;
/** Characters of a text that is matched; a manifest's texts are no longer. */
export const LONGEST_TEXT = 4096;

export interface Pattern {
  /** True when the pattern is found in the text; `^` and `$` tie it to its ends. A longer text is never matched. */
  test(text: string): boolean;
}

/** What other dialects have and RE2 has not, since it cannot be matched in linear time. */
const UNSUPPORTED: readonly [form: RegExp, name: string][] = [
  [/\(\?<?[=!]/, 'lookahead and lookbehind are not supported'],
  [/\\(?:[1-9]|k[<{'])/, 'backreferences are not supported'],
  [/\(\?>|[*+?}]\+/, 'atomic groups and possessive quantifiers are not supported'],
];

/** A pattern ready for use, or why it is none. O(pattern, with its repetitions written out). */
export function compilePattern(source: string): { pattern: Pattern } | { problem: string } {
  if (source.length > LONGEST_PATTERN) return { problem: `must not be longer than ${LONGEST_PATTERN} characters` };
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    const [, name] = UNSUPPORTED.find(([form]) => form.test(source)) ?? [];
    const reason =
      name ?? (error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unreadable');
    return { problem: `must be a pattern in RE2 syntax: ${reason}` };
  }
  if (compiled.programSize() > LARGEST_PROGRAM) {
    return { problem: `is too large a pattern (${compiled.programSize()} steps of ${LARGEST_PROGRAM}): repeat less` };
  }
  return { pattern: { test: (text) => text.length <= LONGEST_TEXT && compiled.test(text) } };
}
