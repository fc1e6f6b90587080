import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type SearchRequest, searchChunks } from '../../../../appliance/data/6-serve/search.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import type { Embedder } from '../../../../appliance/models/embedder/port.ts';
import { axisEmbedder, type KnownChunk, searchDoubles } from '../../../support/search-doubles.ts';

async function search(
  chunks: Record<string, KnownChunk>,
  request: Partial<SearchRequest> = {},
  model: Partial<Embedder> = {},
) {
  const { asked, ...stores } = searchDoubles(chunks);
  const ports = { ...stores, embedder: axisEmbedder(model) };
  const result = await searchChunks(ports, { query_text: 'notice period', top_k: 10, ...request });
  return { ...result, asked, ids: result.hits.map((hit) => hit.chunk.chunk_id) };
}

it('what words and vectors both find comes before what one of them finds', async () => {
  const { ids } = await search({
    near: { score: 0.9, text: null },
    both: { score: 0.8, text: 2 },
    word: { score: null, text: 1 },
  });
  assert.deepEqual(ids, ['both', 'near', 'word']);
});

it('with the lexical model full text leads and vectors fill up', async () => {
  const chunks: Record<string, KnownChunk> = {
    near: { score: 0.9, text: null },
    first: { score: 0.1, text: 1 },
    second: { score: 0.7, text: 2 },
  };
  assert.deepEqual((await search(chunks, {}, { model: 'lexical' })).ids, ['first', 'second', 'near']);
});

it('tells how each hit came to its place, and what the ranks were put together with', async () => {
  const { hits, weights, candidates } = await search(
    {
      near: { score: 0.9, text: null },
      both: { score: 0.8, text: 2 },
      word: { score: null, text: 1 },
    },
    { weights: { text: 2, vector: 1 } },
  );
  assert.deepEqual(weights, { text: 2, vector: 1 });
  assert.equal(candidates, 100);
  assert.deepEqual(Object.fromEntries(hits.map(({ chunk, ranks }) => [chunk.chunk_id, ranks])), {
    both: { vector_rank: 2, text_rank: 2, text_score: 98 },
    word: { vector_rank: null, text_rank: 1, text_score: 99 },
    near: { vector_rank: 1, text_rank: null, text_score: null },
  });
  for (const { rank_score, ranks } of hits) {
    const share = (weight: number, rank: number | null) => (rank === null ? 0 : weight / (60 + rank));
    assert.ok(Math.abs(rank_score - share(2, ranks.text_rank) - share(1, ranks.vector_rank)) < 1e-12);
  }
});

it('a side that counts nothing brings nothing', async () => {
  const chunks = { near: { score: 0.9, text: null }, word: { score: 0.1, text: 1 } };
  assert.deepEqual((await search(chunks, { weights: { text: 1, vector: 0 } })).ids, ['word']);
  assert.deepEqual((await search(chunks, { weights: { text: 0, vector: 1 } })).ids, ['near', 'word']);
});

it('every hit has its cosine, also those that only full text found', async () => {
  const chunks: Record<string, KnownChunk> = { word: { score: -0.25, text: 1 } };
  for (let n = 0; n < 120; n++) chunks[`near${n}`] = { score: 0.9 - n / 1000, text: null };
  const { hits, asked } = await search(chunks, { top_k: 3 });
  const word = hits.find((hit) => hit.chunk.chunk_id === 'word')!;
  assert.ok(Math.abs(word.similarity_score + 0.25) < 1e-6);
  assert.deepEqual(asked.read, ['word']);
});

it('a chunk whose vector is not there yet is served with similarity 0', async () => {
  const { hits, evidence } = await search({ fresh: { score: null, text: 1 } });
  assert.equal(hits[0]!.similarity_score, 0);
  assert.equal(evidence, 'none');
});

it('vectors whose chunk is not visible are passed over and top_k is still filled', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 500; n++) chunks[`gone${n}`] = { score: 0.9, text: null, visible: false };
  for (let n = 0; n < 5; n++) chunks[`here${n}`] = { score: 0.5 - n / 100, text: null };
  const { ids, asked } = await search(chunks, { top_k: 5 });
  assert.deepEqual(ids, ['here0', 'here1', 'here2', 'here3', 'here4']);
  assert.ok(asked.near.length > 1);
});

it('the search ends when both sides have no more, though top_k is not filled', async () => {
  const { ids, asked } = await search({
    only: { score: 0.5, text: 1 },
    gone: { score: 0.9, text: null, visible: false },
  });
  assert.deepEqual(ids, ['only']);
  assert.equal(asked.near.length, 1);
});

