import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BUILT_IN_FORMATS } from '../../../../../appliance/data/2-parse/xlsx/built-in-formats.ts';
import { fixedDigits } from '../../../../../appliance/data/2-parse/xlsx/decimal.ts';
import { numberFormat } from '../../../../../appliance/data/2-parse/xlsx/number-format.ts';

const show = (code: string, value: number, date1904 = false) => numberFormat(code, date1904).number(value);

/** Code, number, what a spreadsheet shows. */
const NUMBERS: [string, number, string][] = [
  ['General', 0, '0'],
  ['General', 42, '42'],
  ['General', -1.5, '-1.5'],
  ['General', 0.1 + 0.2, '0.3'],
  ['General', 1 / 3, '0.333333333'],
  ['General', 1234.56789012345, '1234.56789'],
  ['General', 123456789012345, '123456789012345'],
  ['General', 1.5e20, '1.5E+20'],
  ['General', 1.5e-12, '1.5E-12'],
  ['0', 2.5, '3'],
  ['0', -2.5, '-3'],
  ['0', -0.4, '0'],
  ['0.00', 1.005, '1.01'],
  ['0.00', 0, '0.00'],
  ['#.##', 0, '.'],
  ['0.##', 1.5, '1.5'],
  ['0.##', 5, '5.'],
  ['#,##0', 1234567, '1,234,567'],
  ['#,##0', 999.6, '1,000'],
  ['#,##0.00', -1234.5, '-1,234.50'],
  ['000', 7, '007'],
  ['00,000', 12, '00,012'],
  ['0%', 0.256, '26%'],
  ['0.00%', 0.07, '7.00%'],
  ['0.0,', 12345, '12.3'],
  ['0.0,,"M"', 12345678, '12.3M'],
  ['$#,##0.00', 1234.5, '$1,234.50'],
  ['[$€-407] #,##0.00', 9.9, '€ 9.90'],
  ['#,##0.00 "kr"', 10, '10.00 kr'],
  ['#,##0_);(#,##0)', -1234, '(1,234)'],
  ['_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', -5, '$(5.00)'],
  ['_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', 0, '$-'],
  ['0;-0;"zero"', 0, 'zero'],
  ['"pos";"neg";"none"', -3, 'neg'],
  ['[>=1000]#,##0,"k";0', 25000, '25k'],
  ['[>=1000]#,##0,"k";0', 25, '25'],
  ['[<0]"below";[=0]"nil";"above"', 7, 'above'],
  ['0.00E+00', 12345, '1.23E+04'],
  ['0.00E+00', 0.00012, '1.20E-04'],
  ['##0.0E+0', 12345, '12.3E+3'],
  ['0E+0', 9.99, '1E+1'],
  ['# ?/?', 1.5, '1 1/2'],
  ['# ?/?', 3, '3'],
  ['# ?/?', 2.14, '2 1/7'],
  ['# ??/??', 2.14, '2 7/50'],
  ['?/8', 0.375, '3/8'],
  ['000-00-0000', 123456789, '123-45-6789'],
  ['(000) 000-0000', 5551234567, '(555) 123-4567'],
  ['@', 1.5, '1.5'],
  ['[Red]0', 5, '5'],
  ['\\#0', 5, '#5'],
];

/** Code, serial number, what a spreadsheet shows. */
const DATES: [string, number, string][] = [
  ['yyyy-mm-dd', 45292, '2024-01-01'],
  ['dd/mm/yyyy', 45351, '29/02/2024'],
  ['d.m.yy', 45292, '1.1.24'],
  ['d mmmm yyyy', 45292, '1 January 2024'],
  ['dddd, mmm d', 45292, 'Monday, Jan 1'],
  ['[$-409]mmmm\\ d\\,\\ yyyy;@', 45292, 'January 1, 2024'],
  ['h:mm', 0.5, '12:00'],
  ['hh:mm:ss', 0.999999, '00:00:00'],
  ['h:mm AM/PM', 0.75, '6:00 PM'],
  ['h:mm AM/PM', 0, '12:00 AM'],
  ['yyyy-mm-dd hh:mm', 45292.75, '2024-01-01 18:00'],
  ['mm:ss', 0.0125, '18:00'],
  ['[h]:mm', 1.5, '36:00'],
  ['[mm]:ss', 0.05, '72:00'],
  ['mm:ss.0', 0.00001157407, '00:01.0'],
  ['yyyy-mm-dd', 1, '1900-01-01'],
  ['yyyy-mm-dd', 59, '1900-02-28'],
  ['yyyy-mm-dd', 60, '1900-02-29'],
  ['yyyy-mm-dd', 61, '1900-03-01'],
  ['yyyy-mm-dd', 2958465, '9999-12-31'],
];

describe('number formats', () => {
  for (const [code, value, shown] of NUMBERS)
    it(`${code} shows ${value} as "${shown}"`, () => assert.equal(show(code, value), shown));

  it('round half away from zero on the decimal digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (cents) => {
        assert.equal(Number(fixedDigits(cents / 100, 2)), cents / 100);
        assert.equal(fixedDigits((cents * 10 + 5) / 1000, 2), ((cents + 1) / 100).toFixed(2));
      }),
    );
  });

  it('show text through the text section', () => {
    assert.equal(numberFormat('0;0;0;"<"@">"', false).text('a'), '<a>');
    assert.equal(numberFormat('@" unit"', false).text('a'), 'a unit');
    assert.equal(numberFormat('0.00', false).text('a'), 'a');
    assert.equal(numberFormat(';;;', false).text('a'), '');
  });

  it('hide numbers where the code says so', () => {
    assert.equal(show(';;;', 5), '');
    assert.equal(show(';;', -5), '');
  });

  it('never throw, whatever the code', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 40 }),
          fc
            .array(fc.constantFrom(...'0#?.,%;@E+-/ymdhs[]"\\_*$ >=<1G'), { maxLength: 30 })
            .map((signs) => signs.join('')),
        ),
        fc.double({ noNaN: false }),
        (code, value) => {
          assert.equal(typeof show(code, value), 'string');
          assert.equal(typeof numberFormat(code, true).text(code), 'string');
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('known by id alone all show a number', () => {
    for (const code of Object.values(BUILT_IN_FORMATS)) assert.notEqual(show(code, 45292.5), '');
  });
});

describe('date formats', () => {
  for (const [code, value, shown] of DATES)
    it(`${code} shows ${value} as "${shown}"`, () => assert.equal(show(code, value), shown));

  it('count from 1904 where the workbook does', () => {
    assert.equal(show('yyyy-mm-dd', 0, true), '1904-01-01');
    assert.equal(show('yyyy-mm-dd', 43830, true), '2024-01-01');
  });

  it('leave numbers that are no date as numbers', () => {
    assert.equal(show('yyyy-mm-dd', -5), '-5');
    assert.equal(show('yyyy-mm-dd', 1e9), '1000000000');
  });
});
