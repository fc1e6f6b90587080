import { createPublicKey, type KeyObject } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { PLANE_TABLE, type PlaneTable } from '../../api/plane/tables.ts';
import { type Handlers, serveVerbs } from '../../api/rpc/serve-verbs.ts';
import type { InboxQuery } from '../../api/schemas/inbox.ts';
import { TTL_SECONDS, verifyControlAssertion } from '../../api/seam.ts';
import { spentAssertions } from '../../api/spent-assertions.ts';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { Config } from '../../config/schema.ts';
import { createDataApp } from '../../data/app.ts';
import { controlLink } from '../../data/control-link.ts';
import { refillQueue } from '../../data/outbox.ts';
import type { DataPlane } from '../../data/plane.ts';
import { systemClock } from '../../kernel/clock.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { Turns } from '../../kernel/turns.ts';
import { createLogger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/metrics.ts';
import type { AuditOutbox } from '../../stores/record/port.ts';
import { endProcess } from '../end-process.ts';
import { inboxHealth, storesHealth, toolsHealth, workersHealth } from '../plane-health.ts';
import { listenAt, planeServer } from '../plane-server.ts';
import { readHandover } from '../read-handover.ts';
import { repeat } from '../repeat.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';
import { watchInboxes } from '../wire/inbox.ts';
import { inboxFolders } from '../wire/inbox-folders.ts';
import { maintain, mourn } from '../wire/maintenance.ts';
import { mendQueue } from '../wire/mend-queue.ts';
import { closeStores, openPlaneStores } from '../wire/plane-stores.ts';
import { RECORDING_MS, within } from '../wire/planes.ts';
import { presenceIn } from '../wire/presence.ts';
import { measureQueues } from '../wire/queue-lengths.ts';
import { queueAtRest } from '../wire/queue-rest.ts';
import { needsAnother, resealStore } from '../wire/reseal.ts';
import { type ObjectKeys, planeServices, tenantPlane } from '../wire/tenant-plane.ts';
import { tenantUsage } from '../wire/usage.ts';
import { startWorkers } from '../worker-pool.ts';

/**
 * The role `data-plane`: one tenant's stores and keys and nothing else. It listens at one address and answers there what
 * carries an assertion of a gateway or of control; it dials nobody. Its workers are its children.
 */

const MAINTENANCE_MS = 30_000;
/** How long jobs that a queue lost stay unnoticed. */
const REFILL_MS = 2000;
/** Time to say that the end has come. */
const LAST_WORDS_MS = 1000;
const GIB = 1024 ** 3;

/** Runs until SIGTERM, control's `drain`, or until whoever started it is gone. */
export async function serveDataPlane(tenantId: string, from: string): Promise<void> {
  const { handover, starterGone } = await readHandover(from, tenantId);
  const { running, drained } = await startDataPlane(handover);
  await runUntilTold(running, Promise.race([drained, starterGone]));
  endProcess();
  // What a library left waiting must not keep a tenant's keys in memory.
  process.exit(0);
}

async function startDataPlane(handover: Awaited<ReturnType<typeof readHandover>>['handover']): Promise<{
  running: Running;
  drained: Promise<void>;
}> {
  return acquiring(async (undo) => {
    const { tenant_id, stores } = handover;
    const config = handover.settings as unknown as Config;
    const clock = systemClock(Date.now, { floor: handover.clock_floor });
    const logger = createLogger({ level: config.log_level }).child('data-plane', { pid: process.pid });
    const metrics = createMetrics({ version: PIPELINE_VERSION });
    const { meter } = metrics;
    const link = controlLink(handover);
    let server: Server | undefined;
    let closed: Promise<void> | undefined;
    const answering = underWay();
    /** Takes no new connections; resolves when those there are have ended. */
    function stopListening(): Promise<void> {
      // Nothing is erased any more, and an open channel would keep the server from closing.
      link.detach();
      closed ??= new Promise((resolve) => {
        server?.close(() => resolve());
        server?.closeIdleConnections();
        if (server === undefined) resolve();
      });
      return closed;
    }
    // Last of all: who still waits for an answer hears that the stores are closed.
    undo.push(async () => {
      setTimeout(() => server?.closeAllConnections(), LAST_WORDS_MS).unref();
      await stopListening();
    });
    const services = planeServices(config, { clock, logger, meter });
    undo.push(() => services.close());
    if (stores.kind === 'embedded') await mendQueue(stores.queue, tenant_id, { clock, logger });
    const opened = await openPlaneStores(tenant_id, stores, { ...services, room: link.room, opener: 'plane' });
    undo.push(() => closeStores(opened));
    // The handover is what workers that start later get, so what changes is changed there.
    const objectKeys: ObjectKeys = { keys: async () => handover.storage_keys, turns: new Turns() };
    const plane = tenantPlane(tenant_id, opened, stores.temporary, objectKeys, link, services);
    undo.push(() => services.searching.close(tenant_id));

    const workers = startWorkers({
      count: config.workers.count,
      work: { handover: () => handover },
      logger,
      onMetrics: metrics.merge,
      onDeath: () => void mourn(plane, workers.isDead).then(() => workers.wake()),
    });
    undo.push(() => workers.stop());

    let isDraining = false;
    const ending = new AbortController();
    // Every upload listens to it.
    setMaxListeners(0, ending.signal);
    const folders = inboxFolders(config.inbox, logger);
    const inboxes =
      folders &&
      watchInboxes({
        settings: config.inbox,
        folders,
        use: (_tenantId, work) => work(plane),
        isSuspended: () => isDraining || !handover.is_open,
        async *tenants() {
          yield { tenant_id, state: 'ACTIVE' };
        },
        wake: () => workers.wake(),
        logger,
      });
    const gateways = new Map<string, KeyObject>();
    const trust = (id: string, pem: string) => void gateways.set(id, createPublicKey(pem));
    for (const [id, pem] of Object.entries(handover.gateway_keys)) trust(id, pem);
    const spent = spentAssertions((TTL_SECONDS + 10) * 1000);
    const app = createDataApp({
      plane,
      seamKey: ({ kid }) => {
        const key = gateways.get(kid ?? '');
        if (key === undefined) throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'Not a gateway of this appliance.');
        return key;
      },
      spent,
      ending: ending.signal,
      wake: () => workers.wake(),
      ...(inboxes && { inbox: (query: InboxQuery) => inboxes.status(tenant_id, query) }),
    });

    const beat = repeat(
      async () => {
        const { config: tenantConfig } = await plane.config();
        await maintain(
          plane,
          tenantConfig.storage_quota_gb * GIB,
          workers.isDead,
          () => isDraining || !handover.is_open,
        );
        workers.wake();
      },
      MAINTENANCE_MS,
      (error) => logger.warn('maintenance failed', codeFrames(error)),
    );
    undo.push(() => beat.stop());
    const refilling = repeat(
      async () => {
        const count = await refillQueue(plane);
        if (count === 0) return;
        logger.warn('the queue had lost its jobs, which were made again', { ...shaped({ tenant_id }), count });
        workers.wake();
      },
      REFILL_MS,
      // A queue that cannot be asked has nothing to be told.
      () => undefined,
    );
    undo.push(() => refilling.stop());
    inboxes?.start();
    undo.push(() => inboxes?.stop());

    const drained = Promise.withResolvers<void>();
    const controlKey = createPublicKey(handover.control_key);
    server = planeServer({
      fetch: (request) => answering.add(app.fetch(request)),
      internal: serveVerbs(
        PLANE_TABLE,
        {
          ...answersOf(plane),
          alive: async () => true,
          configure: async (tenantConfig: typeof handover.config, version: number) => {
            link.configure(tenantConfig, version);
            if (version >= handover.config_version)
              Object.assign(handover, { config: tenantConfig, config_version: version });
            workers.tell({ type: 'configure', config: tenantConfig, version });
          },
          rekey: async (keys: typeof handover.storage_keys) => {
            handover.storage_keys = keys;
            workers.tell({ type: 'rekey', keys });
          },
          reseal: (after: string | null) => resealStore(opened.objects, objectKeys, after),
          needsAnother: (recipients: readonly string[]) => {
            const { identities, recipients: all } = handover.storage_keys;
            return needsAnother(
              opened.objects,
              identities.filter((_identity, at) => recipients.includes(all[at]!)),
            );
          },
          trust: async (id: string, pem: string) => trust(id, pem),
          open: async () => {
            handover.is_open = true;
          },
          drain: async (ms: number) => {
            isDraining = true;
            workers.tell({ type: 'drain' });
            // A sender that was cut off is gone from the server before what came of it is recorded.
            const quiet = stopListening().then(() => answering.settled());
            void within(ms, Promise.all([quiet, queueAtRest(plane.queue, ms)]))
              .then(() => {
                // Whoever still reads from a sender keeps what came and ends, before the stores are closed.
                ending.abort();
                return within(RECORDING_MS, quiet);
              })
              .catch((error: unknown) => logger.warn('the drain failed', codeFrames(error)))
              .then(() => drained.resolve());
          },
          health: async () => [
            workersHealth(workers.pids().length, config.workers.count),
            ...(folders ? [inboxHealth(folders.silent())] : []),
            ...(await storesHealth([plane])),
            ...(await toolsHealth(services.parser, services.scanner)),
          ],
          stores: () => storesHealth([plane]),
          measures: async () => {
            await measureQueues(tenant_id, plane.queue, meter).catch(() => undefined);
            return metrics.collected();
          },
        } satisfies Handlers<PlaneTable>,
        (_verb, error) => logger.error('a verb of the data plane failed', codeFrames(error)),
      ),
      admitControl: (path, assertion) => verifyControlAssertion(controlKey, { path, assertion }, tenant_id, spent),
      attach: link.attach,
    });
    await listenAt(server, handover.listen);
    logger.info('data plane listening', { version: PIPELINE_VERSION });
    return {
      running: { says: `frostbyte ${PIPELINE_VERSION} runs a data plane`, stop: () => undo.run() },
      drained: drained.promise,
    };
  });
}

/** Answers that are being made, also for those who have gone meanwhile. */
function underWay() {
  const promises = new Set<Promise<unknown>>();
  return {
    add<T>(answer: T | Promise<T>): T | Promise<T> {
      if (!(answer instanceof Promise)) return answer;
      promises.add(answer);
      const done = () => promises.delete(answer);
      answer.then(done, done);
      return answer;
    },
    async settled(): Promise<void> {
      while (promises.size > 0) await Promise.allSettled([...promises]);
    },
  };
}

/** What control asks of a tenant's records. */
function answersOf(plane: DataPlane) {
  const { records } = plane;
  return {
    pendingEvents: (limit: number) => records.pendingEvents(limit),
    markRelayed: (positions: Parameters<AuditOutbox['markRelayed']>[0]) => records.markRelayed(positions),
    presence: (kind: 'batch' | 'document', id: string) => presenceIn(records, kind, id),
    usage: () => tenantUsage(plane),
  };
}
