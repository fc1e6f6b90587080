import type { AuditOutbox } from '../../stores/record/port.ts';
import type { IsolationReport } from '../verbs.ts';

/**
 * What a tenant is made of, as the provisioning sequence sees it: things to make, to check and to destroy. `bin/wire/`
 * says what they are (files in embedded mode, users and servers in stack mode).
 */
export interface TenantResources {
  /** The age identity and the first storage identity, under the root key. */
  readonly keys: TenantResource & { current(tenantId: string): Promise<TenantKey> };
  /** The tenant's secrets: a random API key of 256 bits, and in stack mode the stores' credentials. */
  readonly credentials: TenantResource;
  readonly objects: TenantResource;
  readonly records: TenantResource;
  readonly vectors: TenantResource;
  readonly queue: TenantResource;

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

  /** Encrypts bytes to the root key of the appliance. */
  sealWithRoot(bytes: Uint8Array): Promise<Uint8Array>;
  /** Opens what `sealWithRoot` made. Throws `KEY_UNAVAILABLE`. */
  openWithRoot(sealed: Uint8Array): Promise<Uint8Array>;
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

export interface TenantKey {
  age_public_key: string;
  key_version: number;
}

export interface IsolationTarget {
  tenant_id: string;
  /** The built-in probe: the only target whose things may be written or deleted. */
  probe: boolean;
}

export type IsolationFinding = Omit<IsolationReport['checks'][number], 'timestamp'>;
