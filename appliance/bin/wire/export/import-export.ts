import { mkdirSync, mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, ManifestFile } from '../../../api/manifest.ts';
import type { BatchReceipt } from '../../../api/receipts.ts';
import { auditEntry } from '../../../audit/entry.ts';
import { readTar } from '../../../bundle/backup/read-tar.ts';
import {
  DOCUMENTS,
  type DocumentFacts,
  KEY,
  LOG,
  MANIFEST,
  PARTS,
  readFacts,
  SIGNATURE,
  SUMS,
} from '../../../bundle/export/format.ts';
import type { Config } from '../../../config/schema.ts';
import { openRegistry, type Registry } from '../../../control/registry/open.ts';
import { appendEntries } from '../../../control/registry/outbox.ts';
import { findTenant, tenantConfig } from '../../../control/registry/tenants.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { openRootKey } from '../../../secrets/keyring.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import { bytesOf, writeFile } from '../backup/unpack-tenant.ts';
import { heldClock } from '../held-clock.ts';
import { unsealedRoot } from '../unseal.ts';
import { foreignKey } from './foreign-chain.ts';
import { readingTenant } from './reading-tenant.ts';
import { type ExportOpeners, openedExport, type VerifiedExport, verifyExportFile } from './verify-export.ts';

export interface ImportRequest {
  tenant_id: string;
  file: string;
  openers: ExportOpeners;
  actor: string;
  /** Sends a batch to the tenant's intake. The same again is answered as before. */
  send(form: FormData): Promise<BatchReceipt>;
}

export interface ImportReport extends Pick<VerifiedExport, 'manifest' | 'signer' | 'sha256'> {
  tenant_id: string;
  batch_ids: string[];
  accepted: number;
  /** Those that the tenant had before. */
  duplicates: number;
  /** Refused by this tenant's intake, with its reason; those in quarantine, too. */
  refused: { original_filename: string; reason: string }[];
  /** Where the foreign log lies sealed. */
  chain: string;
}

/** Documents that are sent at once, and bytes. */
const BATCH = 100;
const BATCH_BYTES = 256 << 20;
/** What of an export is kept as the foreign chain: the log, and what vouches for it. */
const CHAIN: readonly string[] = [LOG, KEY, MANIFEST, SUMS, SIGNATURE];
/** A log is put as a stream; the others are small. */
const SMALL = 64 << 20;

/**
 * Verifies an export, then loads it into a tenant of this appliance: its log as a sealed foreign chain, its documents by the tenant's
 * own intake, whose gates and model decide as over any other document. Nothing is loaded of one that does not hold.
 * Run again it goes on: what is there is not loaded twice. Throws as `verifyExportFile`, and what intake answers.
 */
