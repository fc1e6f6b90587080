import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pdfReader } from '../../../../../appliance/data/2-parse/pdf/read-pdf.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { buildPdf } from '../../../../support/pdf-builder.ts';
import { blocks, column, fakeOcr, OPTIONS, outline, read } from './reading.ts';

const PROSE = [
  'The committee met on the third day of the month and heard',
  'the report of its treasurer, who spoke about the reser-',
  'vations that the auditors had made in their well-known',
  'letter. Nothing else was decided before the recess.',
];

describe('readPdf: text', () => {
  it('re-flows lines into paragraphs and undoes hyphenation', async () => {
    const layout = await read(column(PROSE, 72, 100));
    assert.deepEqual(outline(layout), [
      'paragraph: The committee met on the third day of the month and heard the report of its treasurer, who spoke about the reservations that the auditors had made in their well-known letter. Nothing else was decided before the recess.',
    ]);
    assert.equal(layout.pages[0]?.ocr, false);
    assert.equal(layout.pages[0]?.confidence, null);
  });

  it('gives every line a box in points from the top left', async () => {
    const layout = await read(column(PROSE, 72, 100));
    const block = blocks(layout)[0];
    assert.equal(block?.boxes?.length, 4);
    const [first] = block?.boxes ?? [];
    assert.ok(
      first && Math.abs(first.x - 72) < 1 && first.y > 85 && first.y < 100 && first.height < 18,
      JSON.stringify(first),
    );
  });

  it('counts the visible characters of the source', async () => {
    const layout = await read(column(['ab cd', 'ef.'], 72, 100));
    assert.equal(layout.sourceCharacters, 7);
  });

  it('separates paragraphs that stand apart', async () => {
    const layout = await read([...column(PROSE.slice(0, 2), 72, 100), ...column(PROSE.slice(2), 72, 160)]);
    assert.equal(outline(layout).length, 2);
  });

  it('reads two columns one after the other, below a title over both', async () => {
    const left = [
      'Left one is a line of prose',
      'and goes on in this second',
      'line until here it ends now',
      'with a word. And then more.',
    ];
    const right = [
      'Right one starts over there',
      'because it is another column',
      'and must not be mixed up so',
      'that nobody understands it.',
    ];
    const layout = await read([
      { text: 'A title that stands over both of the columns', x: 100, y: 80, size: 20 },
      ...left.flatMap((text, i) => [
        { text, x: 60, y: 130 + 14 * i },
        { text: right[i] ?? '', x: 320, y: 130 + 14 * i },
      ]),
    ]);
    assert.deepEqual(outline(layout), [
      'heading 1: A title that stands over both of the columns',
      `paragraph: ${left.join(' ')}`,
      `paragraph: ${right.join(' ')}`,
    ]);
  });

  it('finds headings with levels by size and weight', async () => {
    const layout = await read([
      { text: 'Annual Report', x: 72, y: 80, size: 24, font: 'Helvetica-Bold' },
      { text: 'Results', x: 72, y: 120, size: 16, font: 'Helvetica-Bold' },
      ...column(PROSE, 72, 150),
      { text: 'Outlook', x: 72, y: 240, size: 16, font: 'Helvetica-Bold' },
      ...column(PROSE, 72, 270),
      { text: 'In detail', x: 72, y: 350, size: 11, font: 'Helvetica-Bold' },
      ...column(PROSE, 72, 372),
    ]);
    const headings = blocks(layout).flatMap((block) => (block.kind === 'heading' ? [[block.level, block.text]] : []));
    assert.deepEqual(headings, [
      [1, 'Annual Report'],
      [2, 'Results'],
      [2, 'Outlook'],
      [3, 'In detail'],
    ]);
  });

  it('keeps list items apart and their second lines with them', async () => {
    const layout = await read([
      { text: '\x95 First item whose text is so long that it', x: 72, y: 100 },
      { text: 'needs a second line', x: 84, y: 114 },
      { text: '\x95 Second item', x: 72, y: 128 },
      { text: '1. Numbered item', x: 72, y: 160 },
      { text: '2. Another one', x: 72, y: 174 },
    ]);
    assert.deepEqual(outline(layout), [
      'list_item: • First item whose text is so long that it needs a second line',
      'list_item: • Second item',
      'list_item: 1. Numbered item',
      'list_item: 2. Another one',
    ]);
  });

  it('keeps running headers, footers and page numbers out, and says so once', async () => {
    const pages = [1, 2, 3].map((n) => ({
      draw: [
        { text: 'Acme Corp. Confidential', x: 72, y: 40, size: 9 },
        ...column(PROSE, 72, 120),
        { text: `Page ${n}`, x: 280, y: 810, size: 9 },
      ],
    }));
    const layout = await read({ pages });
    assert.ok(blocks(layout).every((block) => block.kind === 'paragraph'));
    assert.equal(JSON.stringify(layout.pages).includes('Confidential'), false);
    assert.equal(layout.dropped.filter((item) => item.element_type === 'page_furniture').length, 1);
  });

  it('draws bold by overprinting only once', async () => {
    const layout = await read([
      { text: 'Overprinted', x: 72, y: 100 },
      { text: 'Overprinted', x: 72.4, y: 100 },
    ]);
    assert.deepEqual(outline(layout), ['paragraph: Overprinted']);
  });

  it('turns pages by their rotation entry', async () => {
    const layout = await read({
      width: 400,
      height: 600,
      rotate: 90,
      draw: [{ text: 'Upright after turning', x: 100, y: 300, angle: 90 }],
    });
    assert.deepEqual([layout.pages[0]?.width, layout.pages[0]?.height], [600, 400]);
    assert.deepEqual(outline(layout), ['paragraph: Upright after turning']);
    const box = blocks(layout)[0]?.boxes?.[0];
    assert.ok(box && box.width > box.height, JSON.stringify(box));
  });

  it('puts text that stands sideways after the upright text', async () => {
    const layout = await read([{ text: 'Sideways note', x: 40, y: 400, angle: 90 }, ...column(PROSE, 72, 100)]);
    assert.equal(outline(layout).at(-1), 'paragraph: Sideways note');
  });

  it('reads a page that is sideways as a whole, with boxes on the page as it is', async () => {
    const lines = PROSE.map((text, i) => ({ text, x: 100 + 14 * i, y: 700, angle: 90 }));
    const layout = await read(lines);
    assert.equal(outline(layout).length, 1);
    assert.match(outline(layout)[0] ?? '', /^paragraph: The committee met .* before the recess\.$/);
    const box = blocks(layout)[0]?.boxes?.[0];
    assert.ok(box && box.height > box.width && box.x > 80 && box.x < 105, JSON.stringify(box));
  });

  it('gives the same layout for the same bytes', async () => {
    const page = [...column(PROSE, 72, 100), ...column(PROSE, 320, 100)];
    assert.deepEqual(await read(page), await read(page));
  });
});

