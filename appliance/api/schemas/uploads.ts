import { z } from '../zod.ts';
import { BatchId, pageOf, Timestamp, Uuid } from './common.ts';

/** Resumable uploads (tus 1.0, spec 2 A): what is asked and answered in headers, and the state of an upload as JSON. */

/** The one version of the protocol. */
export const TUS_VERSION = '1.0.0';

/** Algorithms of `Upload-Checksum`. The protocol demands SHA-1; it guards the way here, not the document. */
export const CHECKSUM_ALGORITHMS = ['sha256', 'sha1'] as const;

const bytes = z.string().regex(/^(?:0|[1-9]\d{0,15})$/, 'must be a number of bytes');
const version = z
  .string()
  .max(20)
  .optional()
  .openapi({ description: `The version of tus, ${TUS_VERSION}; required` });
const checksum = z
  .string()
  .regex(/^[a-z0-9-]{1,20} [A-Za-z0-9+/]{1,200}={0,2}$/, 'must be an algorithm and the checksum in Base64')
  .optional()
  .openapi({ description: `Checksum of this request’s body: ${CHECKSUM_ALGORITHMS.join(' or ')}, a blank, Base64` });

export const TusHeaders = z.object({ 'tus-resumable': version });
export const CreateUploadHeaders = z.object({
  'tus-resumable': version,
  'upload-length': bytes.openapi({ description: 'Bytes of the whole file' }),
  'upload-metadata': z
    .string()
    .max(8192)
    .optional()
    .openapi({ description: 'Pairs of key and Base64 value, e.g. `filename` (data, never a path)' }),
  'upload-checksum': checksum,
});
export const AppendUploadHeaders = z.object({
  'tus-resumable': version,
  'upload-offset': bytes.openapi({ description: 'Where the body goes on; must be the upload’s offset' }),
  'upload-checksum': checksum,
});

export const UPLOAD_STATES = ['open', 'finished', 'taken'] as const;

export const UploadAnswer = z
  .object({
    upload_id: Uuid,
    /** `taken`: a batch was received with it; the bytes are no longer here. */
    state: z.enum(UPLOAD_STATES),
    length: z.number().int(),
    offset: z.number().int(),
    metadata: z.record(z.string(), z.string().nullable()),
    submitted_by: z.string(),
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    batch_id: BatchId.nullable(),
  })
  .openapi('Upload');
export type UploadAnswer = z.infer<typeof UploadAnswer>;

export const UploadListQuery = z.strictObject({
  state: z.enum(UPLOAD_STATES).optional(),
  cursor: Uuid.optional(),
  ...pageOf(50, 500),
});
