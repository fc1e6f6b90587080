import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Layout, LayoutBlock } from '../../../../../appliance/data/2-parse/layout.ts';
import { buildDocument } from '../../../../../appliance/data/2-parse/structure/build.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { chunkId } from '../../../../../appliance/kernel/ids.ts';
import { docId, sha256Hex } from './ids.ts';

const ids = { tenant_id: 'acme', doc_id: docId, raw_sha256: sha256Hex };
const LIMITS = { soft: 100, hard: 200 };

function layoutOf(...pages: LayoutBlock[][]): Layout {
  return {
    pages: pages.map((blocks, at) => ({ page: at + 1, width: 595, height: 842, ocr: false, confidence: null, blocks })),
    hidden: [],
    dropped: [],
    sourceCharacters: 0,
    versions: { reader: '1.0.0' },
  };
}
const build = (layout: Layout, limits = LIMITS) => buildDocument(layout, ids, limits);
const heading = (text: string, level = 1): LayoutBlock => ({ kind: 'heading', level, text });
const paragraph = (text: string, more: object = {}): LayoutBlock => ({ kind: 'paragraph', text, ...more });
const item = (text: string): LayoutBlock => ({ kind: 'list_item', text });
const table = (cells: string[][], headerRows = 0, more: object = {}): LayoutBlock => ({
  kind: 'table',
  cells,
  headerRows,
  ...more,
});
const shape = (layout: Layout, limits = LIMITS) =>
  build(layout, limits).document.chunks.map((chunk) => [chunk.element_type, chunk.text]);

describe('page text', () => {
  it('joins blocks by a blank line, list items by a line break, rows by a line break and cells by a bar', () => {
    const { pageTexts } = build(
      layoutOf([
        heading('Title'),
        paragraph('One.'),
        item('a'),
        item('b'),
        paragraph('Two.'),
        table([
          ['x', 'y'],
          ['1', '2'],
        ]),
      ]),
    );
    assert.deepEqual(pageTexts, ['Title\n\nOne.\n\na\nb\n\nTwo.\n\nx | y\n1 | 2']);
  });

  it('is in NFC, without control characters, and with lone surrogates replaced', () => {
    const { pageTexts } = build(layoutOf([paragraph('e\u0301 a\u0000\u0008b\tc\r\nd \ud800 e')]));
    assert.equal(pageTexts[0], 'é ab c\nd \ufffd e');
  });

  it('has no blank line inside a block', () => {
    assert.equal(build(layoutOf([paragraph('a\n \n\n b')])).pageTexts[0], 'a\n b');
  });
});

describe('sections', () => {
  it('span to the next heading of the same or a higher level, over pages', () => {
    const { document } = build(
      layoutOf(
        [heading('A'), paragraph('a'), heading('A.1', 2), paragraph('a1')],
        [paragraph('more a1'), heading('B'), paragraph('b')],
      ),
    );
    assert.deepEqual(
      document.sections.map(({ section_id, title, level, page, end_page, start_char, end_char }) => [
        section_id,
        title,
        level,
        page,
        end_page,
        start_char,
        end_char,
      ]),
      [
        ['sec_1', 'A', 1, 1, 2, 0, 7],
        ['sec_2', 'A.1', 2, 1, 2, 6, 7],
        ['sec_3', 'B', 1, 2, 2, 9, 13],
      ],
    );
  });

  it('carry their title into chunks on later pages', () => {
    const { document } = build(layoutOf([heading('A', 2), paragraph('a')], [paragraph('more')]));
    assert.deepEqual(document.chunks[1]!.metadata, { section_title: 'A', heading_level: 2 });
  });

  it('are none for text before the first heading', () => {
    assert.equal(build(layoutOf([paragraph('a')])).document.chunks[0]!.metadata.section_title, null);
  });
});

