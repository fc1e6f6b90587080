import { randomBytes } from 'node:crypto';
import type { IsolatedStores, TenantResource, TenantResources } from '../../../control/provisioning/port.ts';
import { raisedFlags } from '../../../control/tenants/suspension-flags.ts';
import { clamdScanner } from '../../../data/1-intake/clamd.ts';
import { CANARY } from '../../../isolation/objects/try-objects.ts';
import { diskRoom } from '../../../kernel/disk-room.ts';
import { codeFrames, FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import { tenantPaths } from '../../../kernel/names.ts';
import { Turns } from '../../../kernel/turns.ts';
import { open as openSealed, seal } from '../../../secrets/age-file.ts';
import { openTenantKeys } from '../../../secrets/keyring.ts';
import { sealObjects } from '../../../secrets/sealed-objects.ts';
import { watchStorageKeys } from '../../../secrets/watch-storage-keys.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { RecordStore } from '../../../stores/record/port.ts';
import { repeat } from '../../repeat.ts';
import { storesDisk } from '../../stores-disk.ts';
import type { Backing, BackingParts } from '../backing.ts';
import { type ReachableRecords, reachableRecords } from '../embedded-resources.ts';
import { objectTurns } from '../object-turns.ts';
import { measureUnfinished } from '../queue-lengths.ts';
import { needsAnother, resealStore } from '../reseal.ts';
import { tenantKeyResources } from '../tenant-keys.ts';
import { settingsInside } from './containers.ts';
import { gatewayLimits } from './gateway-limits.ts';
import { keepNetwork } from './keep-network.ts';
import { openStackLogs } from './logs.ts';
import type { StackNetwork } from './network.ts';
import { type SharedServer, serversHealth } from './servers-health.ts';
import { tenantStores } from './stores.ts';

const MIB = 1024 * 1024;
/** How often what the kill-switch could not end yet is tried again. */
const END_MS = 2000;

/** What a check that runs on the host must have tried. */
const FROM_THE_HOST: IsolatedStores = Object.freeze({
  own: ['secrets', 'objects', 'records', 'vectors', 'queue'],
  foreign: ['secrets', 'objects', 'records', 'vectors', 'queue'],
});
/** What one must that runs in the tenant's network. */
const FROM_INSIDE: IsolatedStores = Object.freeze({
  own: [...FROM_THE_HOST.own, 'scanner'],
  foreign: [...FROM_THE_HOST.foreign, 'scanner', 'network'],
});

/** Tenants on the server stores: MinIO, PostgreSQL, Qdrant (or files), and a Redis server for each. */
export function stackBacking(network: StackNetwork): (parts: BackingParts) => Promise<Backing> {
  return async (parts) => {
    const { config, root, clock, logger, meter, planes } = parts;
    const dataFolder = config.data_folder;
    const { servers, networks, redis } = network;
    const stores = tenantStores({ config, clock, root, servers, redis });
    const keys = tenantKeyResources({ dataFolder, clock, root, newCredentials: stores.newCredentials });
    const logs = await openStackLogs({
      clock,
      root,
      ...servers.postgres,
      password: () => servers.secret('postgres_password'),
      hbaFolder: config.stack.hba_folder,
      asksCertificates: servers.asksCertificates,
      from: `${config.stack.subnet}.0.1/32`,
    });
    await stores.records.shareOut();
    const limits = gatewayLimits({ ...servers.redis, password: servers.secret('redis_password') });
    const disk = storesDisk(config.stack, network.engine);
    const shared: SharedServer[] = [
      ...stores.shared,
      { name: 'limits', check: () => limits.check() },
      ...(network.containers === null
        ? []
        : [{ name: 'scanner', check: () => clamdScanner(servers.coreScanner).check() }]),
    ];
    const storageKeys = (tenantId: string) => watchStorageKeys(root, tenantPaths(dataFolder, tenantId).secrets);

    /** Records that control itself has open, of tenants without a running plane. */
    const relayed = new Map<string, RecordStore>();
    const closeRelayed = async (tenantId: string): Promise<void> => {
      const records = relayed.get(tenantId);
      relayed.delete(tenantId);
      await records?.close();
    };
    const reachable = async (tenantId: string): Promise<ReachableRecords | null> => {
      const running = planes.records(tenantId);
      if (running) return running;
      const known = relayed.get(tenantId) ?? (await stores.records.open(tenantId));
      if (known === null) return null;
      relayed.set(tenantId, known);
      return reachableRecords(known);
    };

    /**
     * What others try to read; sealed as everything is. One that is there stays: a check that is under way meanwhile must find
     * it, since a server may say of what is missing that it is, also to who may not know.
     */
    const plant = (tenantId: string): Promise<void> =>
      planting.take(tenantId, async () => {
        const store = sealObjects(stores.openObjects(tenantId), storageKeys(tenantId), objectTurns(tenantId));
        try {
          if (await isWhole(store)) return;
          await store.delete(CANARY);
          await store.put(CANARY, randomBytes(32));
        } finally {
          await store.close();
        }
      });
    const planting = new Turns();
    /** Not so where an open door has cost it, or changed it. */
    const isWhole = async (store: Pick<ObjectStore, 'read'>): Promise<boolean> => {
      try {
        await store.read(CANARY);
        return true;
      } catch (error) {
        if (isFrostbyteError(error, 'STORE_UNAVAILABLE')) throw error;
        return false;
      }
    };

    /** Its queue has ended with its server; the records say what waits. */
    const measureStopped = async (tenantId: string): Promise<void> => {
      const records = await stores.records.open(tenantId).catch(() => null);
      if (records === null) return;
      try {
        await measureUnfinished(tenantId, records, meter);
      } catch (error) {
        logger.warn('what waits for a stopped tenant could not be counted', {
          ...shaped({ tenant_id: tenantId }),
          ...codeFrames(error),
        });
      } finally {
        await records.close();
      }
    };

    const resources: TenantResources = {
      ...keys,
      credentials: {
        ...keys.credentials,
        async renew(tenantId) {
          // A tenant that is stopped gets its new users when it is resumed, and not before.
          if (await stores.changeEnded(tenantId, () => keys.credentials.renew(tenantId))) return;
          // Its data plane holds what is to die; the next is started with the new.
          await stores.beforeEnd(
            tenantId,
            () => planes.stop(tenantId, config.drain_seconds * 1000),
            () => stores.end(tenantId),
          );
          await stores.revive(tenantId, () => keys.credentials.renew(tenantId));
        },
        async destroy(tenantId) {
          await keys.credentials.destroy(tenantId);
          await stores.forget(tenantId);
        },
      },
      network: networks,
      ...(network.containers && { containers: network.containers.resource }),
      objects: {
        ...stores.objects,
        async make(tenantId) {
          await stores.objects.make(tenantId);
          await plant(tenantId);
        },
        async *reseal(tenantId, after) {
          const store = stores.openObjects(tenantId);
          try {
            yield* resealStore(store, { keys: storageKeys(tenantId), turns: objectTurns(tenantId) }, after);
          } finally {
            await store.close();
          }
        },
        async needStorage(tenantId, version) {
          const { secrets } = await openTenantKeys(root, tenantPaths(dataFolder, tenantId).secrets);
          const others = secrets.storage.filter(({ number }) => number !== version).map(({ pair }) => pair.identity);
          const store = stores.openObjects(tenantId);
          return needsAnother(store, others).finally(() => store.close());
        },
      },
      records: closing(stores.records, closeRelayed),
      vectors: stores.vectors,
      queue: stores.queue,

      async stop(tenantId, drainMs) {
        await stores.beforeEnd(
          tenantId,
          async () => {
            await planes.stop(tenantId, drainMs);
            await closeRelayed(tenantId);
          },
          () => stores.end(tenantId),
        );
        await measureStopped(tenantId);
      },
      outbox: reachable,
      presence: async (tenantId, kind, id) => {
        const look = async () => (await (await reachable(tenantId))?.presence(kind, id)) ?? 'missing';
        try {
          return await look();
        } catch (error) {
          // A suspension ends the tenant's plane under our hands; the next look is control's own.
          if (!isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) throw error;
          return look();
        }
      },
      isolation: (tenantId, targets) => network.isolation({ parts, stores, resources, plant }, tenantId, targets),
      isolated: network.containers === null ? FROM_THE_HOST : FROM_INSIDE,
      sealWithRoot: (bytes) => seal([root.recipient], bytes),
      openWithRoot: (sealed) => openSealed([root.identity], sealed),
    };

    await stores.endStopped(raisedFlags(dataFolder).map(({ tenantId }) => tenantId));
    const beat = repeat(
      () => stores.endOpen(),
      END_MS,
      (error) => logger.warn('credentials of a stopped tenant could not be ended yet', codeFrames(error)),
    );
    const kept = keepNetwork({
      networks,
      redis,
      inputRule: network.inputRule,
      works: (tenantId) => planes.records(tenantId) !== null && !stores.isEnded(tenantId),
      isKnown: (tenantId) => stores.queue.isKnown(tenantId),
      revive: (tenantId) => stores.queue.make(tenantId),
      logger,
    });
    return {
      resources,
      async stores(tenantId) {
        if (await stores.revive(tenantId, () => keys.credentials.renew(tenantId))) {
          logger.info('a tenant has new users in every store', shaped({ tenant_id: tenantId }));
        }
        // A server that ended, with the box or by itself, knows nobody any more.
        await stores.queue.make(tenantId);
        await stores.records.letIn(tenantId);
        await stores.records.settle(tenantId);
        return stores.handedOver(tenantId);
      },
      async settings(tenantId) {
        if (network.embedder === null) return config;
        const { scanner, embedder } = await servers.ways(tenantId);
        return settingsInside(config, { scanner, embedder: network.embedder.settings(embedder) });
      },
      openLog: async (logId) => logs.log(logId),
      rooms: async () => {
        const { min_free_mb } = config.intake;
        const reserve = min_free_mb === null ? undefined : min_free_mb * MIB;
        // What the stores hold, and what lies in files beside them.
        const places = [await disk(), config.data_folder];
        return Promise.all(
          places.map((place) =>
            diskRoom(place, reserve).catch((cause: unknown) => {
              throw new FrostbyteError('STORE_UNAVAILABLE', `The disk of ${place} cannot be looked at.`, { cause });
            }),
          ),
        );
      },
      limits: () => limits.place(),
      look: async () => network.containers?.look() ?? [],
      async isAtWork(tenantId) {
        const records = await stores.records.open(tenantId);
        if (records === null) return false;
        return (await records.unfinished(null, 1).finally(() => records.close())).length > 0;
      },
      weigh: (tenantId) => stores.weigh(tenantId),
      async endLongSessions() {
        const ended = await stores.records.endLong();
        if (ended > 0) logger.warn('sessions of tenants at the database ran too long and were ended', { count: ended });
      },
      health: async () => (await Promise.all([serversHealth(shared), kept.health()])).flat(),
      measureStopped,
      async close() {
        await Promise.all([beat.stop(), kept.stop()]);
        for (const tenantId of [...relayed.keys()]) await closeRelayed(tenantId);
        await Promise.all([stores.close(), limits.close(), logs.close()]);
        network.close();
      },
    };
  };
}

/** What control has open of a tenant's records is closed before they are destroyed. */
function closing(records: TenantResource, close: (tenantId: string) => Promise<void>): TenantResource {
  return {
    make: (tenantId) => records.make(tenantId),
    check: (tenantId) => records.check(tenantId),
    async destroy(tenantId) {
      await close(tenantId);
      await records.destroy(tenantId);
    },
    isGone: (tenantId) => records.isGone(tenantId),
  };
}
