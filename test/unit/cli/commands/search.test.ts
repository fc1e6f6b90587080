import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ChunkExplanation, RetrievalProof } from '../../../../appliance/api/schemas/query.ts';
import { describeProof } from '../../../../appliance/cli/commands/search.ts';

const chunk: RetrievalProof['chunks'][number] = {
  chunk_id: 'chk_0123456789abcdef',
  doc_id: 'doc_0123456789abcdef',
  original_filename: 'lease.pdf',
  text: 'Notice is three months.',
  page: 2,
  start_char: 0,
  end_char: 23,
  element_type: 'paragraph',
  boxes: null,
  path: null,
  section_title: null,
  similarity_score: 0.5,
  classification: 'contract',
  embed_model: 'lexical',
  embed_version: '1',
  source_sha256: 'a'.repeat(64),
  canonical_sha256: 'b'.repeat(64),
  audit: { event_id: '01970000-0000-7000-8000-000000000001', log_index: 3 },
};
const proof: RetrievalProof = {
  query_id: '01970000-0000-7000-8000-000000000002',
  tenant_id: 'nordlaw',
  timestamp: '2026-01-01T00:00:00.000Z',
  model_version_match: true,
  evidence: 'strong',
  embed_model: 'lexical',
  embed_version: '1',
  chunks: [chunk],
};
const explained = (explain: ChunkExplanation) =>
  describeProof({
    ...proof,
    chunks: [{ ...chunk, explain }],
    explain: { text_weight: 1, vector_weight: 0.07, rank_constant: 60, candidates: 100 },
  });

it('a proof that explains itself says how ranks were put together, and where each chunk stood', () => {
  const shown = explained({ vector_rank: 4, cosine: 0.5, text_rank: 1, text_score: 7.25, fused_score: 0.017487 });
  assert.match(shown, /ranks: full text counts 1, vectors 0\.07, each \/ \(60 \+ rank\), among 100 of each\n/);
  assert.match(shown, /\n {3}full text rank 1, score 7\.250 {3}vectors rank 4, cosine 0\.500 {3}fused 0\.017487\n/);
});

it('says where one side did not find it', () => {
  const shown = explained({ vector_rank: null, cosine: 0.1, text_rank: null, text_score: null, fused_score: 0 });
  assert.match(shown, /full text not found {3}vectors not among the nearest, cosine 0\.100/);
});

it('one that was not asked to says nothing of it', () => {
  assert.doesNotMatch(describeProof(proof), /fused|ranks:/);
});
