import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { linesToBlocks } from '../../../../../appliance/data/2-parse/lines/lines-to-blocks.ts';
import type { LinesPage, TextLine } from '../../../../../appliance/data/2-parse/lines/types.ts';

/** A line of 12 points with letters six points wide. */
function line(text: string, x: number, y: number, more: Partial<TextLine> = {}): TextLine {
  return { text, box: { x, y, width: 6 * text.length, height: 12 }, fontSize: 11, ...more };
}

function texts(lines: TextLine[], more: Partial<LinesPage> = {}): string[] {
  const { pages } = linesToBlocks([{ page: 1, width: 600, height: 800, lines, ...more }]);
  return pages[0]?.blocks.map((block) => ('text' in block ? `${block.kind} ${block.text}` : block.kind)) ?? [];
}

describe('linesToBlocks', () => {
  it('joins pieces that stand on one row, whatever their order', () => {
    assert.deepEqual(texts([line('end.', 200, 100), line('The beginning and the', 70, 100)]), [
      'paragraph The beginning and the end.',
    ]);
  });

  it('joins pieces from right to left where the text does', () => {
    assert.deepEqual(texts([line('שלום', 200, 100, { rtl: true }), line('עולם', 160, 100, { rtl: true })]), [
      'paragraph שלום עולם',
    ]);
  });

  it('starts a paragraph at a larger gap and at a first-line indent after a sentence', () => {
    const rows = [
      line('The first paragraph has a couple of', 70, 100),
      line('lines and it ends just here with a.', 70, 114),
      line('The second one is indented at first', 90, 128),
      line('and then goes on at the left margin', 70, 142),
      line('The third one stands below a gap in', 70, 175),
    ];
    assert.equal(texts(rows).length, 3);
  });

  it('starts a paragraph where the next word would have had room', () => {
    const rows = [
      line('This is a line as long as the column', 70, 100),
      line('and ends.', 70, 114),
      line('Another paragraph without an indent', 70, 128),
    ];
    assert.equal(texts(rows).length, 2);
  });

  it('goes on with a number that a short line cuts at its hyphen', () => {
    const rows = [
      line('This is a line as long as the column is wide here', 70, 100),
      line('Number: 523-45-', 70, 114),
      line('6711 is what the card says, and it goes on so far', 70, 128),
    ];
    assert.ok(texts(rows).some((text) => text.includes('523-45-6711')));
  });

  it('goes on with a sentence at the top of the next column', () => {
    const left = [
      'Prose of the left column that is',
      'set in four lines and breaks off',
      'in the middle of a sentence that',
      'is continued at the top of the',
    ];
    const right = [
      'right column, where it ends. Then',
      'there is more text that fills the',
      'lines of this column as well, and',
      'so it goes on until the very end.',
    ];
    const rows = left.flatMap((text, i) => [line(text, 50, 100 + 14 * i), line(right[i] ?? '', 320, 100 + 14 * i)]);
    const found = texts(rows);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /top of the right column, where it ends/);
  });

  it('reads rows of a form across and not as columns', () => {
    const rows = [0, 1, 2, 3].flatMap((i) => [
      line(`Label ${i}`, 50, 100 + 30 * i),
      line(`Value ${i}`, 300, 100 + 30 * i),
    ]);
    assert.deepEqual(
      texts(rows),
      [0, 1, 2, 3].map((i) => `paragraph Label ${i} Value ${i}`),
    );
  });

  it('puts finished blocks where they stand', () => {
    const figure = { kind: 'figure', caption: '' } as const;
    const placed = [{ box: { x: 70, y: 130, width: 200, height: 100 }, block: figure }];
    assert.deepEqual(texts([line('Below the picture.', 70, 250), line('Above the picture.', 70, 100)], { placed }), [
      'paragraph Above the picture.',
      'figure',
      'paragraph Below the picture.',
    ]);
  });

  it('recognises captions', () => {
    assert.deepEqual(texts([line('Figure 3: A valve', 70, 100), line('Figure 3 shows a valve that', 70, 140)]), [
      'figure_caption Figure 3: A valve',
      'paragraph Figure 3 shows a valve that',
    ]);
  });

  it('keeps counting page numbers out, also roman ones, and leaves other numbers', () => {
    const numbers = ['ii', 'iii', 'iv'];
    const pages = numbers.map((number, i) => ({
      page: i + 1,
      width: 600,
      height: 800,
      lines: [line('Text of the page that stays.', 70, 300), line('1984', 70, 400), line(number, 300, 770)],
    }));
    const result = linesToBlocks(pages);
    assert.deepEqual(
      result.furniture.map((piece) => piece.text),
      numbers,
    );
    for (const page of result.pages) assert.match(JSON.stringify(page.blocks), /1984/);
  });

  it('keeps a number at the edge of a single page', () => {
    assert.deepEqual(texts([line('42', 300, 780)]), ['paragraph 42']);
  });

  it('leaves levels to size where sizes are only estimates', () => {
    const body = [0, 1, 2].map((i) => ({
      text: `A line of recognised text number ${i} that goes on`,
      box: { x: 70, y: 140 + 14 * i, width: 300, height: 11 + (i % 2) },
    }));
    const title = { text: 'Large title', box: { x: 70, y: 90, width: 300, height: 26 } };
    assert.deepEqual(
      texts([title, ...body]).map((text) => text.split(' ')[0]),
      ['heading', 'paragraph'],
    );
  });

  it('loses no word and invents none, whatever the lines', () => {
    const word = fc.stringMatching(/^[a-z]{3,9}$/);
    const anyLine = fc
      .record({
        words: fc.array(word, { minLength: 1, maxLength: 6 }),
        x: fc.nat(500),
        y: fc.integer({ min: 200, max: 600 }),
        size: fc.integer({ min: 6, max: 30 }),
        bold: fc.boolean(),
      })
      .map(({ words, x, y, size, bold }) => line(words.join(' '), x, y, { fontSize: size, bold }));
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 30 }), (lines) => {
        const bag = (all: string[]): string[] => all.join(' ').replace(/\s+/g, '').split('').sort();
        const { pages } = linesToBlocks([{ page: 1, width: 600, height: 800, lines }]);
        const out = pages[0]?.blocks.map((block) => ('text' in block ? block.text : '')) ?? [];
        assert.deepEqual(bag(out), bag(lines.map((one) => one.text)));
      }),
      { numRuns: 150 },
    );
  });
});
