import type { AuditEntry } from '../kernel/audit-event.ts';
import type { Clock } from '../kernel/clock.ts';
import { sha256Hex, vectorSha256 } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { chunkId, docId, newId } from '../kernel/ids.ts';
import { assertVectors } from '../models/embedder/assert.ts';
import type { Embedder } from '../models/embedder/port.ts';
import { type Job, jobId } from '../stores/queue/port.ts';
import type { RecordStore } from '../stores/record/port.ts';
import type { ChunkRow } from '../stores/record/rows.ts';
import type { VectorStore } from '../stores/vector/port.ts';
import type { RankWeights } from './6-serve/rank-weights.ts';
import { searchChunks } from './6-serve/search.ts';
import { splitText } from './evaluate-retrieval/split-text.ts';

/** Throwaway stores of a throwaway tenant: empty, and the caller's to remove. */
export interface EvaluationPorts {
  tenant_id: string;
  records: RecordStore;
  vectors: VectorStore;
  embedder: Embedder;
  clock: Clock;
}

/** A text of the collection, or a query. */
export interface EvaluationText {
  id: string;
  text: string;
}

export interface RankedText {
  query: string;
  doc: string;
  /** From 1, without gaps. */
  rank: number;
}

/** Texts that share one document of the throwaway tenant, each on a page of its own: a commit for many, not for each. */
const TEXTS_PER_DOCUMENT = 500;

/** A collection that was indexed. */
export interface IndexedTexts {
  /**
   * Ids of at most `topK` texts, best first; a text stands at its best chunk. `weights` take the place of the model's own.
   * Throws what `searchChunks` throws.
   */
  rank(query: string, topK: number, weights?: RankWeights): Promise<string[]>;
}

/**
 * Indexes a collection and ranks it for each query with the product's own embedder, stores and search (spec 2 B,
 * `frostbyte eval retrieval`). Yields at most `topK` texts for a query, best first; a text stands at its best chunk.
 * Throws `VALIDATION_ERROR` for an id that comes twice, and what the ports throw. Memory: the collection's ids.
 */
export async function* evaluateRetrieval(
  ports: EvaluationPorts,
  corpus: AsyncIterable<EvaluationText> | Iterable<EvaluationText>,
  queries: AsyncIterable<EvaluationText> | Iterable<EvaluationText>,
  topK: number,
): AsyncGenerator<RankedText> {
  const indexed = await indexTexts(ports, corpus);
  for await (const query of queries) {
    let rank = 0;
    for (const doc of await indexed.rank(query.text, topK)) yield { query: query.id, doc, rank: ++rank };
  }
}

/** Indexes a collection, to be asked more than once; see `evaluateRetrieval`. */
export async function indexTexts(
  ports: EvaluationPorts,
  corpus: AsyncIterable<EvaluationText> | Iterable<EvaluationText>,
): Promise<IndexedTexts> {
  const textOf = await indexCollection(ports, corpus);
  return {
    async rank(query, topK, weights) {
      // Several chunks of one text count once, so more chunks are asked for until it is enough.
      for (let size = topK; ; size *= 2) {
        const { hits } = await searchChunks(ports, { query_text: query, top_k: size, ...(weights && { weights }) });
        const texts = [...new Set(hits.map((hit) => textOf.get(hit.chunk.chunk_id)!))];
        if (texts.length >= topK || hits.length < size) return texts.slice(0, topK);
      }
    },
  };
}

/** Returns which text each chunk belongs to. */
async function indexCollection(
  ports: EvaluationPorts,
  corpus: AsyncIterable<EvaluationText> | Iterable<EvaluationText>,
): Promise<Map<string, string>> {
  const textOf = new Map<string, string>();
  const seen = new Set<string>();
  let group: EvaluationText[] = [];
  for await (const text of corpus) {
    if (seen.has(text.id)) {
      throw new FrostbyteError('VALIDATION_ERROR', 'A text id comes twice in the collection.', {
        details: [{ field: 'id', value: text.id, constraint: 'unique' }],
      });
    }
    seen.add(text.id);
    group.push(text);
    if (group.length === TEXTS_PER_DOCUMENT) {
      await indexGroup(ports, group, textOf);
      group = [];
    }
  }
  if (group.length > 0) await indexGroup(ports, group, textOf);
  return textOf;
}

