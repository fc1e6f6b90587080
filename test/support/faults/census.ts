import assert from 'node:assert/strict';
import { leafHash } from '../../../appliance/audit/leaf.ts';
import { PROVENANCE_STATIONS, verifyProvenance } from '../../../appliance/audit/provenance.ts';
import { type Embedded, openEmbedded } from '../../../appliance/bin/wire/embedded.ts';
import { loadConfig } from '../../../appliance/config/load.ts';
import { vectorsKey } from '../../../appliance/data/keys.ts';
import { loadCanonical, loadEnriched, readVerified } from '../../../appliance/data/load.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { CANARY } from '../../../appliance/isolation/objects/try-objects.ts';
import { sha256Hex, vectorSha256 } from '../../../appliance/kernel/digest.ts';
import type { WorkStage } from '../../../appliance/kernel/pipeline.ts';
import { silentLogger } from '../../../appliance/observability/logger.ts';
import { createMetrics } from '../../../appliance/observability/metrics.ts';
import type { LoggedEvent } from '../../../appliance/stores/log/port.ts';
import type { BatchListing, DocumentRow, Receipt } from '../../../appliance/stores/record/rows.ts';
import type { TestBatch } from '../batch.ts';

/** What became of one document, without anything that time or chance has a hand in. */
export interface Fingerprint {
  raw_sha256: string;
  state: string;
  canonical_sha256: string | null;
  enriched_sha256: string | null;
  vectors_sha256: string | null;
  chunks: { chunk_id: string; text_sha256: string; vector_sha256: string }[];
}

export interface Census {
  /** By document id. */
  documents: Record<string, Fingerprint>;
  /** Keys of all objects, in order. */
  objects: string[];
  /** Events in the tenant's log. */
  events: number;
  batches: number;
}

/** Opens a data folder that no daemon works on, for looking at it. */
export async function withFolder<T>(dataFolder: string, use: (embedded: Embedded) => Promise<T>): Promise<T> {
  const config = loadConfig({ variables: {}, overrides: { data_folder: dataFolder } });
  const { meter } = createMetrics({ version: '' });
  const embedded = await openEmbedded({ config, logger: silentLogger, meter, baseUrl: () => '' });
  try {
    return await use(embedded);
  } finally {
    await embedded.close();
  }
}

/**
 * Goes through everything a tenant has in a stopped appliance and throws unless these batches, and nothing else, were
 * taken once and finished once: receipts, documents, objects, rows, vectors, queue, dead letters, log and provenance.
 * `again`: every document has run a second time since, from this stage, and its batch was reported a second time.
 */
export async function census(
  dataFolder: string,
  tenant: string,
  batches: readonly TestBatch[],
  again?: WorkStage,
): Promise<Census> {
  return withFolder(dataFolder, async ({ control, planes }) => {
    await control.relayNow();
    const found = await censusOf(await planes.get(tenant), await control.auditLog(tenant), batches, again);
    for (const each of await control.health()) assert.equal(each.ok, true, `${each.name}: ${each.message}`);
    return found;
  });
}

/** What is looked into: a tenant's stores, its objects opened. */
export type Looked = Pick<DataPlane, 'tenant_id' | 'objects' | 'records' | 'vectors' | 'queue'>;

/** The same over stores and a log that are open already, and that nobody works on. */
export async function censusOf(
  plane: Looked,
  log: Log,
  batches: readonly TestBatch[],
  again?: WorkStage,
): Promise<Census> {
  const documents = await everyDocument(plane);
  await checkBatches(plane, batches, documents, again ? 2 : 1);
  const objects = await checkObjects(plane, documents, again !== undefined);
  const found: Census['documents'] = {};
  for (const document of documents.values()) found[document.doc_id] = await fingerprint(plane, document);
  const chunks = Object.values(found).reduce((sum, each) => sum + each.chunks.length, 0);
  assert.equal(await plane.vectors.count(), chunks, 'vectors that belong to no chunk');
  assert.deepEqual(await plane.queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
  assert.deepEqual(await plane.records.outbox(10), [], 'jobs in the outbox');
  assert.deepEqual((await plane.records.deadLetters({ limit: 10 })).rows, []);
  const events = await checkLog(log, documents, batches, again);
  return { documents: found, objects, events, batches: batches.length };
}

export type Log = Awaited<ReturnType<Embedded['control']['auditLog']>>;

async function everyDocument(plane: Looked): Promise<Map<string, DocumentRow>> {
  const { rows, total } = await plane.records.documents({ limit: 10_000 });
  assert.equal(rows.length, total);
  assert.equal((await plane.records.counts()).documents, total, 'the tally of documents is wrong');
  return new Map(rows.map((row) => [row.doc_id, row]));
}

async function checkBatches(
  plane: Looked,
  batches: readonly TestBatch[],
  documents: Map<string, DocumentRow>,
  runs: number,
): Promise<void> {
  const { rows } = await plane.records.batches({ limit: 1000 });
  const known = new Map<string, BatchListing>(rows.map((row) => [row.batch_id, row]));
  const expected = new Set<string>();
  for (const { manifest } of batches) {
    assert.equal(known.get(manifest.batch_id)?.status, 'completed', `${manifest.batch_id} is not complete`);
    const receipts: Receipt[] = await plane.records.receipts(manifest.batch_id);
    assert.deepEqual(
      receipts.map(({ file_id, sha256, status, duplicate_of }) => ({ file_id, sha256, status, duplicate_of })),
      manifest.files.map(({ file_id, sha256 }) => ({ file_id, sha256, status: 'accepted', duplicate_of: null })),
      `the receipts of ${manifest.batch_id}`,
    );
    for (const { doc_id } of receipts) expected.add(doc_id!);
    assert.ok(await plane.records.report(manifest.batch_id), `${manifest.batch_id} has no acceptance report`);
  }
  assert.equal(known.size, batches.length, 'batches that nobody sent');
  assert.deepEqual([...documents.keys()].toSorted(), [...expected].toSorted());
  for (const { doc_id, state, run, served, error } of documents.values()) {
    const expected = { state: 'indexed', run: runs, served: runs, error: null };
    assert.deepEqual({ state, run, served: served?.run, error }, expected, doc_id);
  }
}

/**
 * Every object belongs to the present version of a document (or, where it has run again, to a document), and no draft
 * outlives a sweep; what control lays there for the isolation check aside. Returns the keys.
 */
async function checkObjects(
  plane: Looked,
  documents: Map<string, DocumentRow>,
  earlierVersions: boolean,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of plane.objects.list('')) {
    if (key === CANARY) continue;
    keys.push(key);
    const [prefix, , docId = '', version = '', kind, name = ''] = key.split('/');
    const document = documents.get(docId);
    assert.ok(document, `${key} belongs to no document`);
    if (prefix === 'raw') assert.equal(key, document.storage_path);
    else {
      assert.equal(prefix, 'normalized', key);
      if (earlierVersions) continue;
      assert.equal(version, document.canonical_sha256, key);
      if (kind === 'enriched' || kind === 'originals') assert.equal(name, `${document.enriched_sha256}.json`, key);
      if (kind === 'vectors') assert.equal(name, `${document.vectors_sha256}.f32`, key);
    }
  }
  await plane.objects.sweepDrafts(-60_000);
  assert.equal(await plane.objects.sweepDrafts(-60_000), 0);
  return keys;
}

