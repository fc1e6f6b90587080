import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { EmbeddedStores } from '../../api/plane/handover.ts';
import type { Config } from '../../config/schema.ts';
import type { ControlVerbs } from '../../control/verbs.ts';
import type { Parser } from '../../data/2-parse/sandbox/parse-file.ts';
import type { DataPlane, Scanner } from '../../data/plane.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { controlPaths, tenantPaths } from '../../kernel/names.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { watchStorageKeys } from '../../secrets/watch-storage-keys.ts';
import type { HeldClock } from './held-clock.ts';
import { objectTurns } from './object-turns.ts';
import { closeStores, openPlaneStores } from './plane-stores.ts';
import { planeServices, tenantPlane } from './tenant-plane.ts';

/** The open data planes of this process: made when first asked for, closed when a tenant goes or the process ends. */
export interface Planes {
  /** The plane of an ACTIVE tenant. Throws `TENANT_SUSPENDED` or `INVALID_STATE_TRANSITION` for any other. */
  get(tenantId: string): Promise<DataPlane>;
  /**
   * Runs `work` on a plane; `close` waits for it within its drain. `ending` fires when the drain is over: whoever still
   * reads from a sender keeps what came and ends, before the stores are closed.
   */
  use<T>(tenantId: string, work: (plane: DataPlane, ending: AbortSignal) => Promise<T>): Promise<T>;
  /** Has `close` wait for this work too. */
  hold(tenantId: string, work: Promise<unknown>): void;
  /** Those that are open now. */
  open(): DataPlane[];
  /** Closes a tenant's stores once nothing uses them, or when `drainMs` are over. */
  close(tenantId: string, drainMs?: number): Promise<void>;
  closeAll(): Promise<void>;
  readonly parser: Parser;
  readonly scanner: Scanner;
}

export interface PlanesOptions {
  config: Config;
  clock: HeldClock;
  logger: Logger;
  meter: Meter;
  root: () => Promise<KeyPair>;
  gate: ControlVerbs['gate'];
  holdsOn: ControlVerbs['holdsOn'];
}

/** How long work that was told to end may take to record what it has, in milliseconds. */
export const RECORDING_MS = 2000;

/** A tenant's stores below the data folder. */
export function embeddedStores(dataFolder: string, tenantId: string): EmbeddedStores {
  const { objects, records, vectors, queue } = tenantPaths(dataFolder, tenantId);
  return { kind: 'embedded', objects, records, vectors, queue, temporary: controlPaths(dataFolder).temporary };
}

/** Embedded planes: files and SQLite below the data folder, one parser for all. */
export function embeddedPlanes({ config, clock, logger, meter, root, gate, holdsOn }: PlanesOptions): Planes {
  const services = planeServices(config, { clock, logger, meter });
  const planes = new Map<string, Promise<DataPlane>>();
  const opened = new Map<string, DataPlane>();
  const inUse = new Map<string, Set<Promise<unknown>>>();
  const endings = new WeakMap<DataPlane, AbortController>();

  async function make(tenant_id: string): Promise<DataPlane> {
    // Stores of a tenant that is being deleted must not be made again by a late request.
    const { state } = await gate(tenant_id);
    if (state === 'SUSPENDED') throw new FrostbyteError('TENANT_SUSPENDED', 'The tenant is suspended.');
    if (state !== 'ACTIVE')
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        `The tenant is ${state ?? 'unknown'} and has no running data plane.`,
      );
    const keys = watchStorageKeys(await root(), tenantPaths(config.data_folder, tenant_id).secrets);
    await keys();
    const link: Pick<DataPlane, 'config' | 'holds' | 'isClockTrusted'> = {
      isClockTrusted: async () => clock.doubted() === null,
      holds: (docId, batchIds) => holdsOn(tenant_id, docId, batchIds),
      async config() {
        const { config: current, config_version } = await gate(tenant_id);
        if (current) return { config: current, config_version };
        throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
      },
    };
    const stores = embeddedStores(config.data_folder, tenant_id);
    const plane = tenantPlane(
      tenant_id,
      await openPlaneStores(tenant_id, stores, {
        ...services,
        room: async () => Number.POSITIVE_INFINITY,
        opener: 'plane',
      }),
      stores.temporary,
      { keys, turns: objectTurns(tenant_id) },
      link,
      services,
    );
    opened.set(tenant_id, plane);
    const ending = new AbortController();
    // Every upload of the tenant listens to it.
    setMaxListeners(0, ending.signal);
    endings.set(plane, ending);
    return plane;
  }

  function get(tenantId: string): Promise<DataPlane> {
    let plane = planes.get(tenantId);
    if (!plane) {
      plane = make(tenantId);
      planes.set(tenantId, plane);
      plane.catch(() => planes.delete(tenantId));
    }
    return plane;
  }

  return {
    parser: services.parser,
    scanner: services.scanner,
    get,
    async use(tenantId, work) {
      const plane = await get(tenantId);
      const running = work(plane, endings.get(plane)!.signal);
      hold(tenantId, running);
      return running;
    },
    hold,
    open: () => [...opened.values()],
    close,
    async closeAll() {
      await Promise.all([...planes.keys()].map((tenantId) => close(tenantId)));
      await services.close();
    },
  };

  function hold(tenantId: string, work: Promise<unknown>): void {
    const users = inUse.get(tenantId) ?? new Set();
    inUse.set(tenantId, users);
    users.add(work);
    const done = () => users.delete(work);
    work.then(done, done);
  }

  async function close(tenantId: string, drainMs = 0): Promise<void> {
    const plane = await planes.get(tenantId)?.catch(() => undefined);
    planes.delete(tenantId);
    opened.delete(tenantId);
    const users = Promise.allSettled(inUse.get(tenantId) ?? []);
    if (drainMs > 0) await within(drainMs, users);
    if (plane) endings.get(plane)?.abort();
    if (drainMs > 0) await within(RECORDING_MS, users);
    await services.searching.close(tenantId);
    if (plane) await closeStores(plane);
  }
}

/** Waits for `work`, at most so long. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, wait(ms, undefined, { signal: over.signal, ref: false }).catch(() => undefined)]);
  over.abort();
}
