import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { detectDelimiter } from '../../../../../appliance/data/2-parse/csv/delimiter.ts';
import { readCsv } from '../../../../../appliance/data/2-parse/csv/read-csv.ts';
import { csvRecords } from '../../../../../appliance/data/2-parse/csv/records.ts';
import { readOptions } from '../../../../support/ooxml-builder.ts';

const read = (text: string, limits = {}) => readCsv(Buffer.from(text), readOptions(limits));
const table = async (text: string, limits = {}) => {
  const [block] = (await read(text, limits)).pages[0]!.blocks;
  assert.ok(block?.kind === 'table');
  return block;
};

describe('a CSV', () => {
  for (const [name, sign] of [
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
    ['bars', '|'],
  ]) {
    it(`with ${name} is one table`, async () => {
      const found = await table(
        [
          ['name', 'sum', 'note'],
          ['a', '1', 'x'],
          ['b', '2', 'y'],
        ]
          .map((row) => row.join(sign))
          .join('\n'),
      );
      assert.deepEqual(found.cells, [
        ['name', 'sum', 'note'],
        ['a', '1', 'x'],
        ['b', '2', 'y'],
      ]);
      assert.equal(found.headerRows, 1);
      assert.deepEqual(found.path, { range: 'A1:C3' });
    });
  }

  it('keeps delimiters, quotes and line breaks inside quoted fields', async () => {
    assert.deepEqual((await table('a,"b, ""c""\nd"\r\ne,f\r\n')).cells, [
      ['a', 'b, "c"\nd'],
      ['e', 'f'],
    ]);
  });

  it('is read with decimal commas between semicolons', async () => {
    assert.deepEqual((await table('x;y\n1,5;2,5\n3,5;4,5')).cells[1], ['1,5', '2,5']);
  });

  it('may name its delimiter in the first line', async () => {
    assert.deepEqual((await table('sep=|\r\na,b|c,d')).cells, [['a,b', 'c,d']]);
  });

  it('keeps ragged rows, padded, and reports how many there are', async () => {
    const layout = await read('a,b,c\n1,2\n1,2,3,4\n1,2,3');
    const [block] = layout.pages[0]!.blocks;
    assert.deepEqual(block?.kind === 'table' && block.cells, [
      ['a', 'b', 'c', ''],
      ['1', '2', '', ''],
      ['1', '2', '3', '4'],
      ['1', '2', '3', ''],
    ]);
    assert.deepEqual(
      layout.dropped.map(({ element_type, reason }) => [element_type, reason]),
      [['ragged_rows', '2 of 4 rows do not have the 3 fields of the first; all their fields were kept']],
    );
  });

  it('of one column is a table of one column', async () => {
    assert.deepEqual((await table('Industry\nTravel/Sales\nOther')).cells, [['Industry'], ['Travel/Sales'], ['Other']]);
  });

  it('is read with spaces before its quotes', async () => {
    assert.deepEqual((await table('"a", "b, c"\n"d", "e"')).cells, [
      ['a', 'b, c'],
      ['d', 'e'],
    ]);
  });

  it('keeps a quote that never closes as a character', async () => {
    assert.deepEqual((await table('a,"b\nc,d')).cells, [
      ['a', '"b'],
      ['c', 'd'],
    ]);
  });

  it('beyond the limit of cells is cut after whole rows and says so; its characters still count', async () => {
    const layout = await read('a,b\n'.repeat(50), { maxTableCells: 20 });
    const [block] = layout.pages[0]!.blocks;
    assert.equal(block?.kind === 'table' && block.cells.length, 10);
    assert.match(layout.dropped[0]!.reason, /^40 rows and 0 fields/);
    assert.equal(layout.sourceCharacters, 100);
  });

  it('whose late row is very wide stays within the limit when padded', async () => {
    const layout = await read(`${'a,b\n'.repeat(500)}${'x,'.repeat(3000)}`, { maxTableCells: 5000 });
    const [block] = layout.pages[0]!.blocks;
    assert.ok(block?.kind === 'table' && block.cells.length * block.cells[0]!.length <= 5000);
  });

  it('without anything is a page without blocks', async () => {
    assert.deepEqual((await read('\n\n')).pages[0]!.blocks, []);
  });

  it('written by the rules is read back as it was', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'b', ',', ';', '"', '\n', ' ', 'é'), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 }), (rows) => {
        const text = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        assert.deepEqual(
          [...csvRecords(text, ',')].map((record) => record.fields),
          rows,
        );
      }),
    );
  });

  it('of any characters is read without an exception, and no character of its fields is lost', () => {
    const signs = fc.string({
      unit: fc.constantFrom('a', '1', ',', ';', '\t', '|', '"', '\n', '\r', ' '),
      maxLength: 60,
    });
    fc.assert(
      fc.property(signs, (text) => {
        const { delimiter, body } = detectDelimiter(text);
        const out = [...csvRecords(body, delimiter)].flatMap((record) => record.fields).join('');
        const letters = (value: string) => value.replace(/[^a1]/g, '');
        assert.equal(letters(out), letters(body));
      }),
      { numRuns: 1000 },
    );
  });
});
