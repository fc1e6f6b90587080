import { BATCH_ID, FILE_ID, SHA256_HEX, TENANT_ID } from '../kernel/ids.ts';
import { z } from './zod.ts';

/** The manifest that a vendor sends with a batch (spec 2 A). Unknown keys are refused. */

export const MetadataValue = z.union([
  z.string().max(4096),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.unknown()).max(1000),
  z.record(z.string().max(64), z.unknown()),
]);
/** A name that JavaScript keeps for itself would be lost unseen, and what is unknown is to be refused. */
export const withoutLostName = (value: unknown, context: z.RefinementCtx): unknown => {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
    context.addIssue({ code: 'custom', message: 'must not name a field __proto__' });
  }
  return value;
};
/** By name: free, or as the tenant's custom fields say (spec 3). */
export const Metadata = z.preprocess(withoutLostName, z.record(z.string().min(1).max(64), MetadataValue));

export const ManifestFile = z.strictObject({
  file_id: z.string().regex(FILE_ID),
  /** Data, never a path: any text, but no NUL and at most 255 characters. */
  filename: z
    .string()
    .min(1)
    .max(255)
    .refine((name) => !name.includes('\0'), 'must not hold a NUL character'),
  mime_type: z.string().min(3).max(255),
  size_bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(SHA256_HEX),
  metadata: Metadata.optional(),
  /** The finished upload whose bytes this file is, where it does not come as a part. How it travels is no part of it. */
  upload_id: z.uuid().optional(),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

export const Manifest = z.strictObject({
  batch_id: z.string().regex(BATCH_ID),
  tenant_id: z.string().regex(TENANT_ID),
  file_count: z.number().int().min(1).max(10_000),
  files: z.array(ManifestFile).min(1).max(10_000),
  submitted_at: z.iso.datetime({ offset: true }).optional(),
  submitter: z.string().max(255).optional(),
  metadata: Metadata.optional(),
});
export type Manifest = z.infer<typeof Manifest>;
