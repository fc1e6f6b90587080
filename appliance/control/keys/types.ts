/** What control tells of a tenant's keys: public halves, numbers, times. Plain data, also over the socket. */

export interface RotationRequest {
  reason: string;
  /** Also a new storage identity and new store credentials; the old credentials are dead on return. */
  emergency?: boolean;
}

export interface KeyRotation {
  tenant_id: string;
  key_version: number;
  previous_key_version: number;
  age_public_key: string;
  storage_version: number;
  emergency: boolean;
  /** When the next is due. */
  key_rotation_due_at: string;
}

export type KeyStatus = 'ACTIVE' | 'ARCHIVED' | 'PURGED';

export interface KeyEntry {
  key_version: number;
  public_key_hash: string;
  status: KeyStatus;
  created_at: string;
  archived_at: string | null;
  /** When an archived one is purged by itself, unless something needs it. */
  purge_due_at: string | null;
  purged_at: string | null;
  rotation_reason: string;
}

export interface StorageKeyEntry extends Omit<KeyEntry, 'key_version' | 'rotation_reason'> {
  storage_version: number;
}

export interface Reencryption {
  tenant_id: string;
  storage_version: number;
  status: 'running' | 'completed';
  started_at: string;
  completed_at: string | null;
  examined: number;
  moved: number;
  moved_bytes: number;
  /** Objects that no key opens or that are damaged; they stay as they are. */
  failed: number;
  /** Why it waits, where it does. */
  error_code: string | null;
}

export interface OutsideCopy {
  copy_id: string;
  kind: 'escrow' | 'backup';
  label: string;
  sha256: string | null;
  made_at: string;
  destroyed_at: string | null;
}

export interface TenantKeyReport {
  tenant_id: string;
  key_version: number | null;
  key_rotated_at: string | null;
  key_rotation_due_at: string | null;
  /** A rotation that began and has yet to end. */
  rotation: { key_version: number; emergency: boolean; started_at: string; error_code: string | null } | null;
  /** Newest first. */
  identities: KeyEntry[];
  storage: StorageKeyEntry[];
  reencryption: Reencryption | null;
  escrow: { recipient: string; file_sha256: string; written_at: string } | null;
  /** What the site must destroy when the tenant goes; until then it can be read. */
  outside_copies: OutsideCopy[];
}

/** `identity`: opens the secrets file (KEK). `storage`: opens objects. */
export type KeyKind = 'identity' | 'storage';

/** Which archived key is to be destroyed, and why. */
export interface PurgeRequest {
  kind: KeyKind;
  version: number;
  reason: string;
}
