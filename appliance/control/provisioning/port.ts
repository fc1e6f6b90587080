import type { RecoveryChallenge, RecoveryStatus } from '../../secrets/recovery.ts';
import type { AuditOutbox } from '../../stores/record/port.ts';
import type { KeyKind } from '../keys/types.ts';
import type { IsolationReport } from '../verbs.ts';

/**
 * What a tenant is made of, as the provisioning sequence sees it: things to make, to check and to destroy. `bin/wire/`
 * says what they are (files in embedded mode, users and servers in stack mode).
 */
export interface TenantResources {
  /** The age identity and the first storage identity, under the root key. */
  readonly keys: TenantResource & KeyChanges;
  /** The tenant's secrets: a random API key of 256 bits, and in stack mode the stores' credentials. */
  readonly credentials: TenantResource & CredentialChanges;
  readonly objects: TenantResource & SealedObjects;
  readonly records: TenantResource;
  readonly vectors: TenantResource;
  readonly queue: TenantResource;
  /** The tenant's own network, in stack mode. */
  readonly network?: TenantResource;
  /** What runs in it, in stack mode: proven to start, to reach its stores and to answer. */
  readonly containers?: TenantResource;

  /**
   * Ends the tenant's running work and closes its stores. Work in flight has `drainMs` to finish. A tenant that is not
   * running is no error.
   */
  stop(tenantId: string, drainMs: number): Promise<void>;
  /** The events that the tenant's own records hold for the relay; null where it has no records (any more). */
  outbox(tenantId: string): Promise<AuditOutbox | null>;
  /**
   * Whether a batch or a document is there, also while the tenant is suspended: what is asked before it is held.
   * `going`: the document is being erased.
   */
  presence(tenantId: string, kind: 'batch' | 'document', id: string): Promise<'there' | 'going' | 'missing'>;
  /**
   * Tries, with what this tenant holds, first its own things and then each target's. Targets are other tenants; the
   * probe tenant is made when it is not there. Never harms a target but the probe.
   */
  isolation(tenantId: string, targets: readonly IsolationTarget[]): Promise<IsolationFinding[]>;
  /** What a check must have tried of the tenant's own, and of others': every store that this appliance has. */
  readonly isolated: IsolatedStores;

  /** Encrypts bytes to the root key of the appliance. */
  sealWithRoot(bytes: Uint8Array): Promise<Uint8Array>;
  /** Opens what `sealWithRoot` made. Throws `KEY_UNAVAILABLE`. */
  openWithRoot(sealed: Uint8Array): Promise<Uint8Array>;

  /** The recipient that receives escrow files, and the proof that somebody holds its private half (spec 3). */
  readonly recovery: RecoveryKeeping;
}

/** Every verb may be repeated after a crash half way, and then ends the same. */
export interface TenantResource {
  /** Makes it, or finishes making it. Never replaces what is whole: keys above all. */
  make(tenantId: string): Promise<void>;
  /** Throws unless it is whole and answers: writes, reads and deletes a canary where the thing can hold one. */
  check(tenantId: string): Promise<void>;
  /** Destroys it, all versions and copies on this machine. What is not there is no error. */
  destroy(tenantId: string): Promise<void>;
  /** True when nothing of it is left. */
  isGone(tenantId: string): Promise<boolean>;
}

/** A tenant's keys as the registry notes them: public halves and numbers. */
export interface TenantKey {
  /** Of the identity that opens the secrets file. */
  age_public_key: string;
  key_version: number;
  /** Storage identities, newest first; objects are written for the first. */
  storage: { storage_version: number; age_public_key: string }[];
}

/**
 * What a rotation does to a tenant's keys, one crash-safe step a verb. A step that is repeated ends the same; in between,
 * either the old or the new identity opens the secrets.
 */
export interface KeyChanges {
  current(tenantId: string): Promise<TenantKey>;
  /** Makes the identity with this number beside the current one; where it is there already, that one is it. */
  addIdentity(tenantId: string, version: number): Promise<void>;
  /** Encrypts the secrets to the identity with this number, which is proven to open them before the old ones go. */
  rewrap(tenantId: string, version: number): Promise<void>;
  /** Adds the storage identity with this number, escrowed before it is used. */
  addStorage(tenantId: string, version: number): Promise<void>;
  /** Destroys an identity that is not in use. Throws `INVALID_STATE_TRANSITION` for one that is. */
  purge(tenantId: string, kind: KeyKind, version: number): Promise<void>;
  /** Writes the escrow file for the proven recovery recipient; null where there is none. */
  escrow(tenantId: string): Promise<EscrowFile | null>;
  /** Copies the escrow file into a folder (a stick); null where there is none. Answers the copy. */
  copyEscrow(tenantId: string, folder: string): Promise<{ path: string; sha256: string } | null>;
}

export interface EscrowFile {
  recipient: string;
  file_sha256: string;
  /** Over the public keys that it holds the private halves of. */
  keys_hash: string;
}

export interface CredentialChanges {
  /**
   * Replaces every credential of the tenant by a new one, in each store a new user. On return the old ones are dead and
   * sessions under them ended. May be repeated after a crash half way: it ends with one live credential a store.
   */
  renew(tenantId: string): Promise<void>;
}

/** Moving a tenant's objects to its newest storage identity. */
export interface SealedObjects {
  /**
   * Seals each object behind `after` anew, in the order of the keys, and says of each what was done. Objects that are
   * written meanwhile are for the newest by themselves. A damaged object is passed by.
   */
  reseal(tenantId: string, after: string | null): AsyncIterable<ResealedObject>;
  /** Whether some object needs this storage identity: no other opens it. O(objects). */
  needStorage(tenantId: string, version: number): Promise<boolean>;
}

export interface ResealedObject {
  key: string;
  bytes: number;
  outcome: 'moved' | 'current' | 'gone' | 'failed';
}

export interface RecoveryKeeping {
  status(): Promise<RecoveryStatus>;
  /** Names a recipient (`age1…`). Throws `VALIDATION_ERROR`. */
  name(recipient: string): Promise<RecoveryChallenge>;
  /** Another challenge for the one that is named. Throws `RESOURCE_NOT_FOUND`. */
  challenge(): Promise<RecoveryChallenge>;
  /** Takes the answer. Throws `RESOURCE_NOT_FOUND`, `VALIDATION_ERROR`. */
  prove(answer: string): Promise<RecoveryStatus>;
}

export interface IsolationTarget {
  tenant_id: string;
  /** The built-in probe: the only target whose things may be written or deleted. */
  probe: boolean;
}

/** Stores by the names that findings have. */
export interface IsolatedStores {
  readonly own: readonly string[];
  readonly foreign: readonly string[];
}

export type IsolationFinding = Omit<IsolationReport['checks'][number], 'timestamp'>;
