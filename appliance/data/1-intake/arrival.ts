import type { ManifestFile } from '../../api/manifest.ts';
import type { BatchReceipt } from '../../api/receipts.ts';
import type { TenantConfig } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { docId } from '../../kernel/ids.ts';
import { turnTaker } from '../../kernel/take-turns.ts';
import type { FileDecision, UploadRow } from '../../stores/record/port.ts';
import { ArrivingObjects, type Commit } from './arriving-objects.ts';
import { batchReceipt } from './batch-receipt.ts';
import { decideFile } from './decide-file.ts';
import { type IncomingFile, takeIn } from './incoming-file.ts';
import { fileLimit, judgeFile, judgeHead } from './judge-file.ts';
import { metadataJudge } from './judge-metadata.ts';
import { PartMatcher, pairInOrder } from './match-parts.ts';
import type { Part } from './multipart.ts';
import { type CheckedManifest, countMismatch, readManifest } from './read-manifest.ts';
import type { IntakePlane } from './receive-batch.ts';
import { refuseErasing, refuseWithoutRoom, wasCancelled } from './refusals.ts';
import { namedUploads, refuseUploads } from './uploads/named-uploads.ts';
import { uploadContent } from './uploads/read-upload.ts';
import { removeObjects } from './uploads/sweep-uploads.ts';

const GIB = 1024 ** 3;

interface Announced extends CheckedManifest {
  matcher: PartMatcher;
  submitted_at: string;
  judgeMetadata: ReturnType<typeof metadataJudge>;
  /** Finished uploads that files not yet settled name, by file id. */
  uploads: Map<string, UploadRow>;
}

/** What came of a part that no name ties to a file. */
interface Unnamed {
  seen: IncomingFile;
  part: { name: string; filename: string | null };
}

/**
 * One batch on its way in: takes the parts as they come, in any order, and at the end makes all of it durable at once.
 * Drafts are invisible until then; whatever ends the request otherwise calls `abandon`.
 */
export class Arrival {
  readonly #plane: IntakePlane;
  readonly #submittedBy: string;
  readonly #config: TenantConfig;
  readonly #configVersion: number;
  #checked: Announced | null = null;
  /** Files that have a receipt from an earlier try. */
  #settled: ReadonlySet<string> = new Set();
  readonly #seen = new Map<string, IncomingFile>();
  readonly #unnamed: Unnamed[] = [];
  /** Parts that are one too many: repeated, or of nobody. */
  #surplus = 0;
  #parts = 0;

  constructor(plane: IntakePlane, submittedBy: string, current: { config: TenantConfig; config_version: number }) {
    this.#plane = plane;
    this.#submittedBy = submittedBy;
    this.#config = current.config;
    this.#configVersion = current.config_version;
  }

