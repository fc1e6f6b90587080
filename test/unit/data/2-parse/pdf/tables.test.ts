import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pdfReader } from '../../../../../appliance/data/2-parse/pdf/read-pdf.ts';
import { buildPdf, type Drawing } from '../../../../support/pdf-builder.ts';
import { column, fakeOcr, OPTIONS, outline, read, tables } from './reading.ts';

/** Cells at fixed places, one text a cell. */
function grid(rows: string[][], xs: number[], y: number, step = 18): Drawing[] {
  return rows.flatMap((row, r) =>
    row.flatMap((text, c): Drawing[] => (text === '' ? [] : [{ text, x: (xs[c] ?? 0) + 4, y: y + r * step + 13 }])),
  );
}

/** Lines around all cells of a grid. */
function frame(xs: number[], y: number, rows: number, step = 18): Drawing[] {
  const low = y + rows * step;
  return [
    ...xs.map((x): Drawing => ({ line: [x, y, x, low] })),
    ...Array.from(
      { length: rows + 1 },
      (_, r): Drawing => ({ line: [xs[0]!, y + r * step, xs.at(-1)!, y + r * step] }),
    ),
  ];
}

const FIGURES = [
  ['Region', 'Units', 'Revenue', 'Share'],
  ['North', '1,204', '$48,160', '31.2%'],
  ['South', '998', '$39,920', '25.9%'],
  ['East', '1,010', '$40,400', '26.2%'],
  ['West', '645', '$25,800', '16.7%'],
];

describe('readPdf: ruled tables', () => {
  const xs = [72, 200, 290, 380, 470];

  it('gives rows and cells of a fully ruled table', async () => {
    const layout = await read([...frame(xs, 100, 5), ...grid(FIGURES, xs, 100)]);
    assert.deepEqual(tables(layout)[0]?.cells, FIGURES);
    assert.equal(tables(layout)[0]?.headerRows, 1);
    assert.equal(tables(layout)[0]?.spans, undefined);
    assert.deepEqual(outline(layout), ['table 5x4']);
  });

  it('gives merged cells as spans', async () => {
    const rows = [
      ['Results', '', ''],
      ['A', '1', '2'],
      ['B', '3', '4'],
    ];
    const at = [72, 172, 272, 372];
    const lines = frame(at, 100, 3).filter((drawing) => !('line' in drawing && drawing.line[0] === drawing.line[2]));
    const upright: Drawing[] = [
      { line: [72, 100, 72, 154] },
      { line: [172, 118, 172, 154] },
      { line: [272, 118, 272, 154] },
      { line: [372, 100, 372, 154] },
    ];
    const layout = await read([...lines, ...upright, ...grid(rows, at, 100)]);
    const table = tables(layout)[0];
    assert.deepEqual(table?.cells, rows);
    assert.deepEqual(table?.spans?.[0], [0, 0, 1, 3, 'Results']);
  });

  it('re-flows several lines within a cell', async () => {
    const at = [72, 220, 400];
    const layout = await read([
      ...frame(at, 100, 2, 40),
      { text: 'First', x: 76, y: 115 },
      { text: 'A longer text that', x: 224, y: 115 },
      { text: 'needs two lines', x: 224, y: 128 },
      { text: 'Second', x: 76, y: 155 },
      { text: 'Short', x: 224, y: 155 },
    ]);
    assert.deepEqual(tables(layout)[0]?.cells, [
      ['First', 'A longer text that needs two lines'],
      ['Second', 'Short'],
    ]);
  });

  it('finds rows of numbers that no line separates', async () => {
    const lines: Drawing[] = [
      ...xs.map((x): Drawing => ({ line: [x, 100, x, 190] })),
      { line: [72, 100, 470, 100] },
      { line: [72, 118, 470, 118] },
      { line: [72, 190, 470, 190] },
    ];
    const layout = await read([...lines, ...grid(FIGURES, xs, 100)]);
    assert.deepEqual(tables(layout)[0]?.cells, FIGURES);
  });

  it('keeps what stands in adjoining cells apart, however close', async () => {
    const at = [72, 107.5, 143];
    const rows = [
      ['11111', '22222'],
      ['33333', '44444'],
    ];
    const layout = await read([...frame(at, 100, 2), ...grid(rows, at, 100)]);
    assert.deepEqual(tables(layout)[0]?.cells, rows);
  });

  it('does not take a box around a paragraph for a table', async () => {
    const layout = await read([
      ...frame([60, 400], 90, 1, 60),
      ...column(['A note in a box that', 'has two lines of text.'], 72, 110),
    ]);
    assert.deepEqual(tables(layout), []);
    assert.equal(outline(layout).length, 1);
  });
});

