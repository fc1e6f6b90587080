import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findIslands } from '../../../../../appliance/data/2-parse/xlsx/islands.ts';
import { readXlsx } from '../../../../../appliance/data/2-parse/xlsx/read-xlsx.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import {
  gridRows,
  numberCell,
  readOptions,
  relationships,
  textCell,
  type XlsxParts,
  type XlsxSheet,
  xlsx,
} from '../../../../support/ooxml-builder.ts';

const read = (parts: XlsxParts, limits = {}) => readXlsx(xlsx(parts), readOptions(limits));
const sheet = (rows: string, more: Partial<XlsxSheet> = {}): XlsxParts => ({
  sheets: [{ name: 'Data', rows, ...more }],
});
const blocks = async (parts: XlsxParts) => (await read(parts)).pages[0]!.blocks;
const tables = async (parts: XlsxParts) => (await blocks(parts)).filter((block) => block.kind === 'table');
const hidden = async (parts: XlsxParts) => (await read(parts)).hidden.map(({ kind, text }) => [kind, text]);

describe('sheets of an XLSX', () => {
  it('are sections with a table each, which says its sheet and range', async () => {
    const found = await blocks({
      sheets: [
        {
          name: 'One',
          rows: gridRows(
            [
              ['Name', 'Sum'],
              ['a', 1],
            ],
            2,
            1,
          ),
        },
        { name: 'Two', rows: gridRows([['x'], ['y']]) },
      ],
    });
    assert.deepEqual(
      found.map((block) => [block.kind, block.path]),
      [
        ['heading', { sheet: 'One' }],
        ['table', { sheet: 'One', range: 'B2:C3' }],
        ['heading', { sheet: 'Two' }],
        ['table', { sheet: 'Two', range: 'A1:A2' }],
      ],
    );
    assert.ok(found[1]!.kind === 'table');
    assert.deepEqual(found[1]!.cells, [
      ['Name', 'Sum'],
      ['a', '1'],
    ]);
    assert.equal(found[1]!.headerRows, 1);
  });

  it('fall apart into tables at empty rows and columns, and a cell alone is a paragraph', async () => {
    const grid = [
      ['Report', '', '', ''],
      ['', '', '', ''],
      ['a', 'b', '', 'p'],
      ['c', 'd', '', 'q'],
      ['', '', '', ''],
      ['e', 'f', '', ''],
    ];
    const found = await blocks(sheet(gridRows(grid)));
    assert.deepEqual(
      found.slice(1).map((block) => [block.kind, block.path?.range]),
      [
        ['paragraph', 'A1'],
        ['table', 'A3:B4'],
        ['table', 'D3:D4'],
        ['table', 'A6:B6'],
      ],
    );
  });

  it('show shared and inline strings, booleans, errors, formulas by their cached value, and escaped characters', async () => {
    const rows =
      '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="b"><v>1</v></c><c r="D1" t="e"><v>#N/A</v></c><c r="E1" t="str"><f>A1</f><v>x</v></c><c r="F1"><f>1+1</f><v>2</v></c><c r="G1" t="inlineStr"><is><t>a_x0041_</t></is></c></row>';
    const strings = ['plain', '<r><t>rich </t></r><r><t>text</t></r><rPh sb="0" eb="1"><t>furigana</t></rPh>'];
    const [found] = await tables({ ...sheet(rows), strings });
    assert.deepEqual(found?.kind === 'table' && found.cells, [['plain', 'rich text', 'TRUE', '#N/A', 'x', '2', 'aA']]);
  });

  it('show numbers and dates in their formats, from 1904 where the workbook says so', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="164" formatCode="#,##0.00&quot; kr&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="9"/></cellXfs>';
    const rows = `<row r="1">${numberCell('A1', 1234.5, 1)}${numberCell('B1', 45292, 2)}${numberCell('C1', 0.5, 3)}${numberCell('D1', 7, 99)}</row>`;
    const cells = async (date1904: boolean) =>
      (await tables({ ...sheet(rows), styles, date1904 })).flatMap((block) =>
        block.kind === 'table' ? block.cells : [],
      );
    assert.deepEqual(await cells(false), [['1,234.50 kr', '2024-01-01', '50%', '7']]);
    assert.deepEqual((await cells(true))[0]![1], '2028-01-02');
  });

  it('keep merged cells as spans', async () => {
    const after = '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="C1:C2"/></mergeCells>';
    const [found] = await tables(
      sheet(
        gridRows([
          ['wide', '', 'tall'],
          ['a', 'b', ''],
        ]),
        { after },
      ),
    );
    assert.ok(found?.kind === 'table');
    assert.deepEqual(found.spans, [
      [0, 0, 1, 2, 'wide'],
      [0, 2, 2, 3, 'tall'],
      [1, 0, 2, 1, 'a'],
      [1, 1, 2, 2, 'b'],
    ]);
  });

  it('with a merge over the whole grid stay small', async () => {
    const after = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>';
    const found = await blocks(sheet(gridRows([['a'], ['b']]), { after }));
    assert.equal(found.filter((block) => block.kind !== 'heading').length, 1);
  });

  it('with cells at far corners are separate paragraphs, not a huge grid', async () => {
    const rows = `<row r="1">${textCell('A1', 'near')}</row><row r="1048576">${textCell('XFD1048576', 'far')}</row>`;
    assert.deepEqual(
      (await blocks(sheet(rows))).slice(1).map((block) => block.path?.range),
      ['A1', 'XFD1048576'],
    );
  });

  it('beyond the limit of cells are cut, and the report says by how much', async () => {
    const grid = Array.from({ length: 30 }, (_, at) => [`a${at}`, `b${at}`]);
    const layout = await read(sheet(gridRows(grid)), { maxTableCells: 20 });
    assert.deepEqual(
      layout.dropped.map(({ element_type, reason }) => [element_type, reason]),
      [['table_cells', 'cells beyond the limit were left out: 40']],
    );
  });

  it('too sparse for a grid keep every cell, packed into few places, and the report says so', async () => {
    const cross = [
      new Array(20).fill('top'),
      ...Array.from({ length: 19 }, (_, at) => [`left${at}`, ...new Array(19).fill('')]),
    ];
    const layout = await read(sheet(gridRows(cross)), { maxTableCells: 100 });
    const found = layout.pages[0]!.blocks.flatMap((block) => (block.kind === 'table' ? [block] : []));
    assert.deepEqual(
      found.flatMap((block) => block.cells.flat()).filter((text) => text !== ''),
      cross.flat().filter((text) => text !== ''),
    );
    const places = found.reduce((sum, block) => sum + block.cells.length * block.cells[0]!.length, 0);
    assert.ok(places <= 39 * 4 + 64 * found.length);
    assert.deepEqual(
      layout.dropped.map((item) => item.element_type),
      ['table_shape'],
    );
  });

  it('say which table has a header row', async () => {
    const table = {
      name: 'xl/tables/table1.xml',
      data: '<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ref="A1:B2"/>',
    };
    const links = [{ type: 'table', target: '../tables/table1.xml' }];
    const [found] = await tables({
      ...sheet(
        gridRows([
          ['2023', '2024'],
          ['1', '2'],
        ]),
        { links },
      ),
      extra: [table],
    });
    assert.equal(found?.kind === 'table' && found.headerRows, 1);
  });

  it('listed but missing make the file corrupted', async () => {
    const broken = xlsx({ sheets: [{ name: 'S', rows: '' }] });
    const at = Buffer.from(broken).lastIndexOf('xl/worksheets/sheet1.xml');
    const bent = Buffer.from(broken);
    bent.write('y', at);
    await assert.rejects(readXlsx(bent, readOptions()), (error) => isFrostbyteError(error, 'FILE_CORRUPTED'));
  });
});

