import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { STAGES } from '../../../appliance/bin/run-worker.ts';
import {
  type EmbeddedResources,
  embeddedResources,
  reachableRecords,
} from '../../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../../appliance/bin/wire/embedded-root-key.ts';
import { maintain } from '../../../appliance/bin/wire/maintenance.ts';
import { type Control, createControl } from '../../../appliance/control/create-control.ts';
import { isSuspended } from '../../../appliance/control/tenants/suspension-flags.ts';
import { createDataApp } from '../../../appliance/data/app.ts';
import { InboxMemory } from '../../../appliance/data/inbox/memory.ts';
import { inboxRound } from '../../../appliance/data/inbox/round.ts';
import { servedVectors, type VectorIndexes } from '../../../appliance/data/indexes.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { createWorker } from '../../../appliance/data/worker.ts';
import { adminHandler } from '../../../appliance/gateway/admin.ts';
import { createGateway } from '../../../appliance/gateway/app.ts';
import { auditHandler } from '../../../appliance/gateway/audit.ts';
import { dataPlaneHandler } from '../../../appliance/gateway/data-plane.ts';
import { besideFile, controlPaths, logPath, tenantPaths } from '../../../appliance/kernel/names.ts';
import { lexicalEmbedder } from '../../../appliance/models/embedder/lexical.ts';
import { silentLogger } from '../../../appliance/observability/logger.ts';
import { createMetrics } from '../../../appliance/observability/metrics.ts';
import { unlimited } from '../../../appliance/stores/limits/port.ts';
import { openSqliteLog } from '../../../appliance/stores/log/sqlite.ts';
import { openFilesystemObjects } from '../../../appliance/stores/object/filesystem.ts';
import { openSqliteQueue } from '../../../appliance/stores/queue/sqlite.ts';
import { openSqliteRecords } from '../../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../../appliance/stores/vector/sqlite-vec.ts';
import { NEVER_HOURS } from '../control/control-fixture.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { inProcessParser, plantedScanner, type Trouble, troubled } from './doubles.ts';

/**
 * A whole appliance in one process and without sockets: real control, real gateway, real tenant apps over real embedded
 * stores in a folder in memory, real stages under the real worker. What is stood in for: the parser's process and the
 * malware scanner (`doubles.ts`), and the clock, which the test moves. Objects lie unsealed: sealing has a contract of its
 * own, and costs as much as all the rest of a document's way.
 */