  /** Takes the manifest. Answers the receipt where the batch was received before: nothing more needs reading. */
  async manifest(bytes: Uint8Array): Promise<BatchReceipt | null> {
    if (this.#checked !== null) {
      throw new FrostbyteError('MANIFEST_INVALID', 'A batch has one manifest.', {
        details: [{ field: 'manifest', constraint: 'exactly one part' }],
      });
    }
    const { tenant_id, records, clock } = this.#plane;
    const checked = readManifest(bytes, { tenant_id, max_batch_size: this.#config.max_batch_size });
    const before = await records.batch(checked.manifest.batch_id);
    if (before !== null) {
      if (before.manifest_sha256 !== checked.manifest_sha256) throw alreadyExists();
      const receipts = await records.receipts(before.batch_id);
      if (before.status !== 'receiving' || before.cancelled_at !== null)
        return batchReceipt(tenant_id, before, receipts);
      this.#settled = new Set(receipts.map(({ file_id }) => file_id));
    }
    const matcher = new PartMatcher(checked.manifest.files);
    const open = checked.manifest.files.filter(({ file_id }) => !this.#settled.has(file_id));
    const uploads = await namedUploads(records, open);
    // A batch that goes on is judged by the schema it began under.
    const began = before === null ? this.#config : await records.config(before.config_version);
    const schema = (began?.custom_fields ?? null) as TenantConfig['custom_fields'];
    const judgeMetadata = metadataJudge(schema, checked.manifest.metadata);
    this.#checked = { ...checked, matcher, uploads, judgeMetadata, submitted_at: before?.submitted_at ?? clock.iso() };
    await this.#checkQuota(this.#checked);
    await refuseWithoutRoom(this.#plane.objects, this.#coming(checked));
    this.#nameEarlierParts(matcher);
    return null;
  }

  /** Whether this file has still to come: it has no receipt from an earlier try and was not seen in this one. */
  needs(fileId: string): boolean {
    return !this.#settled.has(fileId) && !this.#seen.has(fileId);
  }

  /** Takes one file part. Throws what the stores or the scanner throw. */
  async file(part: Part): Promise<void> {
    this.#parts++;
    const most = this.#checked?.manifest.file_count ?? this.#config.max_batch_size;
    if (this.#parts > most) {
      throw countMismatch(most, this.#parts, 'or more file parts in the body');
    }
    const file = this.#checked?.matcher.named(part) ?? null;
    if (file !== null && this.#settled.has(file.file_id)) return;
    if (file !== null && (this.#seen.has(file.file_id) || file.upload_id !== undefined)) {
      this.#surplus++;
      return;
    }
    const seen = await this.#takeIn(part.content, file);
    if (file !== null) this.#seen.set(file.file_id, seen);
    else this.#unnamed.push({ seen, part: { name: part.name, filename: part.filename } });
  }

  async #takeIn(content: AsyncIterable<Buffer>, file: ManifestFile | null): Promise<IncomingFile> {
    const limit = fileLimit(this.#config);
    // Asked for each file: other batches take room meanwhile. Of a file without a name nobody knows the size yet.
    await refuseWithoutRoom(this.#plane.objects, file?.size_bytes ?? 0);
    return takeIn(this.#plane, content, {
      limit,
      declared: file?.size_bytes ?? limit,
      wanted: (sniffed) =>
        file === null || (file.size_bytes <= limit && judgeHead(file, sniffed, this.#config).problem === null),
    });
  }

  /** The body came to its end: every file must be there, and no other. */
  async whole(): Promise<BatchReceipt> {
    const { manifest, uploads } = this.#demandManifest();
    for (const file of manifest.files) {
      const upload = uploads.get(file.file_id);
      if (upload === undefined) continue;
      this.#seen.set(file.file_id, await this.#takeIn(uploadContent(this.#plane, upload), file));
    }
    const { pairs, left } = pairInOrder(this.#unnamed, this.#open());
    for (const [file, { seen }] of pairs) this.#seen.set(file.file_id, seen);
    this.#unnamed.splice(0, this.#unnamed.length, ...left);
    const missing = this.#open();
    const surplus = left.length + this.#surplus;
    if (missing.length > 0 || surplus > 0) {
      const actual = this.#settled.size + this.#seen.size + surplus;
      throw countMismatch(manifest.file_count, actual, 'file parts that belong to it or to nothing', [
        ...missing.map(({ file_id, filename }) => ({
          field: 'file_id',
          value: file_id,
          file: filename,
          constraint: 'missing: no part of the body is this file',
        })),
        ...left.map(({ part }) => ({
          field: 'part',
          value: part.name.slice(0, 128),
          constraint: 'surplus: not a file of the manifest',
        })),
      ]);
    }
    return await this.#receive(true);
  }

  /** The body broke off: keeps the files that came whole. */
  async broken(): Promise<BatchReceipt> {
    if (this.#checked !== null) {
      // Without a name only the content tells which file it was.
      const open = this.#open();
      for (const each of this.#unnamed.splice(0)) {
        const at = open.findIndex(({ sha256 }) => sha256 === each.seen.sha256);
        const [file] = at < 0 ? [] : open.splice(at, 1);
        if (file === undefined) await each.seen.draft?.abort();
        else this.#seen.set(file.file_id, each.seen);
      }
      if (this.#seen.size > 0) return await this.#receive(false);
    }
    throw new FrostbyteError(
      'MANIFEST_INVALID',
      'The upload broke off before a file was whole. Send the batch again.',
      {
        details: [{ field: 'body', constraint: 'ends with its closing boundary' }],
      },
    );
  }

  /** Forgets all drafts. Safe to repeat. */
  async abandon(): Promise<void> {
    const all = [...this.#seen.values(), ...this.#unnamed.map(({ seen }) => seen)];
    for (const { draft } of all) await draft?.abort().catch(() => undefined);
  }

  async #receive(complete: boolean): Promise<BatchReceipt> {
    const { manifest, judgeMetadata } = this.#demandManifest();
    const decisions: FileDecision[] = [];
    const commits: Commit[] = [];
    const fairShare = turnTaker();
    for (const file of manifest.files) {
      const seen = this.#seen.get(file.file_id);
      if (seen === undefined) continue;
      await fairShare();
      const { judgement, metadata } = judgeMetadata(file, judgeFile(file, seen, this.#config));
      const batch = { manifest, submitted_by: this.#submittedBy, retention_days: this.#config.retention_days };
      const decision = decideFile(this.#plane, batch, file, judgement, metadata);
      decisions.push(decision);
      if (decision.kind === 'rejected') await seen.draft?.abort();
      else commits.push({ seen, key: decision.document.storage_path, receipt: decision.receipt });
    }
    await refuseErasing(this.#plane.records, commits);
    const arriving = new ArrivingObjects(this.#plane, commits);
    try {
      await arriving.commit();
      return await this.#record(decisions, commits, arriving, complete);
    } finally {
      await arriving.withdraw();
    }
  }

  /** One transaction for all of it, and what follows from it. */
  async #record(
    decisions: readonly FileDecision[],
    commits: readonly Commit[],
    arriving: ArrivingObjects,
    complete: boolean,
  ): Promise<BatchReceipt> {
    const { manifest, manifest_sha256, submitted_at } = this.#demandManifest();
    const { tenant_id, records, clock, meter } = this.#plane;
    // The upload of a file that is refused stays: where its manifest was wrong, another batch names it again.
    const kept = new Set(commits.map(({ receipt }) => receipt.file_id));
    const used = manifest.files.flatMap(({ file_id, upload_id }) =>
      upload_id !== undefined && kept.has(file_id) ? [upload_id] : [],
    );
    const entry = auditEntry(clock, 'BATCH_RECEIVED', {
      tenant_id,
      actor: this.#submittedBy,
      resource_id: manifest.batch_id,
      adds: {
        manifest_sha256,
        files: manifest.file_count,
        // The store sets the counts that the receipts bear out in the end.
        accepted: 0,
        rejected: 0,
        quarantined: 0,
        duplicates: 0,
        bytes: manifest.files.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
      },
      references: manifest.submitter === undefined ? {} : { submitter: manifest.submitter },
    });
    // As it is now: what it said when the first byte came may be hours old.
    const now = await this.#plane.config();
    const outcome = await records.receive({
      batch: {
        batch_id: manifest.batch_id,
        manifest_sha256,
        file_count: manifest.file_count,
        submitted_at,
        submitted_by: this.#submittedBy,
        submitter: manifest.submitter ?? null,
        metadata: manifest.metadata ?? {},
        config_version: this.#configVersion,
        files: manifest.files.map(({ metadata, upload_id: _, ...file }) =>
          metadata === undefined ? file : { ...file, metadata },
        ),
      },
      config: { ...this.#config },
      under: { config_version: now.config_version, config: { ...now.config } },
      files: [...decisions],
      complete,
      uploads: used,
      quota_bytes: this.#config.storage_quota_gb * GIB,
      entries: [entry],
    });
    if (outcome.kind === 'conflict') throw alreadyExists();
    if (outcome.kind === 'uploads_taken')
      throw refuseUploads(
        outcome.upload_ids.map((upload_id) => ({ upload_id, constraint: 'not used by another batch' })),
      );
    if (outcome.kind === 'cancelled') throw wasCancelled();
    await arriving.settle(commits, outcome.receipts);
    for (const upload_id of used) await removeObjects(this.#plane, upload_id);
    meter.intakeBatchSize(tenant_id, manifest.file_count);
    for (const { receipt } of decisions) {
      const final = outcome.receipts.find(({ file_id }) => file_id === receipt.file_id) ?? receipt;
      meter.intakeFile(
        tenant_id,
        final.duplicate_of !== null && final.status === 'accepted' ? 'duplicate' : final.status,
      );
    }
    return batchReceipt(tenant_id, outcome.batch, outcome.receipts);
  }

  /** Files of the manifest that neither came nor have a receipt. */
  #open(): ManifestFile[] {
    const { manifest } = this.#demandManifest();
    return manifest.files.filter(({ file_id }) => !this.#seen.has(file_id) && !this.#settled.has(file_id));
  }

  /** Parts that came before the manifest: now their names mean something. */
  #nameEarlierParts(matcher: PartMatcher): void {
    for (const each of this.#unnamed.splice(0)) {
      const file = matcher.named(each.part);
      if (file === null || this.#seen.has(file.file_id)) this.#unnamed.push(each);
      else if (this.#settled.has(file.file_id)) void each.seen.draft?.abort();
      else if (file.upload_id !== undefined) {
        this.#surplus++;
        void each.seen.draft?.abort();
      } else this.#seen.set(file.file_id, each.seen);
    }
  }

  /** Bytes that the manifest announces and that have not come yet. */
  #coming({ manifest }: CheckedManifest): number {
    return manifest.files.reduce(
      (sum, { file_id, size_bytes }) => sum + (this.#settled.has(file_id) ? 0 : size_bytes),
      0,
    );
  }

  /** Refuses before the files are read what the store would refuse behind them. */
  async #checkQuota(checked: Announced): Promise<void> {
    const quota = this.#config.storage_quota_gb * GIB;
    const { records } = this.#plane;
    const { raw_bytes } = await records.counts();
    const announced = await records.announcedBytes([...checked.uploads.values()].map(({ upload_id }) => upload_id));
    if (raw_bytes + announced + this.#coming(checked) <= quota) return;
    const coming = await this.#taking(checked);
    if (coming === 0 || raw_bytes + announced + coming <= quota) return;
    throw new FrostbyteError('QUOTA_EXCEEDED', 'The batch would take the tenant beyond its storage quota.', {
      details: [
        {
          field: 'storage_quota_gb',
          value: this.#config.storage_quota_gb,
          constraint: `${raw_bytes} bytes stored, ${announced} announced by uploads, ${coming} coming`,
        },
      ],
    });
  }

  /** Of the bytes that are to come those that take room: each content once, and none that is there. O(files). */
  async #taking({ manifest }: CheckedManifest): Promise<number> {
    const { tenant_id, records } = this.#plane;
    const fresh = new Map<string, number>();
    for (const { file_id, sha256, size_bytes } of manifest.files) {
      if (this.#settled.has(file_id) || fresh.has(sha256)) continue;
      const known = await records.document(docId(tenant_id, sha256));
      fresh.set(sha256, known?.raw_sha256 === sha256 ? 0 : size_bytes);
    }
    return [...fresh.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #demandManifest(): Announced {
    if (this.#checked !== null) return this.#checked;
    throw new FrostbyteError('MANIFEST_INVALID', 'The batch has no manifest.', {
      details: [{ field: 'manifest', constraint: 'a part named "manifest" that holds JSON' }],
    });
  }
}

function alreadyExists(): FrostbyteError {
  return new FrostbyteError(
    'BATCH_ALREADY_EXISTS',
    'There is a batch with this id and another manifest. Choose a new batch_id.',
    {
      details: [{ field: 'batch_id', constraint: 'unused, or sent with the same manifest' }],
    },
  );
}