describe('chunking by title', () => {
  it('opens the first chunk of a section with its heading', () => {
    assert.deepEqual(
      shape(layoutOf([heading('A'), paragraph('one'), paragraph('two'), heading('B'), paragraph('three')])),
      [
        ['paragraph', 'A\n\none\n\ntwo'],
        ['paragraph', 'B\n\nthree'],
      ],
    );
  });

  it('gives a heading before a table, a heading or the end of a page a chunk of its own', () => {
    assert.deepEqual(
      shape(layoutOf([heading('A'), table([['x', 'y']]), heading('B'), heading('C')], [paragraph('p')])),
      [
        ['heading', 'A'],
        ['table', 'x | y'],
        ['heading', 'B'],
        ['heading', 'C'],
        ['paragraph', 'p'],
      ],
    );
  });

  it('starts a new chunk at the soft limit and keeps whole a paragraph up to the hard limit', () => {
    const [long, short] = ['a'.repeat(150), 'b'.repeat(60)];
    assert.deepEqual(shape(layoutOf([paragraph(short), paragraph(long), paragraph(short)])), [
      ['paragraph', short],
      ['paragraph', long],
      ['paragraph', short],
    ]);
  });

  it('keeps a heading with a paragraph that together exceed the soft limit but not the hard one', () => {
    assert.equal(shape(layoutOf([heading('A'), paragraph('a'.repeat(150))])).length, 1);
  });

  it('keeps list items together when they fit', () => {
    const items = Array.from({ length: 9 }, (_, at) => item(`item number ${at}`));
    const chunks = shape(layoutOf([paragraph('p'.repeat(80)), ...items]));
    assert.deepEqual(
      chunks.map(([type]) => type),
      ['paragraph', 'list_item'],
    );
    assert.equal(chunks[1]![1]!.split('\n').length, 9);
  });

  it('calls a chunk of a heading and list items a list', () => {
    assert.deepEqual(shape(layoutOf([heading('A'), item('a'), item('b')])), [['list_item', 'A\n\na\nb']]);
  });

  it('splits a long list between its items', () => {
    const items = Array.from({ length: 30 }, (_, at) => item(`item number ${at}`));
    const chunks = build(layoutOf(items)).document.chunks;
    assert.ok(chunks.length > 1);
    for (const { text, element_type } of chunks) {
      assert.equal(element_type, 'list_item');
      for (const line of text.split('\n')) assert.match(line, /^item number \d+$/);
    }
  });

  it('splits a paragraph above the hard limit at the ends of sentences', () => {
    const sentence = 'This sentence has forty-six characters in it. ';
    const chunks = build(layoutOf([heading('A'), paragraph(sentence.repeat(6))])).document.chunks;
    assert.ok(chunks.length >= 3);
    assert.ok(chunks[0]!.text.startsWith('A\n\nThis'));
    for (const { text } of chunks) assert.match(text, /it\.$/);
  });

  it('takes a lone caption for what it is', () => {
    assert.deepEqual(shape(layoutOf([{ kind: 'figure_caption', text: 'Figure 1' }])), [['figure_caption', 'Figure 1']]);
  });

  it('names chunks by document, page and offsets', () => {
    const [chunk] = build(layoutOf([paragraph('abc')])).document.chunks;
    assert.equal(chunk!.chunk_id, chunkId(docId, 1, 0, 3));
  });
});

describe('tables', () => {
  const rows = (count: number) => [
    ['Name', 'Amount'],
    ...Array.from({ length: count }, (_, at) => [`row ${at}`, 'x'.repeat(30)]),
  ];

  it('are one chunk up to the hard limit', () => {
    const { document } = build(layoutOf([paragraph('p'), table(rows(4), 1)]));
    assert.deepEqual(
      document.chunks.map((chunk) => chunk.element_type),
      ['paragraph', 'table'],
    );
    assert.equal(document.chunks[1]!.metadata.table_part, undefined);
  });

  it('larger than the hard limit become row groups that say so and carry the header row', () => {
    const { document } = build(layoutOf([table(rows(20), 1, { path: { sheet: 'S', range: 'B3:C23' } })]));
    const parts = document.chunks.map((chunk) => chunk.metadata.table_part);
    assert.deepEqual(
      parts,
      parts.map((_, at) => [at + 1, parts.length]),
    );
    assert.ok(parts.length > 3);
    for (const chunk of document.chunks) assert.deepEqual(chunk.metadata.table_header, ['Name', 'Amount']);
    assert.doesNotMatch(document.chunks[1]!.text, /Name/);
    assert.match(document.chunks[1]!.path!.range!, /^B(\d+):C\d+$/);
    assert.equal(document.chunks[0]!.path!.range!.startsWith('B3:'), true);
    assert.equal(document.chunks.at(-1)!.path!.range!.endsWith(':C23'), true);
  });

  it('name the columns under a merged header', () => {
    const cells = [
      ['2024', '', 'Note'],
      ['Q1', 'Q2', ''],
      ...Array.from({ length: 20 }, () => ['1', '2', 'n'.repeat(20)]),
    ];
    const spans = [[0, 0, 1, 2, '2024']] as [number, number, number, number, string][];
    const { document } = build(layoutOf([table(cells, 2, { spans })]));
    assert.deepEqual(document.chunks[0]!.metadata.table_header, ['2024 Q1', '2024 Q2', 'Note']);
  });

  it('with one row above the hard limit are split inside it', () => {
    const { document } = build(layoutOf([table([['word '.repeat(100), 'end']])]));
    assert.ok(document.chunks.length > 2);
    assert.ok(document.chunks.every((chunk) => chunk.element_type === 'table' && chunk.text.length <= 200));
  });

  it('do not multiply a header longer than the hard limit', () => {
    const { document } = build(
      layoutOf([table([['h'.repeat(300)], ...Array.from({ length: 20 }, () => ['x'.repeat(50)])], 1)]),
    );
    assert.ok(document.chunks.every((chunk) => chunk.metadata.table_header === undefined));
  });

  it('give rows padded to equal length, with their place in the page', () => {
    const { document, pageTexts } = build(
      layoutOf([paragraph('p'), table([['a', 'b\nc'], ['d']], 1, { title: ' Fees ' })]),
    );
    const [found] = document.tables;
    assert.deepEqual(found!.cells, [
      ['a', 'b c'],
      ['d', ''],
    ]);
    assert.deepEqual([found!.rows, found!.columns, found!.header_rows, found!.title], [2, 2, 1, 'Fees']);
    assert.equal(pageTexts[0]!.slice(found!.start_char, found!.end_char), 'a | b c\nd |');
  });
});

