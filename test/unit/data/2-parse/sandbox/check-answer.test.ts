import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Layout } from '../../../../../appliance/data/2-parse/layout.ts';
import { checkAnswer } from '../../../../../appliance/data/2-parse/sandbox/check-answer.ts';
import type { ParseRequest } from '../../../../../appliance/data/2-parse/sandbox/protocol.ts';
import { buildDocument } from '../../../../../appliance/data/2-parse/structure/build.ts';
import type { CanonicalDocument, ParsedDocument } from '../../../../../appliance/data/document.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { chunkId, docId } from '../../../../../appliance/kernel/ids.ts';
import { USUAL_LIMITS } from '../../../../support/read-options.ts';

const raw_sha256 = sha256Hex('raw');
const ids = { tenant_id: 'acme', doc_id: docId('acme', raw_sha256), raw_sha256 };
const chunk_limits = { soft: 1200, hard: 2400 };
const request: ParseRequest = { media_type: 'text/plain', size: 3, ...ids, chunk_limits, limits: USUAL_LIMITS };

const LAYOUT: Layout = {
  pages: [
    {
      page: 1,
      width: 0,
      height: 0,
      ocr: false,
      confidence: null,
      blocks: [
        { kind: 'heading', level: 1, text: 'Title' },
        { kind: 'paragraph', text: 'A first paragraph.' },
        {
          kind: 'table',
          cells: [
            ['a', 'b'],
            ['1', '2'],
          ],
          headerRows: 1,
        },
        { kind: 'figure', caption: 'A figure' },
      ],
    },
    {
      page: 2,
      width: 0,
      height: 0,
      ocr: false,
      confidence: null,
      blocks: [{ kind: 'paragraph', text: 'Second page.' }],
    },
  ],
  hidden: [{ page: 1, kind: 'vanish', boxes: [], text: 'unseen' }],
  dropped: [],
  sourceCharacters: 40,
  versions: { test: '1' },
};

type Said = ParsedDocument & { ok: boolean; stage1_ms: number; stage2_ms: number };

/** What an honest child says, then changed. */
function said(change: (answer: Said) => unknown = () => {}): Buffer {
  const answer: Said = { ok: true, ...buildDocument(LAYOUT, ids, chunk_limits), stage1_ms: 1, stage2_ms: 2 };
  const copy = structuredClone(answer);
  change(copy);
  return Buffer.from(JSON.stringify(copy));
}

function refused(output: Uint8Array, why: string) {
  assert.throws(
    () => checkAnswer(output, request),
    (error) => isFrostbyteError(error, 'PARSER_ERROR') && error.message.includes(`(${why})`),
    why,
  );
}