describe('hidden parts of an XLSX', () => {
  it('are kept apart from the tables and reported', async () => {
    const parts: XlsxParts = {
      sheets: [
        {
          name: 'Data',
          before: '<cols><col min="2" max="2" hidden="1"/></cols>',
          rows: gridRows([
            ['a', 'b', 'c'],
            ['d', 'e', 'f'],
            ['g', 'h', 'i'],
          ]).replace('<row r="2">', '<row r="2" hidden="1">'),
        },
        { name: 'Secret', state: 'veryHidden', rows: gridRows([['x', 'y']]) },
      ],
    };
    const [found] = await tables(parts);
    assert.deepEqual(found?.kind === 'table' && found.cells, [
      ['a', 'c'],
      ['g', 'i'],
    ]);
    assert.deepEqual(await hidden(parts), [
      ['hidden_row', 'd | e | f'],
      ['hidden_column', 'b\nh'],
      ['hidden_sheet', 'x | y'],
    ]);
    assert.deepEqual(
      (await read(parts)).dropped.map((item) => item.element_type),
      ['hidden_sheet', 'hidden_row', 'hidden_column'],
    );
    assert.ok((await blocks(parts)).every((block) => block.path?.sheet === 'Data'));
  });

  it('are values that their format does not show, rows of no height and columns of no width', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="165" formatCode=";;;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="165"/></cellXfs>';
    const rows = `<row r="1">${textCell('A1', 'a')}${numberCell('B1', 5, 1)}${textCell('C1', 'thin')}</row><row r="2" ht="0">${textCell('A2', 'flat')}</row>`;
    const parts = { ...sheet(rows, { before: '<cols><col min="3" max="3" width="0"/></cols>' }), styles };
    assert.deepEqual(await hidden(parts), [
      ['hidden_row', 'flat'],
      ['hidden_column', 'thin'],
      ['hidden_format', '5'],
    ]);
  });
});

