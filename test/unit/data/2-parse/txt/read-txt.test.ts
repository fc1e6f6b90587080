import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildDocument } from '../../../../../appliance/data/2-parse/structure/build.ts';
import { readTxt } from '../../../../../appliance/data/2-parse/txt/read-txt.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { readOptions } from '../../../../support/ooxml-builder.ts';
import { docId, sha256Hex } from '../structure/ids.ts';

const read = (text: string) => readTxt(Buffer.from(text), readOptions());
const blocks = async (text: string) => (await read(text)).pages[0]!.blocks;
const outline = async (text: string) =>
  (await blocks(text)).map((block) =>
    block.kind === 'heading' ? `h${block.level} ${block.text}` : `${block.kind} ${'text' in block ? block.text : ''}`,
  );

describe('paragraphs of a text file', () => {
  it('stand between blank lines and say their lines', async () => {
    assert.deepEqual(
      (await blocks('one\n\n\ntwo\nthree\r\n')).map((block) => block.path),
      [
        { line: 1, end_line: 1 },
        { line: 4, end_line: 5 },
      ],
    );
  });

  it('are re-flowed where their lines look wrapped, with hyphenation undone', async () => {
    const text =
      'The supplier delivers the goods to the place that the cus-\ntomer names in the order, and bears all the costs of the\ntransport until then.';
    assert.deepEqual(await outline(text), [
      'paragraph The supplier delivers the goods to the place that the customer names in the order, and bears all the costs of the transport until then.',
    ]);
  });

  it('keep line breaks that the author made', async () => {
    assert.deepEqual(await outline('Acme Ltd\n12 High Street\nOslo'), ['paragraph Acme Ltd\n12 High Street\nOslo']);
  });
});

describe('headings of a text file', () => {
  it('are marked by #, by underlining, by numbers or by capitals', async () => {
    const text =
      '# One\ntext\n\nTwo\n===\n\nThree\n-----\ntext\n\n1.2 Four here\n\ntext\n\nFIVE IN CAPITALS\n\ntext\n\nArticle 6\n\ntext';
    assert.deepEqual(
      (await outline(text)).filter((line) => line.startsWith('h')),
      ['h1 One', 'h1 Two', 'h2 Three', 'h2 1.2 Four here', 'h1 FIVE IN CAPITALS', 'h1 Article 6'],
    );
  });

  it('are not comments, list items, sentences, table rules or code', async () => {
    const text =
      '# one\n# two\n\n1. Buy milk\n\n2. Buy eggs\n\n1.2 This is a sentence.\n\nname   sum\n----   ---\na      1\n\n```\n# code\n\nCODE TOO\n\n```\n\nUNITED NATIONS, NEW YORK.';
    assert.deepEqual(
      (await outline(text)).filter((line) => line.startsWith('h')),
      [],
    );
  });

  it('many in a row without a blank line do no harm', async () => {
    const found = await blocks('Title\n=====\n'.repeat(20_000));
    assert.equal(found.length, 20_000);
  });
});

describe('lists of a text file', () => {
  it('keep their markers, and lines without one continue the item above', async () => {
    assert.deepEqual(await outline('We need:\n- apples\n  and pears\n- plums\n\n1. first\n2. second'), [
      'paragraph We need:',
      'list_item - apples and pears',
      'list_item - plums',
      'list_item 1. first',
      'list_item 2. second',
    ]);
  });
});

describe('any text', () => {
  it('comes out whole: coverage is 1', async () => {
    const line = fc.constantFrom(
      'word word',
      '# head',
      '===',
      '---',
      '- item',
      '1. one',
      '1.2 Title',
      'CAPITAL LETTERS',
      '',
      '',
      '```',
      '    code',
      'x'.repeat(90),
      '\f',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 25 }), async (lines) => {
        const layout = await read(lines.join('\n'));
        const { document } = buildDocument(
          layout,
          { tenant_id: 'acme', doc_id: docId, raw_sha256: sha256Hex },
          { soft: 100, hard: 200 },
        );
        assert.equal(document.stats.coverage, 1);
      }),
      { numRuns: 300 },
    );
  });

  it('that is no text is refused', async () => {
    await assert.rejects(
      readTxt(
        Uint8Array.from({ length: 500 }, (_, at) => (at * 7) % 32),
        readOptions(),
      ),
      (error) => isFrostbyteError(error, 'FILE_CORRUPTED'),
    );
  });
});
