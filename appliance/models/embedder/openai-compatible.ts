import { setTimeout as wait } from 'node:timers/promises';
import { longestWait } from '../../kernel/retry.ts';
import { assertVectors } from './assert.ts';
import { cosineEvidence } from './cosine-evidence.ts';
import { connectEndpoint, type EndpointAddress } from './endpoint/connection.ts';
import { piecesOf } from './endpoint/pieces.ts';
import { readVectors } from './endpoint/read-vectors.ts';
import { type EndpointModel, servedByEndpoint } from './endpoint/served-model.ts';
import { EndpointTrouble } from './endpoint/trouble.ts';
import { meanVector } from './mean-vector.ts';
import { DIMENSIONS, type Embedder } from './port.ts';

export interface OpenAiOptions extends Omit<EndpointAddress, 'url'> {
  endpoint: EndpointModel & {
    /** Texts in one request at most. */
    batch: number;
    /** Whether the request names the dimensions: for models that can give more than one number of them. */
    send_dimensions: 'on' | 'off';
    timeout_seconds: number;
  };
  /** How long documents, and a question, are tried for in all. */
  patienceMs?: { document: number; query: number };
  /** Of the first wait between two tries; doubled after each. */
  firstWaitMs?: number;
}

const PATIENCE_MS = { document: 120_000, query: 15_000 };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;
/** Of the texts of one request, so that none comes near what endpoints take. */
const SOME_CHARACTERS = 200_000;

/**
 * An OpenAI-compatible endpoint (spec 2 D, online mode): `POST {url}/embeddings`. A request that failed in passing is sent
 * again, when the endpoint says or after longer and longer waits, until the patience for its kind is over. Throws
 * `EMBEDDER_UNAVAILABLE` with the time after which it makes sense to come again, and `DIMENSION_MISMATCH` for vectors that
 * the index does not take, which is never tried again. No text and no key is in any error.
 */
export function openAiEmbedder({ endpoint, ca, key, ...patience }: OpenAiOptions): Embedder {
  const { patienceMs = PATIENCE_MS, firstWaitMs = FIRST_WAIT_MS } = patience;
  const { name, version, evidence } = servedByEndpoint(endpoint);
  const connection = connectEndpoint({ url: endpoint.url, key, ...(ca !== undefined && { ca }) });
  const closing = new AbortController();
  /** Until when the endpoint wants to be left alone. */
  let quietUntil = 0;
  return {
    model: name,
    version,
    dimensions: DIMENSIONS,
    evidenceThreshold: evidence.threshold,
    embedDocuments: (texts) => embed(texts, endpoint.document_prefix, patienceMs.document),
    async embedQuery(text) {
      const [vector] = await embed([text], endpoint.query_prefix, patienceMs.query);
      return vector!;
    },
    evidence: cosineEvidence(evidence.floor),
    async close() {
      closing.abort(CLOSED);
      await connection.close();
    },
  };

  async function embed(texts: readonly string[], prefix: string, ms: number): Promise<Float32Array[]> {
    const pieces = texts.map((text) => piecesOf(text, endpoint.max_characters));
    const flat = pieces.flat().map((piece) => prefix + piece);
    const made: Float32Array[] = [];
    for (const some of batches(flat, endpoint.batch)) made.push(...(await patiently(some, performance.now() + ms)));
    let at = 0;
    const vectors = pieces.map(({ length }) => {
      at += length;
      // A text without a word points nowhere, and nobody was asked about it.
      return whole(made.slice(at - length, at));
    });
    assertVectors(vectors, texts.length);
    return vectors;
  }

  async function patiently(texts: readonly string[], until: number): Promise<Float32Array[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(texts, until - performance.now());
      } catch (error) {
        if (closing.signal.aborted) throw CLOSED;
        if (!(error instanceof EndpointTrouble) || !error.isPassing) throw error;
        const { afterMs } = error;
        if (afterMs !== null) quietUntil = Math.max(quietUntil, performance.now() + afterMs);
        const bound = longestWait(attempt, { firstWaitMs, longestWaitMs: LONGEST_WAIT_MS });
        const ms = Math.max(bound * Math.random(), quietUntil - performance.now());
        if (performance.now() + ms >= until) throw error;
        await wait(ms, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function once(texts: readonly string[], leftMs: number): Promise<Float32Array[]> {
    const quietMs = quietUntil - performance.now();
    if (quietMs > 0) {
      throw new EndpointTrouble('The embedding endpoint asked to be left alone for a while.', {
        isPassing: true,
        afterMs: quietMs,
      });
    }
    const answer = await connection.post(
      {
        model: endpoint.model,
        input: texts,
        encoding_format: 'float',
        ...(endpoint.send_dimensions === 'on' && { dimensions: DIMENSIONS }),
      },
      { timeoutMs: Math.ceil(Math.max(1, Math.min(endpoint.timeout_seconds * 1000, leftMs))), signal: closing.signal },
    );
    return readVectors(answer, texts.length);
  }
}

const CLOSED = new EndpointTrouble('The embedder is closed.', { isPassing: false });

/** The vector of a text from those of its pieces. */
function whole(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 0) return new Float32Array(DIMENSIONS);
  if (vectors.length === 1) return vectors[0]!;
  const all = new Float32Array(vectors.length * DIMENSIONS);
  for (const [i, vector] of vectors.entries()) all.set(vector, i * DIMENSIONS);
  return meanVector(all);
}

/** Texts a request at a time, in their order. */
function* batches(texts: readonly string[], most: number): Generator<readonly string[]> {
  for (let from = 0; from < texts.length; ) {
    let to = from;
    for (let characters = 0; to < texts.length && to - from < most; to++) {
      characters += texts[to]!.length;
      if (to > from && characters > SOME_CHARACTERS) break;
    }
    yield texts.slice(from, to);
    from = to;
  }
}
