import type { BackupManifest } from '../../../bundle/backup/manifest.ts';
import type { Registry } from '../../../control/registry/open.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { UnpackedPart } from '../backup/unpack-tenant.ts';
import type { ReachableRecords } from '../embedded-resources.ts';
import type { OpenStores } from '../plane-stores.ts';
import type { SearchThreads } from '../search-threads.ts';

type Progress = (done: number, total: number) => void;

/**
 * What a restore puts tenants into: files beside the data folder, or servers on which nobody's tenants are. Whatever is made
 * there is in nobody's way until the registry is in its place.
 */
export interface RestoredStores {
  mode: BackupManifest['mode'];
  /** Steps of a tenant's deletion here. */
  deletion: readonly string[];
  /** Throws `INVALID_STATE_TRANSITION` where an appliance is that somebody uses: a restore puts nothing over one. */
  refuseUsed(): Promise<void>;
  /** Takes away what a killed run left of these tenants. */
  clear(tenantIds: readonly string[]): Promise<void>;
  /** Takes a tenant's part; everything is durable on return. */
  take(tenantId: string, plain: AsyncIterable<Uint8Array>, clock: Clock): Promise<UnpackedPart>;
  /** Takes a tenant away again that was deleted behind the backup. */
  forget(tenantId: string): Promise<void>;
  /** The stores of a tenant that was taken. */
  open(tenantId: string, opening: { clock: Clock; searching: SearchThreads }): Promise<OpenStores>;
  /** The events that a tenant's records hold for its log; null where it has no records. Until `endRelay`. */
  outbox(tenantId: string, clock: Clock): Promise<ReachableRecords | null>;
  endRelay(): Promise<void>;
  /** What the registry says of where tenants run, as it is on this box. */
  settle(registry: Registry, tenantIds: readonly string[]): void;
  /** Brings the logs, which are files so far, to where they are kept; absent where files are what they are kept in. */
  loadLogs?(clock: Clock, progress: Progress): Promise<void>;
  /** Makes way for what is moved into place next. Called again behind a kill it goes on. */
  makeWay(): Promise<void>;
  close(): Promise<void>;
}
