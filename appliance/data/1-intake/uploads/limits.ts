import type { DataPlane } from '../../plane.ts';

/** What resumable uploads use of a data plane. */
export type UploadPlane = Pick<DataPlane, 'tenant_id' | 'objects' | 'records' | 'clock' | 'logger'>;

/** How resumable uploads are cut, merged and kept. */
export interface UploadLimits {
  /** A segment ends with this many bytes, or with the first that come this long after it began: what a kill can cost. */
  segmentBytes: number;
  segmentMs: number;
  /** Segments short of `segmentBytes` that an upload may have before they are merged. */
  mostSmall: number;
  /** Segments of one upload, merged ones counted singly: nobody needs more, and each costs several syncs. */
  mostPieces: number;
  /** Uploads of one tenant that no batch has taken yet. */
  mostUploads: number;
  /** How long a request at work on an upload may go on once another one asks for it: what is under way gets through. */
  handoverMs: number;
  /** An upload that nothing was added to for this long is swept: a weekend may lie between two tries. */
  keepMs: number;
}

export const UPLOAD_LIMITS: Readonly<UploadLimits> = Object.freeze({
  segmentBytes: 64 << 20,
  segmentMs: 10_000,
  mostSmall: 64,
  mostPieces: 100_000,
  mostUploads: 1000,
  handoverMs: 1000,
  keepMs: 72 * 3_600_000,
});

/** The moment at which an upload that moved now expires. */
export function expiryFrom({ clock }: Pick<UploadPlane, 'clock'>, { keepMs }: UploadLimits): string {
  return new Date(clock.now() + keepMs).toISOString();
}