describe('readPdf: unruled tables', () => {
  const xs = [72, 200, 290, 380];

  it('gives rows and cells where text stands in columns', async () => {
    const layout = await read(grid(FIGURES, xs, 100));
    assert.deepEqual(tables(layout)[0]?.cells, FIGURES);
    assert.equal(tables(layout)[0]?.headerRows, 1);
  });

  it('leaves the text around a table in place', async () => {
    const before = column(
      ['The table below gives the units that were sold in each of the regions', 'during the year.'],
      72,
      80,
    );
    const after = column(
      ['As the table shows, the north was ahead of the south by a wide margin', 'in every quarter.'],
      72,
      240,
    );
    const layout = await read([...before, ...grid(FIGURES, xs, 110), ...after]);
    assert.deepEqual(
      outline(layout).map((line) => line.split(':')[0]),
      ['paragraph', 'table 5x4', 'paragraph'],
    );
  });

  it('does not take two columns of prose for a table', async () => {
    const left = [
      'The first column tells of a',
      'journey that went on for a',
      'long time until at last the',
      'travellers came to a river.',
    ];
    const right = [
      'The second one has another',
      'tale of merchants and their',
      'ships, which sailed for the',
      'islands in the early spring.',
    ];
    const layout = await read([...column(left, 72, 100), ...column(right, 310, 100)]);
    assert.deepEqual(tables(layout), []);
    assert.equal(outline(layout).length, 2);
  });

  it('does not take a list with its numbers for a table', async () => {
    const layout = await read(
      ['Open the valve', 'Wait a moment', 'Close the valve', 'Note the time'].flatMap((text, i): Drawing[] => [
        { text: `${i + 1}.`, x: 72, y: 100 + 16 * i },
        { text, x: 100, y: 100 + 16 * i },
      ]),
    );
    assert.deepEqual(tables(layout), []);
    assert.equal(outline(layout)[0], 'list_item: 1. Open the valve');
  });

  it('keeps notes under a table out of it', async () => {
    const notes: Drawing[] = [
      { text: '*', x: 72, y: 208 },
      { text: 'Preliminary figures that the region has not yet confirmed.', x: 90, y: 208 },
    ];
    const layout = await read([...grid(FIGURES, xs, 100), ...notes]);
    assert.deepEqual(tables(layout)[0]?.cells, FIGURES);
    assert.match(outline(layout).at(-1) ?? '', /Preliminary figures/);
  });

  it('joins the lines of a header and of a label', async () => {
    const layout = await read([
      { text: 'Share', x: 294, y: 100 },
      { text: 'Kind of cost', x: 76, y: 113 },
      { text: 'Amount', x: 204, y: 113 },
      { text: 'of total', x: 294, y: 113 },
      ...grid([['Rent', '4,000', '40.0']], xs, 122),
      { text: 'Heating, water and', x: 76, y: 153 },
      { text: '1,000', x: 204, y: 153 },
      { text: '10.0', x: 294, y: 153 },
      { text: 'other services', x: 76, y: 166 },
      ...grid([['Wages', '5,000', '50.0']], xs, 172),
    ]);
    assert.deepEqual(tables(layout)[0]?.cells, [
      ['Kind of cost', 'Amount', 'Share of total'],
      ['Rent', '4,000', '40.0'],
      ['Heating, water and other services', '1,000', '10.0'],
      ['Wages', '5,000', '50.0'],
    ]);
  });

  it('splits numbers that stand close in two columns', async () => {
    const rows = [
      ['Units', '1204', '31.2'],
      ['Hours', '9981', '25.9'],
      ['Miles', '1010', '26.2'],
    ];
    const layout = await read(grid(rows, [72, 200, 232], 100));
    assert.deepEqual(tables(layout)[0]?.cells, rows);
  });

  it('does not take the axes of a chart for a table', async () => {
    const axes = [100, 80, 60, 40, 20, 0].map((value) => [String(value), String(value / 10)]);
    const layout = await read(grid(axes, [72, 400], 100));
    assert.deepEqual(tables(layout), []);
  });

  it('finds the table in one column of a page and not the prose in the other', async () => {
    const prose = [
      'there is a river that runs',
      'through the whole valley to',
      'the mill, where people have',
      'worked for more than a few',
      'centuries until the present',
    ];
    const layout = await read([...grid(FIGURES, [40, 130, 180, 240], 100), ...column(prose, 330, 113, 18)]);
    assert.deepEqual(tables(layout)[0]?.cells, FIGURES);
    assert.equal(JSON.stringify(tables(layout)).includes('river'), false);
  });

  it('leaves a table above the cell limit as text and says so', async () => {
    const options = { ...OPTIONS, limits: { ...OPTIONS.limits, maxTableCells: 10 } };
    const layout = await pdfReader(fakeOcr([]))(buildPdf({ pages: [{ draw: grid(FIGURES, xs, 100) }] }), options);
    assert.deepEqual(tables(layout), []);
    assert.match(outline(layout).join(' '), /48,160/);
    assert.deepEqual(
      layout.dropped.map((item) => item.element_type),
      ['table_structure'],
    );
  });
});
