import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { pageKey, rawKey } from '../../../appliance/data/keys.ts';
import {
  type ProofChunk,
  type ProofEvidence,
  proofEvidence,
  verifyProofChunk,
} from '../../../appliance/data/verify-proof.ts';
import { canonicalJson } from '../../../appliance/kernel/canonical-json.ts';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { chunkId, docId } from '../../../appliance/kernel/ids.ts';

const TENANT = 'acme';
const PAGE = 'Send it to kari@nord.example, or call 47-11, before the end of May.';
const RAW = sha256Hex('the file');
const DOC = docId(TENANT, RAW);

/** A version whose one page is cut into chunks at these offsets. */
function version(cuts: readonly [number, number][], page = PAGE) {
  const document = {
    doc_id: DOC,
    tenant_id: TENANT,
    sections: [],
    tables: [],
    figures: [],
    hidden_text: [],
    reading_order: [],
    pages: [{ page: 1, text_sha256: sha256Hex(page), width: 0, height: 0, ocr: false, confidence: null }],
    chunks: cuts.map(([start, end]) => ({
      chunk_id: chunkId(DOC, 1, start, end),
      text: page.slice(start, end),
      page: 1,
      start_char: start,
      end_char: end,
      element_type: 'paragraph',
      metadata: { section_title: null, heading_level: null },
    })),
    lineage: { raw_sha256: RAW, stage1_parser_version: '1', stage2_parser_version: '1', parser_versions: {} },
    stats: {
      page_count: 1,
      section_count: 0,
      table_count: 0,
      figure_count: 0,
      chunk_count: cuts.length,
      total_characters: page.length,
      ocr_pages: 0,
      ocr_avg_confidence: null,
      coverage: 1,
      dropped_content: [],
    },
  };
  const canonical = Buffer.from(canonicalJson(document));
  return { canonical, hash: sha256Hex(canonical), page: Buffer.from(page) };
}

const WHOLE = version([[0, PAGE.length]]);
const HALVES = version([
  [0, 29],
  [30, PAGE.length],
]);

function proofOf(of: typeof WHOLE, start: number, end: number, text = PAGE.slice(start, end)): ProofChunk {
  return {
    chunk_id: chunkId(DOC, 1, start, end),
    doc_id: DOC,
    text,
    page: 1,
    start_char: start,
    end_char: end,
    source_sha256: RAW,
    canonical_sha256: of.hash,
  } as ProofChunk;
}
const evidenceOf = ({ canonical, page }: typeof WHOLE): ProofEvidence => ({ raw_sha256: RAW, canonical, page });

test('a proof stands by the version it names', () => {
  assert.equal(verifyProofChunk(proofOf(WHOLE, 0, PAGE.length), evidenceOf(WHOLE), TENANT), null);
  assert.equal(verifyProofChunk(proofOf(HALVES, 30, PAGE.length), evidenceOf(HALVES), TENANT), null);
});

for (const [what, text, stands] of [
  ['one stretch redacted', 'Send it to [REDACTED:EMAIL], or call 47-11, before the end of May.', true],
  ['two stretches redacted', 'Send it to [REDACTED:EMAIL], or call [REDACTED:PHONE], before the end of May.', true],
  ['all of it redacted', '[REDACTED:NAME]', true],
  ['neighbours redacted', 'Send it to [REDACTED:EMAIL][REDACTED:PHONE], before the end of May.', true],
  ['other words around what was redacted', 'Send it to [REDACTED:EMAIL], or call 47-11, after the end of May.', false],
  [
    'something added before the end',
    'Send it to [REDACTED:EMAIL], or call 47-11, before the end of May. Or not.',
    false,
  ],
  [
    'nothing where something was redacted',
    'Send[REDACTED:NAME] it to kari@nord.example, or call 47-11, before the end of May.',
    false,
  ],
  ['pieces in another order', '[REDACTED:X]47-11[REDACTED:X]kari[REDACTED:X]', false],
  ['a mark that is none', 'Send it to [REDACTED], or call 47-11, before the end of May.', false],
] as const) {
  test(`a text with ${what} ${stands ? 'stands' : 'does not stand'}`, () => {
    const problem = verifyProofChunk(proofOf(WHOLE, 0, PAGE.length, text), evidenceOf(WHOLE), TENANT);
    assert.deepEqual(problem, stands ? null : { field: 'text', problem: 'text_differs' });
  });
}