/** Makes one document of some texts and brings it to the index, the way the stages would. */
async function indexGroup(ports: EvaluationPorts, group: readonly EvaluationText[], textOf: Map<string, string>) {
  const { tenant_id, records, vectors, embedder, clock } = ports;
  const hash = sha256Hex(group.map(({ id, text }) => `${id}\n${text}`).join('\n'));
  const documentId = docId(tenant_id, hash);
  const chunks: ChunkRow[] = [];
  for (const [place, { id, text }] of group.entries()) {
    for (const { start, end } of splitText(text)) {
      const chunk_id = chunkId(documentId, place + 1, start, end);
      textOf.set(chunk_id, id);
      chunks.push(chunkRow(chunk_id, documentId, chunks.length, text.slice(start, end), place + 1, start, end));
    }
  }
  const embedded = await embedder.embedDocuments(chunks.map((chunk) => chunk.text));
  assertVectors(embedded, chunks.length);
  const at = clock.iso();
  await vectors.upsert(
    chunks.map(({ chunk_id, classification, page }, i) => {
      return { chunk_id, doc_id: documentId, vector: embedded[i]!, classification, page, ingested_at: at };
    }),
  );
  await receive(ports, documentId, hash, at);
  const job = (stage: Job['stage']): Job => ({
    job_id: jobId(documentId, 1, stage),
    stage,
    doc_id: documentId,
    run: 1,
  });
  for (const stage of ['parse', 'policy', 'embed'] as const) {
    await records.finishStage({
      job: job(stage),
      patch: { canonical_sha256: hash },
      entries: [],
      at,
      outcome: 'advance',
    });
  }
  const written = entryOf(ports, 'INDEX_WRITTEN', documentId, at);
  await records.publish({
    job: job('index'),
    chunks,
    index_records: chunks.map(({ chunk_id }, i) => ({
      chunk_id,
      doc_id: documentId,
      tenant_id,
      embed_model: embedder.model,
      embed_version: embedder.version,
      embed_dimensions: embedder.dimensions,
      vector_sha256: vectorSha256(embedded[i]!),
      indexed_at: at,
    })),
    patch: { embed_model: embedder.model, embed_version: embedder.version, chunks_indexed: chunks.length },
    entries: [written],
    index_event_id: written.event.event_id,
    at,
  });
}

async function receive(ports: EvaluationPorts, documentId: string, hash: string, at: string): Promise<void> {
  const file = { file_id: 'texts', filename: 'texts.jsonl', mime_type: 'text/plain', size_bytes: 0, sha256: hash };
  const batchId = `evaluation-${documentId}`;
  const storagePath = `raw/${ports.tenant_id}/${documentId}/${hash}`;
  const shared = {
    mime_type: file.mime_type,
    size_bytes: file.size_bytes,
    scan_result: 'skipped',
    received_at: at,
  } as const;
  await ports.records.receive({
    batch: {
      batch_id: batchId,
      manifest_sha256: hash,
      file_count: 1,
      submitted_at: at,
      submitted_by: 'system',
      submitter: null,
      metadata: {},
      config_version: 1,
      files: [file],
    },
    config: {},
    files: [
      {
        kind: 'accepted',
        receipt: {
          ...shared,
          receipt_id: newId(),
          tenant_id: ports.tenant_id,
          batch_id: batchId,
          file_id: file.file_id,
          doc_id: documentId,
          original_filename: file.filename,
          sha256: hash,
          storage_path: storagePath,
          status: 'accepted',
          duplicate_of: null,
          submitted_by: 'system',
          reason: null,
          message: null,
          remediation: null,
          details: null,
        },
        document: {
          ...shared,
          doc_id: documentId,
          raw_sha256: hash,
          storage_path: storagePath,
          original_filename: file.filename,
          metadata: {},
          retention_until: at,
          quarantine_reason: null,
        },
        entry: entryOf(ports, 'INTAKE_RECEIVED', documentId, at),
      },
    ],
    complete: true,
    quota_bytes: Number.MAX_SAFE_INTEGER,
    entries: [],
  });
}

function entryOf({ tenant_id }: EvaluationPorts, type: string, documentId: string, at: string): AuditEntry {
  return {
    event: {
      event_id: newId(),
      tenant_id,
      event_type: type,
      timestamp: at,
      actor: 'system',
      resource_type: 'document',
      resource_id: documentId,
      details: { component: 'embedding-service', status: 'success' },
    },
    references: [],
  };
}

function chunkRow(
  chunk_id: string,
  doc_id: string,
  position: number,
  text: string,
  page: number,
  start_char: number,
  end_char: number,
): ChunkRow {
  return {
    chunk_id,
    doc_id,
    position,
    text,
    page,
    start_char,
    end_char,
    element_type: 'paragraph',
    boxes: null,
    path: null,
    metadata: { section_title: null, heading_level: null },
    policy: {},
    classification: 'other',
  };
}
