import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Layout, LayoutBlock, LayoutPage } from '../../../../../appliance/data/2-parse/layout.ts';
import { buildDocument } from '../../../../../appliance/data/2-parse/structure/build.ts';
import { CanonicalDocument } from '../../../../../appliance/data/document.ts';
import { canonicalJson } from '../../../../../appliance/kernel/canonical-json.ts';
import { docId, sha256Hex } from './ids.ts';

const ids = { tenant_id: 'acme', doc_id: docId, raw_sha256: sha256Hex };

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    'lorem.',
    'ipsum',
    'dolor! ',
    '\n',
    '\n\n',
    ' ',
    '\u0000',
    '\ud800',
    '\u{e0041}\u{e0042}',
    '\u0301',
    '|',
    '한국어',
    '👩‍👩‍👧',
  ),
);
const text = fc.oneof(
  fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
  fc.tuple(word, fc.integer({ min: 1, max: 60 })).map(([unit, times]) => unit.repeat(times)),
);
const coordinate = fc.double({ min: -1000, max: 5000, noNaN: true });
const box = fc.record({ x: coordinate, y: coordinate, width: coordinate, height: coordinate });
const placed = { boxes: fc.option(fc.array(box, { maxLength: 4 }), { nil: undefined }) };
const block: fc.Arbitrary<LayoutBlock> = fc.oneof(
  fc.record({ kind: fc.constant('heading' as const), level: fc.integer({ min: -1, max: 12 }), text, ...placed }),
  fc.record({
    kind: fc.constantFrom('paragraph' as const, 'list_item' as const, 'figure_caption' as const),
    text,
    ...placed,
  }),
  fc.record({ kind: fc.constant('figure' as const), caption: text, box, ...placed }),
  fc.record({
    kind: fc.constant('table' as const),
    cells: fc.array(fc.array(text, { maxLength: 4 }), { maxLength: 8 }),
    headerRows: fc.integer({ min: -1, max: 3 }),
    ...placed,
  }),
) as fc.Arbitrary<LayoutBlock>;

const layout: fc.Arbitrary<Layout> = fc
  .record({
    pages: fc.array(fc.array(block, { maxLength: 12 }), { maxLength: 4 }),
    hidden: fc.array(
      fc.record({
        page: fc.integer({ min: 1, max: 4 }),
        kind: fc.constant('vanish'),
        boxes: fc.array(box, { maxLength: 2 }),
        text,
      }),
      { maxLength: 3 },
    ),
    sourceCharacters: fc.nat(5000),
  })
  .map(({ pages, hidden, sourceCharacters }) => ({
    pages: pages.map(
      (blocks, at): LayoutPage => ({ page: at + 1, width: 0, height: 0, ocr: false, confidence: null, blocks }),
    ),
    hidden,
    dropped: [],
    sourceCharacters,
    versions: { reader: '1' },
  }));
const limits = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 16, max: 300 }))
  .map(([soft, hard]) => ({ soft: Math.min(soft, hard), hard }));

const RUNS = { numRuns: 300 };

describe('any layout', () => {
  it('becomes a document of the schema that serialises, the same each time', () => {
    fc.assert(
      fc.property(layout, limits, (input, limit) => {
        const before = structuredClone(input);
        const first = buildDocument(input, ids, limit);
        CanonicalDocument.parse(first.document);
        assert.equal(canonicalJson(buildDocument(before, ids, limit)), canonicalJson(first));
        assert.deepEqual(structuredClone(input), before, 'the layout is not changed');
      }),
      RUNS,
    );
  });

  it('gives chunks that are slices of their page, in order, disjoint and within the hard limit', () => {
    fc.assert(
      fc.property(layout, limits, (input, limit) => {
        const { document, pageTexts } = buildDocument(input, ids, limit);
        const ends = new Map<number, number>();
        for (const chunk of document.chunks) {
          const page = pageTexts[document.pages.findIndex((item) => item.page === chunk.page)]!;
          assert.equal(page.slice(chunk.start_char, chunk.end_char), chunk.text);
          assert.ok(chunk.text.length > 0 && chunk.text.length <= limit.hard, `${chunk.text.length} > ${limit.hard}`);
          assert.ok(chunk.start_char >= (ends.get(chunk.page) ?? 0), 'chunks do not overlap');
          assert.ok(chunk.text.isWellFormed(), 'no chunk ends inside a surrogate pair');
          ends.set(chunk.page, chunk.end_char);
        }
        assert.equal(new Set(document.chunks.map((chunk) => chunk.chunk_id)).size, document.chunks.length);
      }),
      RUNS,
    );
  });

  it('loses no character of the pages that is not white space', () => {
    fc.assert(
      fc.property(layout, limits, (input, limit) => {
        const { document, pageTexts } = buildDocument(input, ids, limit);
        document.pages.forEach(({ page }, at) => {
          const chunks = document.chunks.filter((chunk) => chunk.page === page).map((chunk) => chunk.text);
          assert.equal(chunks.join('').replace(/\s/g, ''), pageTexts[at]!.replace(/\s/g, ''));
        });
      }),
      RUNS,
    );
  });

  it('keeps control characters, tags and lone surrogates out of the pages, and the pages in NFC', () => {
    fc.assert(
      fc.property(layout, limits, (input, limit) => {
        for (const page of buildDocument(input, ids, limit).pageTexts) {
          assert.doesNotMatch(page, /[\u0000-\u0009\u000b-\u001f\u007f]|[\u{e0000}-\u{e007f}]/u);
          assert.ok(page.isWellFormed());
          assert.equal(page.normalize('NFC'), page);
        }
      }),
      RUNS,
    );
  });

  it('never puts a heading anywhere but at the beginning of a chunk', () => {
    fc.assert(
      fc.property(layout, limits, (input, limit) => {
        const { document } = buildDocument(input, ids, limit);
        for (const section of document.sections) {
          const inside = document.chunks.filter(
            (chunk) =>
              chunk.page === section.page &&
              chunk.start_char < section.start_char &&
              chunk.end_char > section.start_char,
          );
          assert.deepEqual(inside, []);
          assert.ok(
            document.chunks.some((chunk) => chunk.page === section.page && chunk.start_char === section.start_char),
          );
        }
      }),
      RUNS,
    );
  });
});
