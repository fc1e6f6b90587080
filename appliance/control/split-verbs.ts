import type { PlaneAddress } from '../api/plane/handover.ts';
import type { Dependency } from '../api/plane/tables.ts';
import type { ServerTls } from '../kernel/server-tls.ts';

/** What a gateway in a process of its own asks beside the verbs of control: where the tenants' data planes are. */
export interface SplitVerbs {
  /** Names the gateway and the key by which it signs; data planes trust it from now on. Asked now and then. */
  announce(gateway: GatewayNote): Promise<void>;
  /**
   * Where a tenant's data plane answers, which by then trusts this gateway. Waits for one that is starting. Throws
   * `SERVICE_UNAVAILABLE` where that takes too long, or the tenant is not ACTIVE.
   */
  planeAddress(tenantId: string, gateway: GatewayNote): Promise<PlaneAddress>;
  /** Where gateways count requests together; null where each counts for itself. Throws `STORE_UNAVAILABLE`. */
  limits(): Promise<LimitsPlace | null>;
  /** Control, and each dependency of the data planes, without ids or secrets. */
  readiness(): Promise<Dependency[]>;
  /** What control and the data planes measured, as one; and the tenants that are no more. */
  measures(): Promise<{ metrics: unknown[]; gone: string[] }>;
  /** What a gateway measured, for what the box keeps over time; believed of requests alone. */
  measured(keyId: string, metrics: unknown[]): Promise<void>;
}

/** A Redis server, and the user that may count there and do nothing else. */
export interface LimitsPlace {
  host: string;
  port: number;
  username: string;
  password: string;
  prefix: string;
  /** By which authority and name the server is known; in the clear without it. */
  tls?: ServerTls | undefined;
}

export interface GatewayNote {
  key_id: string;
  /** Ed25519, SPKI in PEM. */
  public_key: string;
  /** Where it answers people. */
  url: string;
}
