import type { Readable } from 'node:stream';
import { DataStore, type Upload } from '@tus/server';
import type { TenantConfig } from '../../../api/tenant-config.ts';
import { auditEntry } from '../../../audit/entry.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { UploadRow } from '../../../stores/record/port.ts';
import { refuseWithoutRoom } from '../refusals.ts';
import { appendBody } from './append-body.ts';
import type { Checksum } from './checksum.ts';
import { expiryFrom, type UploadLimits, type UploadPlane } from './limits.ts';
import { removeObjects } from './sweep-uploads.ts';

const GIB = 1024 ** 3;

/** What one request brings. */
export interface UploadRequest {
  /** The caller's subject. */
  subject: string;
  config: TenantConfig;
  checksum: Checksum | null;
  limits: UploadLimits;
}

/**
 * Where the tus server keeps uploads: sealed segments in the tenant's object store, their state in its records. Made for
 * one request, whose caller and checksum it knows.
 */
export class SegmentStore extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'expiration', 'termination', 'checksum'];
  readonly #plane: UploadPlane;
  readonly #request: UploadRequest;
  /** The upload as it was last seen. */
  upload: UploadRow | null = null;

  constructor(plane: UploadPlane, request: UploadRequest) {
    super();
    this.#plane = plane;
    this.#request = request;
  }

  override async create(file: Upload): Promise<Upload> {
    const { tenant_id, objects, records, clock } = this.#plane;
    const { subject, config, limits } = this.#request;
    await objects.check();
    const metadata = file.metadata ?? {};
    const length = file.size ?? 0;
    await refuseWithoutRoom(objects, length);
    const entry = auditEntry(clock, 'UPLOAD_CREATED', {
      tenant_id,
      actor: subject,
      resource_id: file.id,
      // No name: until a batch takes it, it is nobody's document, and nothing would ever erase it.
      adds: { size_bytes: length },
    });
    const row = {
      upload_id: file.id,
      length,
      metadata,
      submitted_by: subject,
      created_at: clock.iso(),
      expires_at: expiryFrom(this.#plane, limits),
    };
    const quota_bytes = config.storage_quota_gb * GIB;
    const outcome = await records.createUpload(row, { most: limits.mostUploads, quota_bytes }, [entry]);
    if (outcome === 'too_many') {
      throw new FrostbyteError('QUOTA_EXCEEDED', 'The tenant has too many uploads that no batch has taken.', {
        details: [{ field: 'uploads', value: limits.mostUploads, constraint: 'submit or delete some first' }],
      });
    }
    if (outcome === 'over_quota') {
      throw new FrostbyteError('QUOTA_EXCEEDED', 'The file would take the tenant beyond its storage quota.', {
        details: [{ field: 'storage_quota_gb', value: config.storage_quota_gb, constraint: `${length} bytes coming` }],
      });
    }
    this.upload = await records.upload(file.id);
    return file;
  }

  /** The state of an upload that can still be asked about or added to. Throws `RESOURCE_NOT_FOUND`. */
  override async getUpload(id: string): Promise<Upload> {
    const { clock, records } = this.#plane;
    const row = await records.upload(id);
    if (row === null || row.state === 'taken' || row.expires_at <= clock.iso()) throw noUpload();
    this.upload = row;
    const { upload_id, length, received, metadata, created_at } = row;
    // Without a key the header would be malformed; a sender that gave none expects none.
    const named = Object.keys(metadata).length > 0 ? { metadata } : { metadata: undefined };
    // The library's class has no more than these and a getter.
    const upload = { id: upload_id, size: length, offset: received, storage: undefined, creation_date: created_at };
    return { ...upload, ...named, sizeIsDeferred: false };
  }

  /** Appends a body; answers the new offset. The server has made sure that it begins at the upload's. */
  override async write(stream: Readable, id: string, _offset: number): Promise<number> {
    const { objects } = this.#plane;
    const { checksum, limits } = this.#request;
    if (this.upload?.upload_id !== id) throw noUpload();
    if (this.upload.pieces >= limits.mostPieces) {
      throw new FrostbyteError('VALIDATION_ERROR', 'The upload came in too many small pieces.', {
        details: [{ field: 'body', constraint: 'delete the upload and send it in larger pieces, or in one' }],
      });
    }
    await objects.check();
    this.upload = await appendBody(this.#plane, this.upload, stream, checksum, limits);
    return this.upload.received;
  }

  /** Forgets an upload that this very request created and whose body was then refused. Where that fails, it expires. */
  async takeBack(): Promise<void> {
    if (this.upload !== null) await this.remove(this.upload.upload_id).catch(() => undefined);
  }

  override async remove(id: string): Promise<void> {
    const { tenant_id, records, clock } = this.#plane;
    await this.getUpload(id);
    const { length, received } = this.upload!;
    const entry = auditEntry(clock, 'UPLOAD_DELETED', {
      tenant_id,
      actor: this.#request.subject,
      resource_id: id,
      adds: { size_bytes: length, received_bytes: received, cause: 'deleted' },
    });
    if (!(await records.endUpload(id, [entry]))) throw noUpload();
    await removeObjects(this.#plane, id);
  }
}

function noUpload(): FrostbyteError {
  return new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such upload, or it has expired. Begin a new one.');
}
