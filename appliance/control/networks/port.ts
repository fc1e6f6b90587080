import type { TenantResource } from '../provisioning/port.ts';
import type { Service } from '../stack/addresses.ts';

/** A tenant's network: a /24 that leads nowhere else (spec 7, "Compose"). */
export interface TenantNetwork {
  /** 1 to 254, the third number of its addresses. */
  number: number;
  /** As the container engine knows it. */
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
   * Makes what is missing and takes away what does not belong: networks that the engine lost, stores that were made anew,
   * whoever sits in a network that is not his. Where all is right nothing is changed; what is not ours is left alone.
   * Answers what was mended, in words. Throws, once all was tried, the first error that there was.
   */
  reconcile(): Promise<string[]>;
}
