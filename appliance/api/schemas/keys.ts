import { z } from '@hono/zod-openapi';
import { Reason, TenantId, Timestamp } from './common.ts';

/** Bodies of the routes about a tenant's keys (spec 3, "Secrets and keys"): numbers, hashes and public halves only. */

export const RotateKeysBody = z
  .strictObject({ reason: Reason, emergency: z.boolean().default(false) })
  .openapi('RotateKeys');

export const KeyRotationAnswer = z
  .object({
    tenant_id: TenantId,
    key_version: z.number().int(),
    previous_key_version: z.number().int(),
    age_public_key: z.string(),
    storage_version: z.number().int(),
    emergency: z.boolean(),
    key_rotation_due_at: Timestamp,
  })
  .openapi('KeyRotation');

const entry = {
  public_key_hash: z.string(),
  status: z.enum(['ACTIVE', 'ARCHIVED', 'PURGED']),
  created_at: Timestamp,
  archived_at: Timestamp.nullable(),
  purge_due_at: Timestamp.nullable(),
  purged_at: Timestamp.nullable(),
};

export const ReencryptionAnswer = z
  .object({
    tenant_id: TenantId,
    storage_version: z.number().int(),
    status: z.enum(['running', 'completed']),
    started_at: Timestamp,
    completed_at: Timestamp.nullable(),
    examined: z.number().int(),
    moved: z.number().int(),
    moved_bytes: z.number().int(),
    failed: z.number().int(),
    error_code: z.string().nullable(),
  })
  .openapi('Reencryption');

export const TenantKeysAnswer = z
  .object({
    tenant_id: TenantId,
    key_version: z.number().int().nullable(),
    key_rotated_at: Timestamp.nullable(),
    key_rotation_due_at: Timestamp.nullable(),
    rotation: z
      .object({
        key_version: z.number().int(),
        emergency: z.boolean(),
        started_at: Timestamp,
        error_code: z.string().nullable(),
      })
      .nullable(),
    identities: z.array(z.object({ key_version: z.number().int(), ...entry, rotation_reason: z.string() })),
    storage: z.array(z.object({ storage_version: z.number().int(), ...entry })),
    reencryption: ReencryptionAnswer.nullable(),
    escrow: z.object({ recipient: z.string(), file_sha256: z.string(), written_at: Timestamp }).nullable(),
    outside_copies: z.array(
      z.object({
        copy_id: z.uuid(),
        kind: z.enum(['escrow', 'backup']),
        label: z.string(),
        sha256: z.string().nullable(),
        made_at: Timestamp,
        destroyed_at: Timestamp.nullable(),
      }),
    ),
  })
  .openapi('TenantKeys');

export const PurgeKeyBody = z
  .strictObject({
    kind: z.enum(['identity', 'storage']),
    version: z.number().int().min(1).max(9999),
    reason: Reason,
  })
  .openapi('PurgeKey');
