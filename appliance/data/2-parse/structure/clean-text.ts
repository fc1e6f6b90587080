/**
 * Text as it enters the canonical document: well-formed UTF-16 (lone surrogates become U+FFFD), NFC, one kind of line
 * break, no C0 control characters but the line break, no blank lines inside a block (a blank line separates blocks),
 * and nothing but text at both ends. O(n).
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\v\f\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '')
    .normalize('NFC')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')
    .trim();
}

/** `cleanText` on one line: headings, captions and table cells, whose line breaks would look like block or row ends. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim();
}