it('the search gives up growing at a bound, however many vectors lead nowhere', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 30_000; n++) chunks[`gone${n}`] = { score: 0.5, text: null, visible: false };
  const { ids, asked } = await search(chunks, { top_k: 5 });
  assert.deepEqual(ids, []);
  assert.deepEqual(
    asked.near.map((options) => options.limit),
    [100, 400, 1600, 6400],
  );
});

it('no more than top_k hits come back', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 50; n++) chunks[`c${n}`] = { score: 0.5, text: n + 1 };
  assert.equal((await search(chunks, { top_k: 1 })).hits.length, 1);
  assert.equal((await search(chunks, { top_k: 7 })).hits.length, 7);
  assert.equal((await search(chunks, { top_k: 100 })).hits.length, 50);
});

const FILTERED: Record<string, KnownChunk> = {
  a: { score: 0.9, text: 1, classification: 'contract', doc_id: 'doc_1', metadata: { client: 'north', year: 2024 } },
  b: { score: 0.8, text: null, classification: 'contract', doc_id: 'doc_2', metadata: { client: 'south', year: 2024 } },
  c: { score: 0.7, text: 2, classification: 'invoice', doc_id: 'doc_3', metadata: { client: 'north', year: '2024' } },
  d: { score: 0.6, text: null, classification: 'invoice', doc_id: 'doc_4', metadata: {} },
};
const is = (field: string, value: string) => ({ field, of: 'value', kind: 'text', any_of: [value] }) as const;
const in2024 = { field: 'year', of: 'value', kind: 'number', any_of: [{ gte: 2024, lte: 2024 }] } as const;
for (const [what, filters, expected] of [
  ['classification', { classification: ['contract'] }, ['a', 'b']],
  ['documents', { doc_ids: ['doc_4', 'doc_2'] }, ['b', 'd']],
  ['metadata, of vector hits too', { metadata: [is('client', 'north')] }, ['a', 'c']],
  ['metadata by value and type', { metadata: [in2024] }, ['a', 'b']],
  ['several metadata at once', { metadata: [in2024, is('client', 'south')] }, ['b']],
  ['metadata that no document has', { metadata: [is('colour', 'red')] }, []],
  ['metadata named like a built-in property', { metadata: [is('constructor', 'x')] }, []],
  ['classification and metadata', { classification: ['invoice'], metadata: [is('client', 'north')] }, ['c']],
  ['documents and metadata', { doc_ids: ['doc_1', 'doc_2'], metadata: [is('client', 'north')] }, ['a']],
  ['an empty list of documents', { doc_ids: [] }, []],
  ['an empty list of classes', { classification: [] }, []],
] as const) {
  it(`filters: ${what}`, async () => {
    assert.deepEqual((await search(FILTERED, { filters })).ids.toSorted(), expected);
  });
}

it('filters reach both sides as they are, metadata as the documents that meet them', async () => {
  const filters = { classification: ['contract'], date_range: { start: '2026-01-01' } };
  const { asked } = await search(FILTERED, { filters: { ...filters, metadata: [is('client', 'north')] } });
  const told = { ...filters, doc_ids: ['doc_1', 'doc_3'] };
  assert.deepEqual(asked.near[0]!.filter, told);
  const { text: _, limit: __, ...rest } = asked.text[0]!;
  assert.deepEqual(rest, told);
});

it('one document in thousands is found by its metadata, however far its vector is', async () => {
  const chunks: Record<string, KnownChunk> = {
    rare: { score: 0.01, text: null, doc_id: 'rare', metadata: { client: 'x' } },
  };
  for (let n = 0; n < 10_000; n++)
    chunks[`c${n}`] = { score: 0.9, text: null, doc_id: 'doc_1', metadata: { client: 'y' } };
  const { ids, asked } = await search(chunks, { filters: { metadata: [is('client', 'x')] } });
  assert.deepEqual([ids, asked.near.length], [['rare'], 1]);
});

it('among thousands that meet a filter the nearest are found, however many others are nearer', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 10_000; n++) chunks[`other${n}`] = { score: 0.9, text: null, metadata: { client: 'y' } };
  for (let n = 0; n < 6000; n++)
    chunks[`c${n}`] = { score: 0.1 + n / 1e5, text: null, doc_id: `d${n}`, metadata: { client: 'x' } };
  const { ids } = await search(chunks, { top_k: 3, filters: { metadata: [is('client', 'x')] } });
  assert.deepEqual(ids, ['c5999', 'c5998', 'c5997']);
});