describe('the rest of the document', () => {
  const line = (y: number) => ({ x: 10.004, y, width: 100, height: 12 });

  it('gives a chunk the boxes of its blocks, and a part of a block the part of its boxes', () => {
    const boxes = Array.from({ length: 10 }, (_, at) => line(at * 12));
    const { chunks } = build(layoutOf([paragraph('w '.repeat(300), { boxes })])).document;
    assert.ok(chunks.length > 2);
    assert.deepEqual(chunks[0]!.boxes![0], { x: 10, y: 0, width: 100, height: 12 });
    assert.deepEqual(chunks.at(-1)!.boxes!.at(-1), { x: 10, y: 108, width: 100, height: 12 });
    assert.ok(chunks.every((chunk) => chunk.boxes!.length < 10 && chunk.boxes!.length > 0));
  });

  it('joins the lines of a chunk into one path', () => {
    const { chunks } = build(
      layoutOf([
        paragraph('a', { path: { line: 1, end_line: 2 } }),
        paragraph('b', { path: { line: 4, end_line: 6 } }),
      ]),
    ).document;
    assert.deepEqual(chunks[0]!.path, { line: 1, end_line: 6 });
  });

  it('gives the parts of a long block of lines the lines that each holds', () => {
    const text = Array.from({ length: 30 }, (_, at) => `log line ${at + 1}`).join('\n');
    const { chunks } = build(layoutOf([paragraph(text, { path: { line: 11, end_line: 40 } })])).document;
    assert.ok(chunks.length > 2);
    for (const chunk of chunks) {
      const numbers = chunk.text.match(/\d+/g)!.map(Number);
      assert.deepEqual(chunk.path, { line: numbers[0]! + 10, end_line: numbers.at(-1)! + 10 });
    }
  });

  it('gives the parts of a re-flowed block all its lines', () => {
    const { chunks } = build(layoutOf([paragraph('word '.repeat(100), { path: { line: 1, end_line: 9 } })])).document;
    assert.ok(chunks.length > 2);
    for (const chunk of chunks) assert.deepEqual(chunk.path, { line: 1, end_line: 9 });
  });

  it('lists sections, tables, figures and chunks in reading order', () => {
    const { document } = build(layoutOf([heading('A'), table([['x', 'y']]), { kind: 'figure', caption: 'Fig' }]));
    const [first, second, third] = document.chunks.map((chunk) => chunk.chunk_id);
    assert.deepEqual(document.reading_order, ['sec_1', first, 'tbl_1', second, 'fig_1', third]);
  });

  it('keeps a figure without a caption, at an empty place', () => {
    const { document } = build(layoutOf([paragraph('abc'), { kind: 'figure', caption: '', box: line(5) }]));
    assert.deepEqual(document.figures, [
      {
        figure_id: 'fig_1',
        page: 1,
        caption: '',
        start_char: 3,
        end_char: 3,
        box: { x: 10, y: 5, width: 100, height: 12 },
      },
    ]);
  });

  it('measures coverage by the characters that came out, seen or hidden', () => {
    const layout = layoutOf([paragraph('a b c')]);
    layout.hidden.push({ page: 1, kind: 'vanish', boxes: [], text: 'd' });
    assert.equal(build({ ...layout, sourceCharacters: 8 }).document.stats.coverage, 0.5);
    assert.equal(build({ ...layout, sourceCharacters: 1 }).document.stats.coverage, 1);
    assert.equal(build({ ...layout, sourceCharacters: 0 }).document.stats.coverage, 1);
  });

  it('does not count composed characters as lost', () => {
    const layout = { ...layoutOf([paragraph('e\u0301'.repeat(50))]), sourceCharacters: 100 };
    assert.equal(build(layout).document.stats.coverage, 1);
  });

  it('names the versions and the chunk limits in its lineage', () => {
    const { lineage } = build(layoutOf([])).document;
    assert.deepEqual(lineage.parser_versions, { reader: '1.0.0', chunk_soft_limit: 100, chunk_hard_limit: 200 });
    assert.equal(lineage.raw_sha256, sha256Hex);
  });

  it('refuses impossible limits and layouts whose page numbers do not rise', () => {
    for (const limits of [
      { soft: 0, hard: 100 },
      { soft: 200, hard: 100 },
      { soft: 1, hard: 15 },
      { soft: 1.5, hard: 100 },
    ]) {
      assert.throws(
        () => build(layoutOf([]), limits),
        (error) => isFrostbyteError(error, 'CONFIG_INVALID'),
      );
    }
    const layout = layoutOf([], []);
    layout.pages[1]!.page = 1;
    assert.throws(
      () => build(layout),
      (error) => isFrostbyteError(error, 'PARSER_ERROR'),
    );
  });
});
