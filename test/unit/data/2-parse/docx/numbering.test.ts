import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatNumber } from '../../../../../appliance/data/2-parse/docx/numbering.ts';

describe('list numbers', () => {
  it('are written in the formats that Word knows', () => {
    const cases: [string, number, string][] = [
      ['decimal', 12, '12'],
      ['decimalZero', 7, '07'],
      ['decimalZero', 12, '12'],
      ['lowerLetter', 1, 'a'],
      ['lowerLetter', 26, 'z'],
      ['lowerLetter', 28, 'bb'],
      ['upperLetter', 2, 'B'],
      ['lowerRoman', 4, 'iv'],
      ['upperRoman', 1994, 'MCMXCIV'],
      ['ordinal', 1, '1st'],
      ['ordinal', 12, '12th'],
      ['ordinal', 23, '23rd'],
      ['none', 3, ''],
      ['somethingNew', 3, '3'],
    ];
    for (const [format, value, shown] of cases) assert.equal(formatNumber(value, format), shown, `${format} ${value}`);
  });

  it('stay short for absurd values', () => {
    for (const format of ['lowerLetter', 'lowerRoman', 'upperRoman']) {
      assert.ok(formatNumber(999_999_999, format).length <= 32);
      assert.equal(formatNumber(-1, format), '-1');
    }
  });
});