it('metadata that too many documents meet are asked of full text and held against each vector hit', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 50_010; n++) {
    chunks[`c${n}`] = {
      score: 0.5,
      text: n < 5 ? n + 1 : null,
      doc_id: `d${n}`,
      metadata: { client: n < 3 ? 'x' : 'y' },
    };
  }
  const { ids, asked } = await search(chunks, { top_k: 3, filters: { metadata: [is('client', 'y')] } });
  assert.ok(ids.length === 3 && !ids.some((id) => ['c0', 'c1', 'c2'].includes(id)));
  assert.deepEqual(asked.text[0]!.metadata, [is('client', 'y')]);
  assert.equal(asked.near[0]!.filter?.doc_ids, undefined);
});

it('a vector whose payload is older than the row is judged by the row', async () => {
  const { records, vectors } = searchDoubles(FILTERED);
  const stale = { ...vectors, search: async () => [{ chunk_id: 'd', doc_id: 'doc_4', score: 0.6 }] };
  const ports = { records, vectors: stale, embedder: axisEmbedder() };
  const { hits } = await searchChunks(ports, { query_text: 'x', top_k: 5, filters: { classification: ['contract'] } });
  assert.deepEqual(
    hits.map((hit) => hit.chunk.chunk_id),
    ['a'],
  );
});

it('a question without a token asks no vector and finds nothing', async () => {
  const { hits, evidence, asked } = await search({ a: { score: 0.9, text: null } }, { query_text: '…!?' });
  assert.deepEqual([hits, evidence, asked.near], [[], 'none', []]);
});

it('evidence follows the best hit and the threshold, the tenant’s before the model’s', async () => {
  const chunks: Record<string, KnownChunk> = { a: { score: 0.4, text: null }, b: { score: 0.1, text: 1 } };
  assert.equal((await search(chunks)).evidence, 'partial');
  assert.equal((await search(chunks, { evidence_threshold: 0.4 })).evidence, 'strong');
  assert.equal((await search(chunks, { evidence_threshold: 0.9 })).evidence, 'none');
  assert.equal((await search(chunks, {}, { evidenceThreshold: 0.3 })).evidence, 'strong');
});

it('evidence is the embedder’s judgement of question, text and cosine', async () => {
  const chunks: Record<string, KnownChunk> = { a: { score: 0.4, text: null } };
  const seen: unknown[][] = [];
  const evidence = (...asked: [string, string, number]) => {
    seen.push(asked);
    return 0.7;
  };
  assert.equal((await search(chunks, { query_text: 'lease' }, { evidence })).evidence, 'strong');
  const [[question, text, cosine]] = seen as [[string, string, number]];
  assert.deepEqual([question, text], ['lease', 'a']);
  assert.ok(Math.abs(cosine - 0.4) < 1e-6);
});

it('a hit behind the fifth makes no evidence, however many are asked for', async () => {
  const chunks: Record<string, KnownChunk> = {};
  for (let n = 0; n < 5; n++) chunks[`weak${n}`] = { score: 0.1, text: n + 1 };
  chunks.late = { score: 0.05, text: 6 };
  const evidence = (_question: string, text: string) => (text === 'late' ? 1 : 0.1);
  const { ids, evidence: verdict } = await search(chunks, { top_k: 10 }, { evidence });
  assert.deepEqual([ids.at(-1), verdict], ['late', 'none']);
});

it('a hit of another model or version is told', async () => {
  const one: KnownChunk = { score: 0.9, text: 1 };
  assert.equal((await search({ one })).model_version_match, true);
  assert.equal((await search({ one, two: { ...one, embed_model: 'older' } })).model_version_match, false);
  assert.equal((await search({ one, two: { ...one, embed_version: '0' } })).model_version_match, false);
  assert.equal((await search({})).model_version_match, true);
});

for (const top_k of [0, -1, 1.5, Number.NaN]) {
  it(`a top_k of ${top_k} is refused`, async () => {
    await assert.rejects(search({}, { top_k }), (error) => isFrostbyteError(error, 'VALIDATION_ERROR'));
  });
}

it('a broken vector from the embedder halts the search', async () => {
  const broken = { embedQuery: async () => new Float32Array(384) };
  await assert.rejects(search({}, {}, broken), (error) => isFrostbyteError(error, 'DIMENSION_MISMATCH'));
});

it('a store that is down fails the search instead of answering from the other', async () => {
  const { records, vectors } = searchDoubles({ a: { score: 0.9, text: 1 } });
  const down = { ...vectors, search: () => Promise.reject(new Error('down')) };
  await assert.rejects(
    searchChunks({ records, vectors: down, embedder: axisEmbedder() }, { query_text: 'x', top_k: 1 }),
    /down/,
  );
});
