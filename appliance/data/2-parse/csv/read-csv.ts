import type { DroppedContent } from '../../document.ts';
import type { FormatReader, Layout, LayoutBlock } from '../layout.ts';
import { cellRange } from '../text/cell-range.ts';
import { countNonSpace } from '../text/count.ts';
import { decodeText } from '../text/decode.ts';
import { guessHeaderRows } from '../text/header-row.ts';
import { TEXT_VERSIONS } from '../text/versions.ts';
import { detectDelimiter } from './delimiter.ts';
import { csvRecords } from './records.ts';

/** What no table has: a record with more fields than this is cut, so that padding cannot eat the memory. */
const MOST_COLUMNS = 16_384;

/**
 * Reads a CSV (spec 2 B): encoding and delimiter detected, one table; ragged rows are padded and reported; what exceeds
 * `maxTableCells` is left out and reported. Throws `FILE_CORRUPTED` for bytes that are no text. O(n).
 */
export const readCsv: FormatReader = async (bytes, { limits }): Promise<Layout> => {
  const { text, encoding } = decodeText(bytes);
  const { delimiter, body } = detectDelimiter(text.replace(/^\uFEFF/, ''));
  const rows: string[][] = [];
  let sourceCharacters = 0;
  let width = 0;
  let rowsLeftOut = 0;
  let fieldsLeftOut = 0;
  let ragged = 0;
  for (const { fields } of csvRecords(body, delimiter)) {
    for (const field of fields) sourceCharacters += countNonSpace(field);
    const widest = Math.min(MOST_COLUMNS, Math.max(width, fields.length));
    if (rowsLeftOut > 0 || widest * (rows.length + 1) > limits.maxTableCells) {
      rowsLeftOut++;
      continue;
    }
    if (fields.length > MOST_COLUMNS) fieldsLeftOut += fields.length - MOST_COLUMNS;
    width = widest;
    rows.push(fields.slice(0, MOST_COLUMNS));
    if (fields.length !== rows[0]!.length) ragged++;
  }
  const expected = rows[0]?.length ?? 0;
  const cells = rows.map((row) =>
    row.length < width ? [...row, ...new Array<string>(width - row.length).fill('')] : row,
  );
  const blocks: LayoutBlock[] =
    cells.length === 0
      ? []
      : [
          {
            kind: 'table',
            cells,
            headerRows: guessHeaderRows(cells.map((row) => row.slice(0, expected))),
            path: { range: cellRange(0, 0, cells.length - 1, width - 1) },
          },
        ];
  return {
    pages: [{ page: 1, width: 0, height: 0, ocr: false, confidence: null, blocks }],
    hidden: [],
    dropped: dropped({ ragged, rows: rows.length, expected, rowsLeftOut, fieldsLeftOut }),
    sourceCharacters,
    versions: { ...TEXT_VERSIONS, text_encoding: encoding },
  };
};

function dropped(found: {
  ragged: number;
  rows: number;
  expected: number;
  rowsLeftOut: number;
  fieldsLeftOut: number;
}): DroppedContent[] {
  const list: DroppedContent[] = [];
  const { ragged, rows, expected, rowsLeftOut, fieldsLeftOut } = found;
  if (ragged > 0) {
    list.push({
      element_type: 'ragged_rows',
      page: 1,
      reason: `${ragged} of ${rows} rows do not have the ${expected} fields of the first; all their fields were kept`,
      remediation: 'Check the rows for missing or unquoted delimiters.',
    });
  }
  if (rowsLeftOut > 0 || fieldsLeftOut > 0) {
    list.push({
      element_type: 'table_cells',
      page: 1,
      reason: `${rowsLeftOut} rows and ${fieldsLeftOut} fields beyond the limit were left out`,
      remediation: 'Split the file into smaller ones.',
    });
  }
  return list;
}
