import { csvRecords } from './records.ts';

const CANDIDATES = [',', ';', '\t', '|'] as const;
/** This many records tell the delimiter. */
const SAMPLE_RECORDS = 200;
const SAMPLE_CHARACTERS = 256 * 1024;

/** The first line that spreadsheets write to name the delimiter: `sep=;`. */
const DIRECTIVE = /^sep=(.)\r?\n/;

/**
 * The delimiter of a CSV text, and the text without the line that names it where there is one. Chosen is the candidate
 * under which most records have the same number of fields, at least two; of equals, the one with more fields; a text
 * that none divides has one column, and the comma. O(sample).
 */
export function detectDelimiter(text: string): { delimiter: string; body: string; skippedLines: number } {
  const directive = DIRECTIVE.exec(text);
  if (directive) return { delimiter: directive[1]!, body: text.slice(directive[0].length), skippedLines: 1 };
  let best = { delimiter: ',' as string, score: 0, width: 1 };
  const sample = text.slice(0, SAMPLE_CHARACTERS);
  for (const delimiter of CANDIDATES) {
    const { score, width } = consistency(sample, delimiter, sample.length < text.length);
    if (
      width > 1 &&
      (score > best.score + 1e-9 || (score > best.score - 0.05 && width > best.width && best.width > 1))
    ) {
      best = { delimiter, score, width };
    }
  }
  return { delimiter: best.delimiter, body: text, skippedLines: 0 };
}

/** The share of records that have the most common number of fields above one, and that number. */
function consistency(sample: string, delimiter: string, cutOff: boolean): { score: number; width: number } {
  const widths: number[] = [];
  for (const { fields } of csvRecords(sample, delimiter)) {
    widths.push(fields.length);
    if (widths.length > SAMPLE_RECORDS) break;
  }
  // The last record of a cut sample may be half a record.
  if (cutOff && widths.length > 1) widths.pop();
  const counts = new Map<number, number>();
  for (const width of widths) if (width > 1) counts.set(width, (counts.get(width) ?? 0) + 1);
  let best = { score: 0, width: 1 };
  for (const [width, count] of counts) {
    const score = count / widths.length;
    if (score > best.score || (score === best.score && width > best.width)) best = { score, width };
  }
  return best;
}
