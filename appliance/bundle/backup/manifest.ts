import { z } from 'zod';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * What a backup says of itself, in the clear: `BACKUP.json`, the last entry of its tar. Ids, counts and hashes; what it is
 * about lies encrypted in the entries before.
 */
export const MANIFEST = 'BACKUP.json';
/** The appliance's own part: registry, log, clock. For the recovery recipient. */
export const APPLIANCE_PART = 'appliance.tar.age';
/** A tenant's part: rows, vectors, objects. For its backup key. */
export const tenantPart = (tenantId: string): string => `tenants/${tenantId}.tar.age`;
/** A tenant's audit log. For its backup key. */
export const tenantLog = (tenantId: string): string => `logs/${tenantId}.sqlite.age`;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);
const tenantId = z.string().regex(/^[a-z][a-z0-9]{2,31}$/);
const recipient = z.string().regex(/^age1[0-9a-z]{20,120}$/);
/** RFC 6962, over the leaves of an audit log. */
const TreeHead = z.strictObject({ size: count, root: sha256 });
const Entry = z.strictObject({ path: z.string().max(255), size: count, sha256 });

const TenantEntry = z.strictObject({
  tenant_id: tenantId,
  /** As it was when the backup was made. */
  state: z.enum(['ACTIVE', 'SUSPENDED']),
  /** Public half of the backup key that opens its part and its log. */
  backup_recipient: recipient,
  documents: count,
  chunks: count,
  objects: count,
  object_bytes: count,
  /** When its rows were as they are here. */
  rows_at: z.iso.datetime({ precision: 3 }),
  log: TreeHead,
  /** SHA-256 of the escrow file with the key, which lies beside the backup and not in it. */
  key_file_sha256: sha256,
});

const Manifest = z.strictObject({
  format: z.literal(1),
  backup_id: z.uuid(),
  began_at: z.iso.datetime({ precision: 3 }),
  made_at: z.iso.datetime({ precision: 3 }),
  /** Release of the program that made it. */
  version: z.string().max(100),
  /** What its tenants were kept in: a backup is restored into the same. */
  mode: z.enum(['embedded', 'stack']),
  recovery_recipient: recipient,
  ledger: z.strictObject({ entries: count, head: sha256 }),
  appliance_log: TreeHead,
  tenants: z.array(TenantEntry).max(10_000),
  /** Every entry before this one, in order. */
  entries: z.array(Entry).max(50_000),
});

export type BackupEntry = z.infer<typeof Entry>;
export type TreeHead = z.infer<typeof TreeHead>;
export type TenantInBackup = z.infer<typeof TenantEntry>;
export type BackupManifest = z.infer<typeof Manifest>;

/** The largest manifest that is read. */
export const LARGEST_MANIFEST = 64 << 20;

/** The bytes of a manifest. Throws where it is none. */
export function manifestBytes(manifest: BackupManifest): Buffer {
  return Buffer.from(`${JSON.stringify(Manifest.parse(manifest), null, 2)}\n`);
}

/** Reads a manifest; every field is treated as hostile. Throws `OBJECT_CORRUPTED`, or `VALIDATION_ERROR` for a later format. */
export function readManifest(bytes: Uint8Array): BackupManifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new FrostbyteError('OBJECT_CORRUPTED', `The backup is damaged: ${MANIFEST} is no JSON.`, { cause });
  }
  const { format } = (value ?? {}) as { format?: unknown };
  if (typeof format === 'number' && format > 1) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `The backup has format ${format}; this release reads format 1. Restore it with the release that made it, or a later one.`,
    );
  }
  const parsed = Manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The backup is damaged: ${MANIFEST} does not hold in ${issue?.path.join('.') || 'its form'}.`,
  );
}