/** Reads back all that a document is made of, comparing every recorded hash. */
export async function fingerprint(plane: Looked, document: DocumentRow): Promise<Fingerprint> {
  const raw = await plane.objects.read(document.storage_path);
  assert.equal(sha256Hex(raw), document.raw_sha256);
  await loadCanonical(plane, document);
  await loadEnriched(plane, document);
  const { doc_id, canonical_sha256, enriched_sha256, vectors_sha256 } = document;
  await readVerified(
    plane.objects,
    vectorsKey(plane.tenant_id, doc_id, canonical_sha256!, vectors_sha256!),
    vectors_sha256!,
  );
  const served = await plane.records.documentChunks(doc_id, { limit: 10_000, offset: 0 });
  const vectors = await plane.vectors.read(served.map(({ chunk_id }) => chunk_id));
  const chunks = served.map(({ chunk_id, text, index }) => {
    const vector = vectors.get(chunk_id);
    assert.ok(vector, `${chunk_id} has no vector`);
    assert.equal(vectorSha256(vector), index.vector_sha256);
    return { chunk_id, text_sha256: sha256Hex(text), vector_sha256: index.vector_sha256 };
  });
  assert.equal(chunks.length, document.chunks_indexed);
  return {
    raw_sha256: document.raw_sha256,
    state: document.state,
    canonical_sha256,
    enriched_sha256,
    vectors_sha256,
    chunks,
  };
}

/** The first link of the chain that a run from a stage makes anew. */
const FIRST_STATION: Readonly<Record<WorkStage, number>> = { parse: 1, policy: 2, embed: 5, index: 6 };

/** No gap, no changed event, and every link of every document's chain exactly once. */
async function checkLog(
  log: Log,
  documents: Map<string, DocumentRow>,
  batches: readonly TestBatch[],
  again?: WorkStage,
): Promise<number> {
  const events = await wholeLog(log);
  const perBatch = new Map<string, number>();
  for (const event of events.filter(({ resource_type }) => resource_type === 'batch')) {
    const name = `${event.event_type} ${event.resource_id}`;
    perBatch.set(name, (perBatch.get(name) ?? 0) + 1);
  }
  for (const { manifest } of batches) {
    for (const [type, times] of [
      ['BATCH_RECEIVED', 1],
      ['BATCH_COMPLETED', again ? 2 : 1],
    ] as const) {
      assert.equal(perBatch.get(`${type} ${manifest.batch_id}`), times, `${type} ${manifest.batch_id}`);
    }
  }
  const stations = PROVENANCE_STATIONS.map((_, station) => station);
  if (again) stations.push(...stations.slice(FIRST_STATION[again]));
  for (const docId of documents.keys()) {
    const chain = verifyProvenance(await log.resource('document', docId));
    assert.deepEqual(
      { valid: chain.valid, complete: chain.complete, breaks: chain.breaks },
      { valid: true, complete: true, breaks: [] },
    );
    assert.deepEqual(
      chain.links.map(({ station }) => station),
      stations,
      `the chain of ${docId} has a link twice`,
    );
  }
  return events.length;
}

/** Every event of a log, which has no gap, no event twice, and none that its leaf does not bear out. */
export async function wholeLog(log: Log): Promise<LoggedEvent[]> {
  const size = await log.size();
  const events: LoggedEvent[] = [];
  const ids = new Set<string>();
  const leaves = await log.leaves(0, size);
  for await (const event of log.range(0, size)) {
    const { log_index, references: _references, ...plain } = event;
    assert.equal(log_index, events.length);
    assert.ok(!ids.has(event.event_id), 'an event stands in the log twice');
    ids.add(event.event_id);
    assert.deepEqual(Buffer.from(leafHash(plain)), Buffer.from(leaves[log_index]!), `event ${log_index} was changed`);
    events.push(event);
  }
  assert.equal(events.length, size);
  return events;
}
