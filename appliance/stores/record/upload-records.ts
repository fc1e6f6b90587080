import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Keyset } from './port.ts';

/** `open` while bytes are missing, `finished` with the last one, `taken` once a batch was received with it. */
export type UploadState = 'open' | 'finished' | 'taken';

/** A resumable upload: what was announced, and how far it has come. */
export interface UploadRow {
  upload_id: string;
  state: UploadState;
  /** Bytes announced. */
  length: number;
  /** Bytes that are safe: the offset at which the sender goes on. */
  received: number;
  /** Segments ever appended, those merged since among them. */
  pieces: number;
  /** What the sender calls it; empty once it was taken. */
  metadata: Record<string, string | null>;
  submitted_by: string;
  created_at: string;
  updated_at: string;
  /** When it is swept, unless it moves before. */
  expires_at: string;
  /** The batch that took it. */
  batch_id: string | null;
}

/** A stretch of an upload, in an object of its own. */
export interface UploadSegment {
  start: number;
  bytes: number;
  object_key: string;
}

export type NewUpload = Pick<
  UploadRow,
  'upload_id' | 'length' | 'metadata' | 'submitted_by' | 'created_at' | 'expires_at'
>;

/**
 * Resumable uploads. The segments of an upload that was not taken tile it from 0 to `received` without gap or overlap:
 * the objects they name hold every byte that was acknowledged.
 */
export interface UploadRecords {
  /**
   * Begins an upload; one of no bytes is finished at once. Nothing is written, and the reason answered, when the tenant
   * would hold more than `most` uploads that no batch took, or when their announced bytes and the raw files together
   * would go beyond `quota_bytes`. Several at once cannot all pass on the same free space.
   */
  createUpload(
    upload: NewUpload,
    limits: { most: number; quota_bytes: number },
    entries: AuditEntry[],
  ): Promise<'created' | 'too_many' | 'over_quota'>;
  upload(uploadId: string): Promise<UploadRow | null>;
  /** Keyset by `upload_id`. O(limit). */
  uploads(page: Keyset & { state?: UploadState }): Promise<{ rows: UploadRow[]; total: number }>;
  /** In order. O(segments). */
  uploadSegments(uploadId: string): Promise<UploadSegment[]>;
  /**
   * Appends a segment whose object is safe already, moves `received` behind it, and renews the expiry; with the last
   * byte the upload is `finished`. Null, and nothing written, unless the upload is open, has come exactly to
   * `segment.start`, and the segment ends within it.
   */
  extendUpload(
    uploadId: string,
    segment: UploadSegment,
    times: { at: string; expires_at: string },
  ): Promise<UploadRow | null>;
  /**
   * One segment in place of those it covers. False, and nothing written, unless it covers whole segments that are there,
   * or when the upload was taken.
   */
  mergeSegments(uploadId: string, merged: UploadSegment): Promise<boolean>;
  /**
   * Forgets an upload that no batch has taken, or one that was taken and has expired. With `expired_at` only if that is
   * still its expiry, so that one that moved meanwhile stays. False when nothing was forgotten; then no entry is written.
   */
  endUpload(uploadId: string, entries: AuditEntry[], expired_at?: string): Promise<boolean>;
  /** Uploads of any state whose expiry has come, oldest first. O(limit). */
  expiredUploads(at: string, limit: number): Promise<UploadRow[]>;
  /** Bytes announced by uploads that no batch has taken, but for the ones named. O(named). */
  announcedBytes(except: readonly string[]): Promise<number>;
}
