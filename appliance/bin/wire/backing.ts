import type { PlaneStores } from '../../api/plane/handover.ts';
import type { Dependency } from '../../api/plane/tables.ts';
import type { Config } from '../../config/schema.ts';
import type { Holdings } from '../../control/neighbours/storage.ts';
import type { Takes } from '../../control/neighbours/watch.ts';
import type { TenantResources } from '../../control/provisioning/port.ts';
import type { LimitsPlace } from '../../control/split-verbs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import type { AuditLog } from '../../stores/log/port.ts';
import type { RunningPlanes } from './embedded-resources.ts';

/** What control keeps tenants in: folders and files, or servers. */
export interface Backing {
  resources: TenantResources;
  /** What a tenant's data plane is handed when it is started. */
  stores(tenantId: string): Promise<PlaneStores>;
  /** The appliance's settings as they are where a tenant's data plane runs. */
  settings(tenantId: string): Promise<Config>;
  openLog(logId: string): Promise<AuditLog>;
  /**
   * Bytes that may still be written to each disk that tenants share: of the servers' volumes, and of the files beside them;
   * null where the data plane sees the disk itself.
   */
  rooms(): Promise<readonly number[] | null>;
  /** Where gateways count requests together; null where each counts for itself. */
  limits(): Promise<LimitsPlace | null>;
  /** Sets the gauge of what waits for a tenant that is stopped (spec 3: its depth is frozen). Never throws. */
  measureStopped(tenantId: string): Promise<void>;
  /** What each tenant's data plane takes of what others share; none where that is not looked at. */
  look(): Promise<readonly Takes[]>;
  /** Whether a tenant has documents that are not finished. */
  isAtWork(tenantId: string): Promise<boolean>;
  /** What a tenant holds on the disks that all share: `rooms` says what is left of them. */
  weigh(tenantId: string): Promise<Holdings>;
  /** Ends sessions at shared servers that run longer than a tenant may ask them to. */
  endLongSessions(): Promise<void>;
  /** What tenants are kept in, where control itself keeps it up. */
  health(): Promise<Dependency[]>;
  close(): Promise<void>;
}

export interface BackingParts {
  config: Config;
  root: KeyPair;
  clock: Clock;
  logger: Logger;
  meter: Meter;
  /** The data planes that run in processes or containers of their own. */
  planes: RunningPlanes;
}
