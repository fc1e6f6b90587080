import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cellRange,
  columnName,
  columnNumber,
  parseRange,
} from '../../../../../appliance/data/2-parse/text/cell-range.ts';

describe('cell ranges', () => {
  it('name columns as spreadsheets do', () => {
    for (const [number, name] of [
      [0, 'A'],
      [25, 'Z'],
      [26, 'AA'],
      [701, 'ZZ'],
      [702, 'AAA'],
      [16383, 'XFD'],
    ] as const) {
      assert.equal(columnName(number), name);
      assert.equal(columnNumber(name), number);
    }
    assert.equal(cellRange(0, 0, 0, 0), 'A1');
    assert.equal(cellRange(1, 1, 9, 3), 'B2:D10');
  });

  it('are read back as they were written, and anything else is refused', () => {
    assert.deepEqual(parseRange('B2:D10'), { row0: 1, column0: 1, row1: 9, column1: 3 });
    assert.deepEqual(parseRange('C3'), { row0: 2, column0: 2, row1: 2, column1: 2 });
    for (const text of ['', 'b2', 'A', '12', 'A1:B', 'A1:B2:C3', 'AAAAA1'])
      assert.equal(parseRange(text), undefined, text);
  });
});
