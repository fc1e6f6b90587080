import type { KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { auditEntry, PIPELINE_VERSION } from '../../../audit/entry.ts';
import { verifyProvenance } from '../../../audit/provenance.ts';
import {
  DOCUMENTS,
  EXPORT_IDENTITY,
  EXPORT_NAMESPACE,
  type ExportManifest,
  factsBytes,
  KEY,
  LOG,
  MANIFEST,
  manifestBytes,
  PARTS,
  README,
  RECEIPTS,
  REPORTS,
  readme,
} from '../../../bundle/export/format.ts';
import { fingerprint, publicLine, publicOf } from '../../../bundle/sshsig/keys.ts';
import { signMessage } from '../../../bundle/sshsig/signature.ts';
import type { Config } from '../../../config/schema.ts';
import { openRegistry } from '../../../control/registry/open.ts';
import { appendEntries } from '../../../control/registry/outbox.ts';
import { findTenant } from '../../../control/registry/tenants.ts';
import { canonicalKey } from '../../../data/keys.ts';
import { LARGEST_OBJECT, loadVectors } from '../../../data/load.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { float32LittleEndian, vectorSha256 } from '../../../kernel/digest.ts';
import { diskError, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { fileSha256 } from '../../../kernel/file-digest.ts';
import { newId } from '../../../kernel/ids.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { openRootKey } from '../../../secrets/keyring.ts';
import type { ServedChunk } from '../../../stores/record/port.ts';
import type { DocumentRow, ServedVersion } from '../../../stores/record/rows.ts';
import { treeHead } from '../backup/log-heads.ts';
import { refusePlace } from '../backup/refuse-place.ts';
import { partialFile } from '../backup/workplace.ts';
import { heldClock } from '../held-clock.ts';
import { unsealedRoot } from '../unseal.ts';
import { ExportFile } from './export-file.ts';
import { type ReadingTenant, readingTenant } from './reading-tenant.ts';

export interface ExportRequest {
  tenant_id: string;
  /** Where it goes; nothing is there yet. */
  file: string;
  /** The age recipient that it is sealed for; in the clear where there is none. */
  recipient: string | null;
  /** The key that signs: the host's own. */
  key: KeyObject;
  actor: string;
}

export interface ExportReport {
  file: string;
  size: number;
  sha256: string;
  /** Fingerprint of the key that signed. */
  signer: string;
  manifest: ExportManifest;
}

const PAGE = 200;

/**
 * Exports what a tenant's search may show, while it works; whole under its name, or not there. Throws `VALIDATION_ERROR`, `DISK_FULL`, what the stores throw, and `SERVICE_UNAVAILABLE` where a document was erased
 * meanwhile, or its events are not in the log yet: then it is run again. Memory: a document's canonical form and chunks.
 */
export async function makeExport(config: Config, request: ExportRequest): Promise<ExportReport> {
  const { data_folder: dataFolder } = config;
  const paths = controlPaths(dataFolder);
  const { tenant_id, file, recipient, key } = request;
  refusePlace(config.data_folder, request.file, { kind: 'exports', none: 'Nothing was exported' });
  const clock = heldClock(paths.clock);
  const root = await openRootKey(paths.rootKey, unsealedRoot(config));
  const registry = openRegistry(paths.registry, clock);
  mkdirSync(paths.temporary, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(join(paths.temporary, 'export-'));
  const partial = partialFile(file);
  try {
    const state = findTenant(registry, tenant_id)?.state;
    if (state !== 'ACTIVE' && state !== 'SUSPENDED')
      throw new FrostbyteError('VALIDATION_ERROR', `There is no tenant ${tenant_id} here that has documents.`);
    let manifest: ExportManifest;
    const tenant = await readingTenant({ config, root, clock }, tenant_id);
    try {
      manifest = await exported(tenant, { clock, temporary, partial, request });
    } finally {
      await tenant.close();
    }
    const signer = fingerprint(publicOf(key));
    const [size, sha256] = [statSync(partial).size, await fileSha256(partial)];
    renameSync(partial, file);
    syncFolder(dirname(file));
    const adds = {
      export_id: manifest.export_id,
      documents: manifest.documents,
      chunks: manifest.chunks,
      tree_size: manifest.log.size,
      tree_root: `sha256:${manifest.log.root}`,
      file_sha256: `sha256:${sha256}`,
      signer,
      recipient,
    };
    const about = { tenant_id, actor: request.actor, resource_id: manifest.export_id, adds };
    registry.write(() => appendEntries(registry, [auditEntry(clock, 'TENANT_EXPORTED', about)]));
    return { file, size, sha256, signer, manifest };
  } catch (error) {
    rmSync(partial, { force: true });
    throw diskError(error, file);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    registry.close();
  }
}

interface Making {
  clock: Clock;
  temporary: string;
  partial: string;
  request: ExportRequest;
}

async function exported(tenant: ReadingTenant, making: Making): Promise<ExportManifest> {
  const out = await ExportFile.begin(making.partial, making.request.recipient);
  try {
    return await new Exporting(tenant, out, making).run();
  } catch (error) {
    await out.abandon();
    throw error;
  }
}

class Exporting {
  readonly #tenant: ReadingTenant;
  readonly #out: ExportFile;
  readonly #making: Making;
  readonly #documents: string[] = [];
  readonly #leftOut: Record<string, number> = {};
  readonly #models = new Map<string, { embed_model: string; embed_version: string }>();
  #chunks = 0;

  constructor(tenant: ReadingTenant, out: ExportFile, making: Making) {
    this.#tenant = tenant;
    this.#out = out;
    this.#making = making;
  }

  async run(): Promise<ExportManifest> {
    const { clock, request } = this.#making;
    const made_at = clock.iso();
    for await (const document of this.#all()) {
      const { served } = document;
      if (served?.canonical_sha256)
        await this.#document(document, { ...served, canonical_sha256: served.canonical_sha256 });
      else this.#leftOut[document.state] = (this.#leftOut[document.state] ?? 0) + 1;
    }
    const { receipts, reports } = await this.#batches();
    const log = await this.#log();
    // What was erased meanwhile must not leave the box.
    for (const docId of this.#documents)
      if ((await this.#tenant.records.document(docId)) === null)
        throw again('A document was erased while it was exported.');
    const manifest: ExportManifest = {
      format: 1,
      export_id: newId(),
      tenant_id: request.tenant_id,
      made_at,
      version: PIPELINE_VERSION,
      documents: this.#documents.length,
      chunks: this.#chunks,
      receipts,
      reports,
      left_out: this.#leftOut,
      models: [...this.#models.values()],
      log,
    };
    const signer = publicOf(request.key);
    await this.#out.addBytes(README, Buffer.from(readme(basename(request.file), fingerprint(signer))));
    await this.#out.addBytes(KEY, Buffer.from(`${publicLine(signer, EXPORT_IDENTITY)}\n`));
    await this.#out.addBytes(MANIFEST, manifestBytes(manifest));
    await this.#out.end((sums) => signMessage(sums, request.key, EXPORT_NAMESPACE));
    return manifest;
  }

  async *#all(): AsyncGenerator<DocumentRow> {
    for (let after: string | null = null; ; ) {
      const page: { rows: DocumentRow[] } = await this.#tenant.records.documents({
        limit: PAGE,
        sort: 'asc',
        ...(after === null ? {} : { after }),
      });
      yield* page.rows;
      if (page.rows.length < PAGE) return;
      after = page.rows.at(-1)!.doc_id;
    }
  }

  async #document(document: DocumentRow, served: ServedVersion & { canonical_sha256: string }): Promise<void> {
    const { objects } = this.#tenant;
    const { tenant_id } = this.#making.request;
    const { doc_id, size_bytes, raw_sha256 } = document;
    const chunks = await this.#chunksOf(doc_id);
    const at = (name: string) => `${DOCUMENTS}${doc_id}/${name}`;
    const { canonical_sha256 } = served;
    await this.#out.addBytes(
      at(PARTS.facts),
      factsBytes({
        doc_id,
        original_filename: document.original_filename,
        mime_type: document.mime_type,
        size_bytes,
        raw_sha256,
        canonical_sha256,
        chunks: chunks.length,
        received_at: document.received_at,
        retention_until: document.retention_until,
        batch_id: document.batch_id,
        receipt_id: document.receipt_id,
        classification: document.classification,
        metadata: document.metadata,
      }),
    );
    const raw = await this.#out.add(at(PARTS.raw), size_bytes, await objects.get(document.storage_path));
    const key = canonicalKey(tenant_id, doc_id, canonical_sha256);
    const canonical = await this.#out.addBytes(at(PARTS.canonical), await objects.read(key, LARGEST_OBJECT));
    if (raw !== raw_sha256 || canonical !== canonical_sha256)
      throw new FrostbyteError('OBJECT_CORRUPTED', `A stored object of ${doc_id} is not what was recorded.`);
    const lines = chunks.map(({ index, log_index: _, document_metadata: __, ...chunk }) => {
      const { embed_model, embed_version, vector_sha256 } = index;
      this.#models.set(`${embed_model} ${embed_version}`, { embed_model, embed_version });
      return `${JSON.stringify({ ...chunk, embed_model, embed_version, vector_sha256 })}\n`;
    });
    await this.#out.addBytes(at(PARTS.chunks), Buffer.from(lines.join('')));
    const vectors = await this.#vectors(doc_id, served, chunks);
    await this.#out.addBytes(at(PARTS.vectors), Buffer.concat(vectors.map(float32LittleEndian)));
    this.#documents.push(doc_id);
    this.#chunks += chunks.length;
  }

  async #chunksOf(docId: string): Promise<ServedChunk[]> {
    const chunks: ServedChunk[] = [];
    for (;;) {
      const page = await this.#tenant.records.documentChunks(docId, { limit: PAGE, offset: chunks.length });
      chunks.push(...page);
      if (page.length < PAGE) return chunks;
    }
  }

  /** Of the document's own vectors object; of the index, where another model has made that since. */
  async #vectors(docId: string, served: ServedVersion, chunks: readonly ServedChunk[]): Promise<Float32Array[]> {
    const { objects, records, index } = this.#tenant;
    const { tenant_id } = this.#making.request;
    const { canonical_sha256, vectors_sha256 } = served;
    const isWhole = (vectors: readonly (Float32Array | undefined)[]) =>
      chunks.every(
        ({ index: { vector_sha256 } }, i) => vectors[i] !== undefined && vectorSha256(vectors[i]) === vector_sha256,
      );
    const version = { doc_id: docId, canonical_sha256, vectors_sha256 };
    const made = await loadVectors({ tenant_id, objects }, version, chunks.length);
    if (isWhole(made)) return made;
    const open = index((await records.vectorIndex()).served);
    const stored = await open.read(chunks.map(({ chunk_id }) => chunk_id)).finally(() => open.close());
    const found = chunks.map(({ chunk_id }) => stored.get(chunk_id));
    if (isWhole(found)) return found as Float32Array[];
    throw again(`The vectors of ${docId} are being made anew.`);
  }

  /** Receipts and acceptance reports of all batches. */
  async #batches(): Promise<{ receipts: number; reports: number }> {
    const { records } = this.#tenant;
    const spool = join(this.#making.temporary, 'receipts');
    const counted = { receipts: 0, reports: 0 };
    const reports: string[] = [];
    async function* lines(): AsyncGenerator<string> {
      for (let offset = 0; ; offset += PAGE) {
        const { rows } = await records.batches({ limit: PAGE, offset });
        for (const { batch_id } of rows) {
          reports.push(batch_id);
          for (const receipt of await records.receipts(batch_id)) {
            counted.receipts += 1;
            yield `${JSON.stringify(receipt)}\n`;
          }
        }
        if (rows.length < PAGE) return;
      }
    }
    await this.#spooled(RECEIPTS, spool, lines());
    async function* settled(): AsyncGenerator<string> {
      for (const batch_id of reports) {
        const report = await records.report(batch_id);
        if (report === null) continue;
        counted.reports += 1;
        yield `${JSON.stringify({ batch_id, report })}\n`;
      }
    }
    await this.#spooled(REPORTS, spool, settled());
    return counted;
  }

  /** The whole log without personal references; every exported document's chain is in it. */
  async #log(): Promise<ExportManifest['log']> {
    const log = await this.#tenant.log(this.#making.temporary);
    try {
      for (const docId of this.#documents)
        if (!verifyProvenance(await log.resource('document', docId)).valid)
          throw again(`Events of ${docId} are not in the log yet.`);
      async function* lines(): AsyncGenerator<string> {
        for await (const { references: _, ...event } of log.range(0, await log.size()))
          yield `${JSON.stringify(event)}\n`;
      }
      await this.#spooled(LOG, join(this.#making.temporary, 'log'), lines());
      return await treeHead(log);
    } finally {
      await log.close();
    }
  }

  /** A file whose size is known once it is written. */
  async #spooled(path: string, spool: string, lines: AsyncIterable<string>): Promise<void> {
    await pipeline(Readable.from(lines), createWriteStream(spool, { mode: 0o600 }));
    await this.#out.add(path, statSync(spool).size, createReadStream(spool, { highWaterMark: 1 << 20 }));
    rmSync(spool);
  }
}

function again(why: string): FrostbyteError {
  return new FrostbyteError('SERVICE_UNAVAILABLE', `${why} Run the export again.`);
}
