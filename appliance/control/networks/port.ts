import type { TenantResource } from '../provisioning/port.ts';

/** Who has which last number in every network: stores where they are attached, the tenant's own containers behind. */
export const LAST = Object.freeze({
  host: 1,
  postgres: 10,
  objects: 11,
  scanner: 13,
  qdrant: 14,
  plane: 20,
  redis: 21,
});
export type Service = keyof typeof LAST;

/** A tenant's network: a /24 that leads nowhere else (spec 7, "Compose"). */
export interface TenantNetwork {
  number: number;
  name: string;
  /** Such as `172.28.3.0/24`. */
  cidr: string;
  address(service: Service): string;
}

/** The tenants' networks, made and kept by control. */
export interface TenantNetworks extends TenantResource {
  /** Throws `STORE_UNAVAILABLE` for a tenant that has none. */
  of(tenantId: string): Promise<TenantNetwork>;
  /**
   * Makes what is missing and takes away what does not belong: networks that the engine lost, stores that were made anew.
   * Where all is right nothing is changed. Answers what was mended, in words.
   */
  reconcile(): Promise<string[]>;
}