test('whatever stretches are redacted, the rendering stands', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: PAGE.length }), { maxLength: 8 });
  fc.assert(
    fc.property(cuts, (offsets) => {
      const sorted = offsets.toSorted((a, b) => a - b);
      let [shown, at] = ['', 0];
      for (let i = 0; i + 1 < sorted.length; i += 2) {
        shown += `${PAGE.slice(at, sorted[i])}[REDACTED:NAME]`;
        at = sorted[i + 1]!;
      }
      shown += PAGE.slice(at);
      return verifyProofChunk(proofOf(WHOLE, 0, PAGE.length, shown), evidenceOf(WHOLE), TENANT) === null;
    }),
  );
});

const good = proofOf(HALVES, 0, 29);
for (const [what, chunk, evidence, expected] of [
  ['another raw file', good, { raw_sha256: sha256Hex('other') }, { field: 'source_sha256', problem: 'hash_differs' }],
  ['no raw file', good, { raw_sha256: null }, { field: 'source_sha256', problem: 'missing' }],
  ['another document', { doc_id: 'doc_0123456789abcdef' }, {}, { field: 'doc_id', problem: 'id_differs' }],
  ['another version', good, { canonical: WHOLE.canonical }, { field: 'canonical_sha256', problem: 'hash_differs' }],
  ['no version', good, { canonical: null }, { field: 'canonical_sha256', problem: 'missing' }],
  ['a changed page', good, { page: Buffer.from(`${PAGE} `) }, { field: 'page', problem: 'hash_differs' }],
  ['no page', good, { page: null }, { field: 'page', problem: 'missing' }],
  ['a page that there is none of', { page: 2 }, {}, { field: 'page', problem: 'not_in_version' }],
  ['offsets that are not the id’s', { end_char: 28 }, {}, { field: 'chunk_id', problem: 'id_differs' }],
  ['a slice that is no chunk', proofOf(HALVES, 0, 28), {}, { field: 'chunk_id', problem: 'not_in_version' }],
  ['other words', { text: 'Send it to nobody at all.....' }, {}, { field: 'text', problem: 'text_differs' }],
] as const) {
  test(`${what}: the proof does not stand, and the field is named`, () => {
    const problem = verifyProofChunk({ ...good, ...chunk }, { ...evidenceOf(HALVES), ...evidence }, TENANT);
    assert.deepEqual(problem, expected);
  });
}

test('bytes under the right hash that are no canonical document prove nothing', () => {
  for (const text of ['', '{', '[]', '{"doc_id":1}']) {
    const canonical = Buffer.from(text);
    const chunk = { ...good, canonical_sha256: sha256Hex(canonical) };
    const problem = verifyProofChunk(chunk, { ...evidenceOf(HALVES), canonical }, TENANT);
    assert.deepEqual(problem, { field: 'doc_id', problem: 'not_in_version' }, text);
  }
});

test('the evidence is fetched by the hashes that the proof names; what is gone is null', async () => {
  const held = new Map<string, Uint8Array>([
    [rawKey(TENANT, DOC, RAW), Buffer.from('the file')],
    [pageKey(TENANT, DOC, HALVES.hash, 1), HALVES.page],
  ]);
  const at = (key: string) => {
    const bytes = held.get(key);
    if (bytes) return bytes;
    throw new FrostbyteError('OBJECT_MISSING', key);
  };
  const objects = {
    size: async (key: string) => held.get(key)?.length ?? null,
    read: async (key: string) => at(key),
    get: async (key: string) => Readable.from([at(key)]),
  };
  assert.deepEqual(await proofEvidence(objects, good, TENANT), { raw_sha256: RAW, canonical: null, page: HALVES.page });
});