export interface World {
  readonly clock: ManualClock;
  readonly control: Control;
  /** The data folder. */
  readonly folder: string;
  /** The gateway's answer to a request below `/api/v1`. */
  fetch(
    method: string,
    path: string,
    init: { headers: Record<string, string>; body?: string | FormData | Uint8Array<ArrayBuffer> },
  ): Promise<Response>;
  /** The open plane of a tenant that is served. */
  plane(tenantId: string): Promise<DataPlane>;
  /** Runs workers until no document and no request of these tenants is under way, with a stage in trouble or none. */
  runToRest(tenants: readonly string[], trouble?: Trouble | null): Promise<void>;
  /** The tenant's inbox folder on the host. */
  inboxFolder(tenantId: string): string;
  /** Looks at the inbox, lets the time of holding still go by, looks again: whatever is complete is taken. */
  lookIntoInbox(tenantId: string): Promise<void>;
  /** What the daemon does now and then for a tenant: sweeps of every kind. */
  maintain(tenantId: string): Promise<void>;
  /** Closes everything and opens it again on the same folder. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const LONGEST_RUN_MS = 20_000;
const DRAIN_MS = 1000;
const INBOX = Object.freeze({ stableMs: 10_000, waitingMs: 900_000, takenFiles: 'keep' });

/** The file system in memory, where there is one: the stores sync every commit. */
async function quickFolder(): Promise<string> {
  const name = 'frostbyte-visibility-';
  return mkdtemp(join('/dev/shm', name)).catch(() => mkdtemp(join(tmpdir(), name)));
}

interface Open {
  control: Control;
  resources: EmbeddedResources;
  planes: Map<string, Promise<DataPlane>>;
  plane: World['plane'];
  fetch: World['fetch'];
}

export async function openWorld(): Promise<World> {
  const folder = await quickFolder();
  const clock = manualClock();
  const { meter } = createMetrics({ version: '' });
  const embedder = lexicalEmbedder();
  const parser = inProcessParser();
  const scanner = plantedScanner();
  const seam = generateKeyPairSync('ed25519');
  mkdirSync(controlPaths(folder).temporary, { recursive: true });

  async function open(): Promise<Open> {
    const root = await embeddedRootKey(folder, clock);
    const planes: Open['planes'] = new Map();
    const opened = new Map<string, DataPlane>();
    const apps = new Map<DataPlane, ReturnType<typeof createDataApp>>();

    async function make(tenant_id: string): Promise<DataPlane> {
      const { state } = await control.gate(tenant_id);
      if (state !== 'ACTIVE') throw new Error(`the stores of a tenant that is ${state} stay closed`);
      const paths = tenantPaths(folder, tenant_id);
      const records = openSqliteRecords(paths.records, { tenant_id, clock });
      const index = (file: string) => openSqliteVectors(file, { appliedAt: clock.iso() });
      const indexes: VectorIndexes = [index(paths.vectors), index(besideFile(paths.vectors))];
      const plane: DataPlane = {
        tenant_id,
        objects: openFilesystemObjects(paths.objects),
        records,
        vectors: servedVectors(records, indexes),
        indexes,
        queue: openSqliteQueue(paths.queue, { clock }),
        embedder: async () => embedder,
        parser,
        scanner,
        clock,
        logger: silentLogger,
        meter,
        temporary: controlPaths(folder).temporary,
        isClockTrusted: async () => true,
        holds: (docId, batchIds) => control.holdsOn(tenant_id, docId, batchIds),
        async config() {
          const { config, config_version } = await control.gate(tenant_id);
          return { config: config!, config_version };
        },
      };
      opened.set(tenant_id, plane);
      return plane;
    }

    async function close(tenantId: string): Promise<void> {
      const plane = await planes.get(tenantId);
      planes.delete(tenantId);
      opened.delete(tenantId);
      if (plane) await closeStores(plane);
    }

    const resources = embeddedResources({
      dataFolder: folder,
      clock,
      root,
      planes: {
        records(tenantId) {
          const open = opened.get(tenantId);
          return open === undefined ? null : reachableRecords(open.records);
        },
        stop: close,
      },
    });
    const control: Control = await createControl({
      dataFolder: folder,
      clock,
      logger: silentLogger,
      resources,
      openLog: async (logId) => openSqliteLog(logPath(folder, logId), { tenant_id: logId, clock }),
      baseUrl: () => 'http://127.0.0.1:8080',
      drainMs: 0,
      retryWaits: [],
      // Beats come from what the test does, not from time.
      beatMs: 3_600_000,
      isolationHours: NEVER_HOURS,
    });
    await control.start();

    const get = (tenantId: string): Promise<DataPlane> => {
      const plane = planes.get(tenantId) ?? make(tenantId);
      planes.set(tenantId, plane);
      return plane;
    };
    const gateway = createGateway({
      control,
      limiter: unlimited,
      logger: silentLogger,
      meter,
      handlers: {
        data: dataPlaneHandler(async (tenantId, request) => {
          const plane = await get(tenantId);
          const app = apps.get(plane) ?? createDataApp({ plane, seamKey: seam.publicKey, wake: () => undefined });
          apps.set(plane, app);
          return app.fetch(request);
        }, seam.privateKey),
        control: adminHandler(control),
        audit: auditHandler(control),
        gateway: async () => new Response(null, { status: 500 }),
      },
      open: new Hono(),
      isClosed: () => false,
    });
    return {
      control,
      resources,
      planes,
      plane: get,
      fetch: async (method, path, init) => gateway.request(`/api/v1${path}`, { method, ...init }),
    };
  }

  let now = await open();
  /** What the daemon remembers of inboxes; lost with it. */
  let memories = new Map<string, InboxMemory>();
  const inboxFolder = (tenantId: string) => join(folder, 'inbox', tenantId);

  async function inboxRounds(tenantId: string): Promise<void> {
    const memory = memories.get(tenantId) ?? new InboxMemory();
    memories.set(tenantId, memory);
    mkdirSync(inboxFolder(tenantId), { recursive: true });
    const tenant = await openFile(inboxFolder(tenantId));
    try {
      for (let more = true; more; ) {
        const { config, config_version } = await now.control.gate(tenantId);
        ({ more } = await inboxRound({
          plane: await now.plane(tenantId),
          tenant,
          memory,
          settings: INBOX,
          current: { max_batch_size: config!.max_batch_size, config_version },
          halted: () => isSuspended(folder, tenantId),
          wake: () => undefined,
          elapsed: () => clock.now(),
        }));
      }
    } finally {
      await tenant.close();
    }
  }

  const shut = async () => {
    await now.control.stop();
    for (const plane of now.planes.values()) await closeStores(await plane);
    await now.resources.close();
  };
  const plane = (tenantId: string) => now.plane(tenantId);

  return {
    clock,
    folder,
    get control() {
      return now.control;
    },
    fetch: (method, path, init) => now.fetch(method, path, init),
    plane,
    async runToRest(tenants, trouble = null) {
      const planes = await Promise.all(tenants.map(plane));
      const { promise: rested, resolve } = Promise.withResolvers<void>();
      const isDone = async ({ records }: DataPlane) =>
        (await records.unfinished(null, 1)).length === 0 && (await records.openReprocess()) === null;
      const worker = createWorker({
        name: 'w',
        stages: troubled(STAGES, trouble),
        planes: async () => {
          const done = await Promise.all(planes.map(isDone));
          if (!done.includes(false)) resolve();
          return planes;
        },
        isSuspended: (tenantId) => isSuspended(folder, tenantId),
        concurrency: 1,
        leaseMs: 60_000,
        drainMs: DRAIN_MS,
        idleMs: 1,
      });
      const running = worker.run();
      const timer = setTimeout(() => resolve(), LONGEST_RUN_MS);
      await rested;
      clearTimeout(timer);
      await worker.stop();
      await running;
      if ((await Promise.all(planes.map(isDone))).includes(false)) throw new Error('the pipeline never came to rest');
    },
    inboxFolder,
    async lookIntoInbox(tenantId) {
      await inboxRounds(tenantId);
      clock.advance(INBOX.stableMs);
      await inboxRounds(tenantId);
    },
    async maintain(tenantId) {
      const { config } = await now.control.gate(tenantId);
      await maintain(
        await plane(tenantId),
        config!.storage_quota_gb * 1024 ** 3,
        () => false,
        () => false,
      );
    },
    async restart() {
      await shut();
      memories = new Map();
      now = await open();
    },
    async end() {
      try {
        await shut();
      } finally {
        await embedder.close();
        await rm(folder, { recursive: true });
      }
    },
  };
}

function closeStores(plane: DataPlane): Promise<unknown> {
  return Promise.all([plane.objects.close(), plane.records.close(), plane.vectors.close(), plane.queue.close()]);
}