describe('what an XLSX hides in plain sight', () => {
  const styles =
    '<fonts><font/><font><color rgb="FFFFFFFF"/></font><font><color theme="0"/></font><font><sz val="1"/></font></fonts>' +
    '<fills><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FF000080"/></patternFill></fill></fills>' +
    '<cellXfs><xf/><xf fontId="1"/><xf fontId="2" fillId="0"/><xf fontId="1" fillId="1"/><xf fontId="3"/></cellXfs>';
  const styled = (reference: string, text: string, style: number) =>
    textCell(reference, text).replace('<c ', `<c s="${style}" `);

  it('is white text without a background, and tiny text', async () => {
    const rows = `<row r="1">${styled('A1', 'seen', 0)}${styled('B1', 'one', 1)}${styled('C1', 'two', 2)}${styled('D1', 'head', 3)}${styled('E1', 'small', 4)}</row>`;
    assert.deepEqual(await hidden({ ...sheet(rows), styles }), [
      ['white_on_white', 'one | two'],
      ['tiny_text', 'small'],
    ]);
  });

  it('is text under a merged area', async () => {
    const after = '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>';
    const parts = sheet(
      gridRows([
        ['top', 'under', 'x'],
        ['below', '', 'y'],
      ]),
      { after },
    );
    assert.deepEqual(await hidden(parts), [['merged_cell', 'under\nbelow']]);
    const [found] = await tables(parts);
    assert.deepEqual(found?.kind === 'table' && found.cells, [
      ['top', '', 'x'],
      ['', '', 'y'],
    ]);
  });

  it('is not a zero that its format leaves empty', async () => {
    const zero = '<numFmts><numFmt numFmtId="165" formatCode="#"/></numFmts><cellXfs><xf numFmtId="165"/></cellXfs>';
    assert.deepEqual(await hidden({ ...sheet(`<row r="1">${numberCell('A1', 0)}</row>`), styles: zero }), []);
  });
});

describe('what floats over the cells of an XLSX', () => {
  const spaces =
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';
  const shape = (text: string, more = '') =>
    `<xdr:sp><xdr:nvSpPr><xdr:cNvPr id="1" name="n" ${more}/></xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></xdr:txBody></xdr:sp>`;
  const parts: XlsxParts = {
    ...sheet(gridRows([['a'], ['b']]), { links: [{ type: 'drawing', target: '../drawings/drawing1.xml' }] }),
    extra: [
      {
        name: 'xl/drawings/drawing1.xml',
        data: `<xdr:wsDr ${spaces}>${shape('A note')}${shape('unseen', 'hidden="1"')}<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="p" descr="A logo"/></xdr:nvPicPr></xdr:pic><xdr:graphicFrame><c:chart r:id="rId1"/></xdr:graphicFrame></xdr:wsDr>`,
      },
      {
        name: 'xl/drawings/_rels/drawing1.xml.rels',
        data: relationships([{ type: 'chart', target: '../charts/chart1.xml' }]),
      },
      {
        name: 'xl/charts/chart1.xml',
        data: `<c:chartSpace ${spaces}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales by year</a:t></a:r></a:p></c:rich></c:tx></c:title></c:chart></c:chartSpace>`,
      },
    ],
  };

  it('is read: text boxes, descriptions of pictures, titles of charts', async () => {
    assert.deepEqual(
      (await blocks(parts))
        .slice(2)
        .map((block) => [block.kind, block.kind === 'figure' ? block.caption : 'text' in block && block.text]),
      [
        ['paragraph', 'A note'],
        ['figure', 'A logo'],
        ['figure', 'Sales by year'],
      ],
    );
    assert.deepEqual(await hidden(parts), [['hidden_drawing', 'unseen']]);
  });

  it('is reported where it is a picture or a chart', async () => {
    assert.deepEqual(
      (await read(parts)).dropped.map((item) => item.element_type),
      ['chart', 'image'],
    );
  });
});

describe('islands', () => {
  const cell = fc
    .record({ row: fc.nat(12), column: fc.nat(12) })
    .map(({ row, column }) => ({ row0: row, row1: row, column0: column, column1: column }));

  it('hold every cell once, and no row or column of an island is empty', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(cell, { maxLength: 40, selector: (area) => `${area.row0},${area.column0}` }),
        (cells) => {
          const islands = findIslands(cells);
          assert.equal(islands.flat().length, cells.length);
          assert.equal(new Set(islands.flat()).size, cells.length);
          for (const island of islands) {
            for (const axis of ['row0', 'column0'] as const) {
              const places = island.map((area) => area[axis]);
              assert.equal(new Set(places).size, Math.max(...places) - Math.min(...places) + 1);
            }
          }
        },
      ),
    );
  });
});
