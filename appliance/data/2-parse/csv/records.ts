/** One record of a CSV file. */
export interface CsvRecord {
  fields: string[];
  /** The line on which it begins, from 1. */
  line: number;
}

/**
 * The records of a CSV text (RFC 4180, read leniently): quoted fields may hold delimiters, line breaks and doubled
 * quotes; a quote inside an unquoted field is an ordinary character; lines without anything are left out. Lazy. O(n).
 */
export function* csvRecords(text: string, delimiter: string): Generator<CsvRecord> {
  let fields: string[] = [];
  let line = 1;
  let startLine = 1;
  let at = 0;
  while (at < text.length) {
    const quote = quoteAfterSpaces(text, at);
    const field = quote < 0 ? plainField(text, at, delimiter) : quotedField(text, quote, delimiter);
    fields.push(field.value);
    line += field.lines;
    at = field.end;
    const sign = text[at];
    if (sign === delimiter && delimiter !== '') {
      at++;
      if (at < text.length) continue;
      fields.push('');
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line++;
    if (fields.length > 1 || fields[0]!.trim() !== '') yield { fields, line: startLine };
    fields = [];
    startLine = line;
  }
}

interface Field {
  value: string;
  /** Where the delimiter, the line break or the end of the text stands. */
  end: number;
  /** Line breaks inside the field. */
  lines: number;
}

/** Where a quoted field begins, spaces before its quote left out as most writers mean it; -1 for a plain field. */
function quoteAfterSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return text[at] === '"' ? at : -1;
}

function plainField(text: string, from: number, delimiter: string): Field {
  let end = from;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(from, end), end, lines: 0 };
}

function quotedField(text: string, from: number, delimiter: string): Field {
  const parts: string[] = [];
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) {
      // A quote that never closes is a character like others, else it would swallow the rest of the file.
      return plainField(text, from, delimiter);
    }
    parts.push(text.slice(at, quote));
    at = quote + 1;
    if (text[at] !== '"') break;
    parts.push('"');
    at++;
  }
  // What follows the closing quote, against the rules, still belongs to the field.
  const rest = plainField(text, at, delimiter);
  const value = parts.join('') + rest.value;
  return { value, end: rest.end, lines: countLines(value) };
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