describe('readPdf: figures', () => {
  const pixels = { data: new Uint8Array(64).fill(90), width: 8, height: 8 };

  it('joins a picture with the caption below it', async () => {
    const layout = await read([
      ...column(PROSE, 72, 100),
      { image: [72, 200, 200, 120], pixels },
      { text: 'Figure 2: The new building', x: 72, y: 340 },
    ]);
    const figure = blocks(layout).find((block) => block.kind === 'figure');
    assert.equal(figure?.caption, 'Figure 2: The new building');
    assert.deepEqual(figure?.box, { x: 72, y: 200, width: 200, height: 120 });
    assert.equal(blocks(layout).filter((block) => block.kind === 'figure_caption').length, 0);
  });

  it('does not take small pictures for figures', async () => {
    const layout = await read([...column(PROSE, 72, 100), { image: [72, 200, 12, 12], pixels }]);
    assert.equal(
      blocks(layout).some((block) => block.kind === 'figure'),
      false,
    );
  });
});

describe('readPdf: what is dropped', () => {
  it('reports links, scripts and attachments and reads none of them', async () => {
    const link = '/Type /Annot /Subtype /Link /Rect [72 700 200 720] /A << /S /URI /URI (http://example.test/) >>';
    const layout = await read({
      pages: [{ draw: column(PROSE, 72, 100), annotations: [link, link] }],
      javascript: 'app.alert(1)',
      attachment: { name: 'secret.txt', content: 'not for the index' },
    });
    const types = layout.dropped.map((item) => item.element_type).sort();
    assert.deepEqual(types, ['attachment', 'external_link', 'script']);
    assert.ok(layout.dropped.every((item) => item.remediation !== ''));
    assert.equal(JSON.stringify(layout).includes('not for the index'), false);
  });

  it('reads what form fields show', async () => {
    const { widgetWithText } = await import('../../../../support/pdf-builder.ts');
    const layout = await read({
      draw: column(['Name:'], 72, 100),
      annotations: [widgetWithText([110, 735, 410, 765], 'Ada Example')],
    });
    assert.match(outline(layout).join(' '), /Ada Example/);
  });
});

describe('readPdf: refusals', () => {
  const readBytes = (bytes: Uint8Array) => pdfReader(fakeOcr([]))(bytes, OPTIONS);

  it('says FILE_ENCRYPTED when a password is needed', async () => {
    const bytes = buildPdf({ pages: [{ draw: column(PROSE, 72, 100) }], password: 'unknown' });
    await assert.rejects(readBytes(bytes), (error) => isFrostbyteError(error, 'FILE_ENCRYPTED'));
  });

  it('opens a file whose user password is empty', async () => {
    const bytes = buildPdf({ pages: [{ draw: [] }], password: '' });
    assert.equal((await readBytes(bytes)).pages.length, 1);
  });

  it('says FILE_CORRUPTED for what is no PDF', async () => {
    for (const bytes of [new Uint8Array(0), Buffer.from('%PDF-1.7\nnothing'), Buffer.alloc(5000, 7)]) {
      await assert.rejects(readBytes(bytes), (error) => isFrostbyteError(error, 'FILE_CORRUPTED'));
    }
  });

  it('says FILE_CORRUPTED with the numbers for too many pages', async () => {
    const bytes = buildPdf({ pages: Array.from({ length: 51 }, () => ({ draw: [] })) });
    await assert.rejects(readBytes(bytes), (error) => {
      assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED'));
      assert.match(error.message, /51 pages.*limit of 50/);
      return true;
    });
  });

  it('works on after a file it refused', async () => {
    await assert.rejects(readBytes(Buffer.from('no pdf')));
    assert.equal(outline(await read(column(['Still here.'], 72, 100))).length, 1);
  });
});