export async function importExport(config: Config, request: ImportRequest): Promise<ImportReport> {
  const paths = controlPaths(config.data_folder);
  const { tenant_id, file, openers } = request;
  const clock = heldClock(paths.clock);
  const root = await openRootKey(paths.rootKey, unsealedRoot(config));
  const registry = openRegistry(paths.registry, clock);
  mkdirSync(paths.temporary, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(join(paths.temporary, 'import-'));
  try {
    const row = findTenant(registry, tenant_id);
    if (row?.state !== 'ACTIVE')
      throw new FrostbyteError('VALIDATION_ERROR', `There is no tenant ${tenant_id} here that is active.`);
    const most = Math.min(BATCH, tenantConfig(registry, tenant_id, row.config_version).max_batch_size);
    const verified = await verifyExportFile(file, { ...openers, work: temporary });
    const { export_id, tenant_id: from_tenant, documents, log } = verified.manifest;
    const tenant = await readingTenant({ config, root, clock }, tenant_id);
    const loading = new Loading(request, export_id, { temporary, objects: tenant.objects, most });
    try {
      await loading.run();
    } finally {
      await tenant.close();
    }
    const { batch_ids, accepted, duplicates, refused } = loading;
    const adds = {
      export_id,
      from_tenant,
      documents,
      batch_ids,
      tree_size: log.size,
      tree_root: `sha256:${log.root}`,
      file_sha256: `sha256:${verified.sha256}`,
      signer: verified.signer,
    };
    tellOnce(registry, tenant_id, export_id, () =>
      auditEntry(clock, 'EXPORT_IMPORTED', { tenant_id, actor: request.actor, resource_id: export_id, adds }),
    );
    const { manifest, signer, sha256 } = verified;
    const chain = foreignKey(tenant_id, export_id, '');
    return { manifest, signer, sha256, tenant_id, batch_ids, accepted, duplicates, refused, chain };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    registry.close();
  }
}

function tellOnce(
  registry: Registry,
  tenantId: string,
  exportId: string,
  entry: () => ReturnType<typeof auditEntry>,
): void {
  registry.write(() => {
    const known = registry.get(
      "SELECT 1 FROM audit_events WHERE tenant_id = ? AND event_type = 'EXPORT_IMPORTED' AND resource_id = ?",
      [tenantId, exportId],
    );
    if (known === undefined) appendEntries(registry, [entry()]);
  });
}

interface Waiting {
  facts: DocumentFacts;
  path: string;
}

class Loading {
  readonly batch_ids: string[] = [];
  accepted = 0;
  duplicates = 0;
  readonly refused: ImportReport['refused'] = [];
  readonly #request: ImportRequest;
  readonly #exportId: string;
  readonly #temporary: string;
  readonly #objects: ObjectStore;
  readonly #most: number;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(
    request: ImportRequest,
    exportId: string,
    { temporary, objects, most }: { temporary: string; objects: ObjectStore; most: number },
  ) {
    this.#request = request;
    this.#exportId = exportId;
    this.#temporary = temporary;
    this.#objects = objects;
    this.#most = most;
  }

  /** Reads the export once more; what is taken is held against its hashes again, since a medium may answer differently. */
  async run(): Promise<void> {
    const { file, openers, tenant_id } = this.#request;
    let facts: DocumentFacts | null = null;
    for await (const entry of readTar((await openedExport(file, openers)).plain)) {
      const { path } = entry;
      if (path.endsWith(`/${PARTS.facts}`)) facts = readFacts(await bytesOf(entry), path);
      else if (facts !== null && path === `${DOCUMENTS}${facts.doc_id}/${PARTS.raw}`) {
        const kept = join(this.#temporary, facts.doc_id);
        await writeFile(kept, entry);
        this.#waiting.push({ facts, path: kept });
        this.#bytes += entry.size;
        if (this.#waiting.length >= this.#most || this.#bytes >= BATCH_BYTES) await this.#send();
      } else if (CHAIN.includes(path)) {
        const key = foreignKey(tenant_id, this.#exportId, path);
        if (entry.size <= SMALL) await this.#objects.put(key, await bytesOf(entry));
        else await this.#putLarge(key, entry.content());
      }
    }
    await this.#send();
  }

  async #putLarge(key: string, content: AsyncIterable<Buffer>): Promise<void> {
    const draft = await this.#objects.begin();
    try {
      for await (const bytes of content) await draft.write(Buffer.from(bytes));
      await draft.commit(key);
    } catch (error) {
      await draft.abort();
      throw error;
    }
  }

  /** Intake holds each file against the hash that the export was verified with. */
  async #send(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch_id = `import-${this.#exportId}-${this.batch_ids.length + 1}`;
    const files = this.#waiting.map(
      ({ facts }): ManifestFile => ({
        file_id: facts.doc_id,
        filename: facts.original_filename,
        mime_type: facts.mime_type,
        size_bytes: facts.size_bytes,
        sha256: facts.raw_sha256,
        metadata: facts.metadata as NonNullable<ManifestFile['metadata']>,
      }),
    );
    const manifest: Manifest = { batch_id, tenant_id: this.#request.tenant_id, file_count: files.length, files };
    const form = new FormData();
    form.set('manifest', JSON.stringify(manifest));
    for (const { facts, path } of this.#waiting)
      form.set(facts.doc_id, await openAsBlob(path), facts.original_filename);
    const receipt = await this.#request.send(form);
    this.batch_ids.push(batch_id);
    this.accepted += receipt.counts.accepted - receipt.counts.duplicates;
    this.duplicates += receipt.counts.duplicates;
    for (const { original_filename, reason } of [...receipt.rejected_files, ...receipt.quarantined_files])
      this.refused.push({ original_filename, reason });
    for (const { path } of this.#waiting) rmSync(path);
    this.#waiting = [];
    this.#bytes = 0;
  }
}