describe('what a parser says', () => {
  it('is taken when it holds together', () => {
    const answer = checkAnswer(said(), request);
    assert.deepEqual({ ...answer }, { ...buildDocument(LAYOUT, ids, chunk_limits), stage1_ms: 1, stage2_ms: 2 });
  });

  it('is refused when it speaks of another document, tenant, file or other limits', () => {
    const changes: ((document: CanonicalDocument) => unknown)[] = [
      (document) => (document.tenant_id = 'other'),
      (document) => (document.doc_id = docId('other', raw_sha256)),
      (document) => (document.lineage.raw_sha256 = sha256Hex('other')),
    ];
    for (const change of changes)
      refused(
        said(({ document }) => change(document)),
        'identity',
      );
    refused(
      said(({ document }) => (document.lineage.parser_versions.chunk_hard_limit = 9_999)),
      'chunk limits',
    );
  });

  it('is refused when page texts are missing, changed or out of order', () => {
    refused(
      said((answer) => answer.pageTexts.pop()),
      'pages',
    );
    refused(
      said((answer) => (answer.pageTexts[0] += ' more')),
      'page text',
    );
    refused(
      said((answer) => answer.document.pages.reverse() && answer.pageTexts.reverse()),
      'page text',
    );
  });

  it('is refused when a chunk is not exactly what stands on its page', () => {
    refused(
      said(({ document }) => (document.chunks[0]!.text += '!')),
      'chunk',
    );
    refused(
      said(({ document }) => (document.chunks[0]!.page = 7)),
      'chunk',
    );
    refused(
      said(({ document }) => (document.chunks[0]!.chunk_id = 'chk_0000000000000000')),
      'chunk',
    );
    const beyond = said(({ document }) => {
      const chunk = document.chunks[0]!;
      chunk.end_char = 10_000;
      chunk.chunk_id = chunkId(document.doc_id, chunk.page, chunk.start_char, chunk.end_char);
    });
    refused(beyond, 'chunk');
  });

  it('is refused when tables, figures or sections lie outside their page', () => {
    refused(
      said(({ document }) => (document.tables[0]!.end_char = 10_000)),
      'table',
    );
    refused(
      said(({ document }) => (document.figures[0]!.page = 3)),
      'figure',
    );
    refused(
      said(({ document }) => (document.sections[0]!.end_page = 3)),
      'section',
    );
  });

  it('is refused when the reading order names too little, too much or twice', () => {
    refused(
      said(({ document }) => document.reading_order.pop()),
      'order',
    );
    refused(
      said(({ document }) => (document.reading_order[0] = 'stranger')),
      'order',
    );
    refused(
      said(({ document }) => document.reading_order.push(document.reading_order[0]!)),
      'order',
    );
    const twice = said(({ document }) => {
      document.chunks.push(document.chunks[0]!);
      document.stats.chunk_count++;
    });
    refused(twice, 'ids');
  });

  it('is refused when hidden text is not the text that is described', () => {
    refused(
      said((answer) => answer.hiddenTexts.pop()),
      'hidden text',
    );
    refused(
      said((answer) => (answer.hiddenTexts[0] = 'UNSEEN')),
      'hidden text',
    );
    refused(
      said(({ document }) => (document.hidden_text[0]!.characters = 1)),
      'hidden text',
    );
  });

  it('is refused when it counts wrongly', () => {
    for (const name of ['page_count', 'section_count', 'table_count', 'figure_count', 'chunk_count'] as const) {
      refused(
        said(({ document }) => document.stats[name]++),
        'stats',
      );
    }
    refused(
      said(({ document }) => document.stats.total_characters++),
      'stats',
    );
    refused(
      said(({ document }) => document.stats.ocr_pages++),
      'stats',
    );
  });

  it('is refused when text is not well-formed Unicode, which has no canonical form', () => {
    refused(
      said(({ document }) => (document.tables[0]!.cells[0]![0] = '\ud800')),
      'characters',
    );
    refused(
      said(({ document }) => (document.lineage.parser_versions['\udc00'] = '1')),
      'characters',
    );
  });

  it('is refused when its shape is another, or has more in it than it should', () => {
    refused(Buffer.from('{'), 'JSON');
    refused(Buffer.from([0x22, 0xff, 0x22]), 'JSON');
    refused(Buffer.from('[]'), 'shape');
    refused(
      said((answer) => Object.assign(answer, { extra: 1 })),
      'shape',
    );
    refused(
      said((answer) => (answer.stage1_ms = -1)),
      'shape',
    );
    refused(
      said(({ document }) => Object.assign(document, { extra: 1 })),
      'document',
    );
    refused(Buffer.from(said().toString().replace('"page_count":2', '"page_count":1e999')), 'document');
    refused(Buffer.from(said().toString().replace('"ok":true', '"ok":true,"__proto__":{}')), 'shape');
  });

  it("is passed on when it is one of a reader's own errors", () => {
    const answer = { ok: false, code: 'FILE_ENCRYPTED', message: 'The file needs a password.', kind: 'never' };
    assert.throws(
      () => checkAnswer(Buffer.from(JSON.stringify(answer)), request),
      (error) =>
        isFrostbyteError(error, 'FILE_ENCRYPTED') && error.message === answer.message && error.kind === 'never',
    );
  });

  it('may not give codes that are not its own, nor messages of many lines or great length', () => {
    const answer = { ok: false, code: 'FILE_CORRUPTED', message: 'broken', kind: 'never' };
    const changes = [
      { code: 'AUDIT_CHAIN_BROKEN' },
      { message: 'a\nb' },
      { message: 'x'.repeat(301) },
      { kind: 'now' },
    ];
    for (const change of changes) refused(Buffer.from(JSON.stringify({ ...answer, ...change })), 'shape');
  });
});
