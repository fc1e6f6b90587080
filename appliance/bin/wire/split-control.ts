import { generateKeyPairSync } from 'node:crypto';
import type { PlaneAddress, PlaneHandover } from '../../api/plane/handover.ts';
import type { Dependency, PlaneTable } from '../../api/plane/tables.ts';
import type { VerbCaller } from '../../api/rpc/call-verbs.ts';
import type { Config } from '../../config/schema.ts';
import { type Control, type ControlOptions, createControl } from '../../control/create-control.ts';
import { type KeptPlanes, keepPlanes } from '../../control/planes/keep-planes.ts';
import type { PlaneHost } from '../../control/planes/port.ts';
import type { ResealedObject, TenantResources } from '../../control/provisioning/port.ts';
import type { GatewayNote, LimitsPlace } from '../../control/split-verbs.ts';
import type { ControlVerbs, Tenant } from '../../control/verbs.ts';
import { isClosed } from '../../kernel/closed-door.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { controlPaths, tenantPaths } from '../../kernel/names.ts';
import { WORK_STAGES } from '../../kernel/pipeline.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { openStorageKeys } from '../../secrets/keyring.ts';
import type { Backing, BackingParts } from './backing.ts';
import { makeDataFolder, upgradeSecrets } from './embedded.ts';
import type { ReachableRecords } from './embedded-resources.ts';
import { embeddedRootKey } from './embedded-root-key.ts';
import { configuredEndpoint, pinnableModels } from './embedders.ts';
import { type HeldClock, heldClock } from './held-clock.ts';
import { provenPlanes } from './proven-planes.ts';
import { resealingHere } from './resealing-here.ts';
import { unsealByCredential, unsealedRoot } from './unseal.ts';

/** Control on a data folder whose data planes are processes of their own. */
export interface SplitControl {
  control: Control;
  /** Control's verbs as gateways get them: what changes a tenant's configuration is told its data plane first. */
  verbs: ControlVerbs;
  planes: KeptPlanes;
  clock: HeldClock;
  /** Has the data planes trust a gateway, those of now and those to come. */
  trust(gateway: GatewayNote): Promise<void>;
  measureStopped: Backing['measureStopped'];
  /** For the watch over noisy neighbours. */
  neighbours: Pick<Backing, 'look' | 'isAtWork' | 'endLongSessions' | 'rooms' | 'weigh'>;
  /** Of what tenants are kept in. */
  health(): Promise<Dependency[]>;
  /** Where gateways count requests together. */
  limits(): Promise<LimitsPlace | null>;
  close(): Promise<void>;
}

/** Where people reach the appliance, until a gateway says so. */
const configuredUrl = ({ host, port }: Config['listen']) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
/** Gateways whose keys are kept: each that was started anew has another. */
const MOST_GATEWAYS = 16;

/** What has to be open before anything else of control is. */
export interface OpenedRoot {
  clock: HeldClock;
  root: KeyPair;
  /** Opened just now by the service manager's credential. */
  wasUnsealed: boolean;
}

/** Makes the data folder where there is none, and opens its root key. Throws `KEY_UNAVAILABLE` while that is sealed. */
export async function openControlRoot(config: Config): Promise<OpenedRoot> {
  makeDataFolder(config.data_folder);
  const clock = heldClock(controlPaths(config.data_folder).clock);
  const wasUnsealed = await unsealByCredential(config, clock);
  return { clock, wasUnsealed, root: await embeddedRootKey(config.data_folder, clock, unsealedRoot(config)) };
}

export async function openSplitControl(options: {
  config: Config;
  opened: OpenedRoot;
  logger: Logger;
  meter: Meter;
  host: PlaneHost;
  /** What was measured over time. */
  measuring: ControlOptions['measuring'];
  /** What looks at the host. */
  looking?: ControlOptions['host'];
  /** What tenants are kept in. */
  backing: (parts: BackingParts) => Promise<Backing>;
}): Promise<SplitControl> {
  const { config, logger, meter, host } = options;
  const dataFolder = config.data_folder;
  const { clock, root, wasUnsealed } = options.opened;
  const own = generateKeyPairSync('ed25519');
  const gateways = new Map<string, GatewayNote>();
  let url = configuredUrl(config.listen);
  let planes: KeptPlanes | undefined;
  const resealing = resealingHere();

  await upgradeSecrets(dataFolder, root, clock, logger);
  const backing = await options.backing({
    config,
    root,
    clock,
    logger,
    meter,
    planes: {
      records(tenantId) {
        const ask = planes?.asking(tenantId);
        return ask ? remoteRecords(ask) : null;
      },
      async stop(tenantId, drainMs) {
        await planes?.stop(tenantId, drainMs);
      },
    },
  });
  const proven =
    backing.resources.containers &&
    provenPlanes(backing.resources.containers, { control: () => control, planes: () => kept });
  const resources: TenantResources = {
    ...backing.resources,
    ...keysAndObjects(backing.resources),
    ...(proven && { containers: proven.containers }),
  };
  const control = await createControl({
    dataFolder,
    clock,
    logger,
    resources,
    openLog: backing.openLog,
    baseUrl: () => url,
    drainMs: config.drain_seconds * 1000,
    breakGlassMinutes: config.break_glass.max_minutes,
    isolationHours: config.isolation.every_hours,
    hasEndpoint: configuredEndpoint(config) !== null,
    models: () => pinnableModels(config),
    ...(options.measuring && { measuring: options.measuring }),
    ...(options.looking && { host: options.looking }),
    usage: async (tenantId) => {
      const ask = planes?.asking(tenantId);
      return ask ? ((await ask.value('usage')) as Tenant['usage']) : null;
    },
  });

  if (wasUnsealed) await control.noteUnsealed('credential', 'system');

  const current = async (tenantId: string) => {
    const { config: tenantConfig, config_version } = await control.gate(tenantId);
    if (tenantConfig !== null) return { config: tenantConfig, config_version };
    throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
  };
  const flags = config.processes.flags_folder ?? controlPaths(dataFolder).suspended;
  // While the door is closed, nothing is taken from inboxes, and nothing ends because its time is over: it might be put back.
  const isOpen = async (tenantId: string) => !isClosed(flags) && (await control.gate(tenantId)).state === 'ACTIVE';
  const storageKeys = (tenantId: string) => openStorageKeys(root, tenantPaths(dataFolder, tenantId).secrets);
  const handover = async (tenantId: string, listen: PlaneAddress): Promise<PlaneHandover> => ({
    tenant_id: tenantId,
    listen,
    stores: await backing.stores(tenantId),
    storage_keys: await storageKeys(tenantId),
    control_key: own.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    gateway_keys: Object.fromEntries([...gateways].map(([id, { public_key }]) => [id, public_key])),
    ...(await current(tenantId)),
    is_open: await isOpen(tenantId),
    clock_floor: clock.now(),
    settings: { ...(await backing.settings(tenantId)) },
  });

  const kept = keepPlanes({
    host,
    key: own.privateKey,
    wanted: () => (proven ? proven.wanted() : control.activeTenants()),
    async handover(tenantId, listen) {
      await resealing.giveWay(tenantId);
      return handover(tenantId, listen);
    },
    async greet(tenantId, ask) {
      const { config: tenantConfig, config_version } = await current(tenantId);
      await ask.value('configure', tenantConfig, config_version);
      await ask.value('rekey', await storageKeys(tenantId));
      if (await isOpen(tenantId)) await ask.value('open');
      for (const { key_id, public_key } of gateways.values()) await ask.value('trust', key_id, public_key);
      // What waits is counted by the plane from now on.
      for (const stage of WORK_STAGES) meter.queueLength(tenantId, `${tenantId}.${stage}`, 0);
    },
    answers: (tenantId) => ({
      holdsOn: (docId: string, batchIds: readonly string[]) => control.holdsOn(tenantId, docId, batchIds),
      isClockTrusted: async () => clock.doubted() === null,
      room: async () => {
        // The fuller disk says what may still come.
        const rooms = await backing.rooms();
        return rooms === null ? null : Math.min(...rooms);
      },
      ledger: (query: { after: number; limit: number }) => control.ledger({ ...query, tenant_id: tenantId }),
    }),
    drainMs: config.drain_seconds * 1000,
    logger,
  });
  planes = kept;

  let wasClosed = isClosed(flags);
  /** Planes that came up behind a closed door are told when it opens. */
  async function tellOpened(): Promise<void> {
    const isNow = isClosed(flags);
    const opened = wasClosed && !isNow;
    wasClosed = isNow;
    if (!opened) return;
    for (const tenantId of kept.running())
      if (await isOpen(tenantId)) await kept.tell(tenantId, (ask) => ask.value('open'));
  }

  return {
    control,
    verbs: {
      ...control,
      async configure(tenantId, ...rest) {
        const update = await control.configure(tenantId, ...rest);
        await kept.tell(tenantId, (ask) => ask.value('configure', update.config, update.config_version));
        return update;
      },
    },
    planes: {
      ...kept,
      async look() {
        await tellOpened();
        await kept.look();
      },
    },
    clock,
    limits: () => backing.limits(),
    neighbours: backing,
    health: () => backing.health(),
    measureStopped: (tenantId) => backing.measureStopped(tenantId),
    async trust(gateway) {
      url = gateway.url;
      const known = gateways.get(gateway.key_id);
      gateways.delete(gateway.key_id);
      gateways.set(gateway.key_id, gateway);
      if (known?.public_key === gateway.public_key) return;
      if (gateways.size > MOST_GATEWAYS) gateways.delete(gateways.keys().next().value as string);
      await Promise.all(
        kept.kept().map((id) => kept.tell(id, (ask) => ask.value('trust', gateway.key_id, gateway.public_key))),
      );
    },
    async close() {
      await kept.close();
      await control.stop();
      await backing.close();
    },
  };

  /** The plane of a tenant that has one, also where it is just being started; null where nothing of the tenant runs. */
  async function ownPlane(tenantId: string): Promise<VerbCaller<PlaneTable> | null> {
    if (planes === undefined) return null;
    const runs = planes.kept().includes(tenantId) || (await control.activeTenants()).includes(tenantId);
    if (!runs) return null;
    await planes.address(tenantId);
    const ask = planes.asking(tenantId);
    if (ask !== null) return ask;
    throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The tenant’s data plane is being ended.', { retryAfter: 1 });
  }

  /** A data plane holds its keys and deletes its objects: it is told of new keys, and seals objects anew itself. */
  function keysAndObjects(own: TenantResources): Pick<TenantResources, 'keys' | 'objects'> {
    const tell = (tenantId: string) =>
      planes?.tell(tenantId, async (ask) =>
        ask.value('rekey', await openStorageKeys(root, tenantPaths(dataFolder, tenantId).secrets)),
      );
    return {
      keys: {
        ...own.keys,
        async addStorage(tenantId, version) {
          await own.keys.addStorage(tenantId, version);
          await tell(tenantId);
        },
        async purge(tenantId, kind, version) {
          await own.keys.purge(tenantId, kind, version);
          if (kind === 'storage') await tell(tenantId);
        },
      },
      objects: {
        ...own.objects,
        async *reseal(tenantId, after) {
          const ask = await ownPlane(tenantId);
          if (ask) yield* ask.items('reseal', after) as AsyncGenerator<ResealedObject>;
          else yield* resealing.run(tenantId, () => own.objects.reseal(tenantId, after));
        },
        async needStorage(tenantId, version) {
          const ask = await ownPlane(tenantId);
          if (!ask) return own.objects.needStorage(tenantId, version);
          const { storage } = await own.keys.current(tenantId);
          const others = storage.filter(({ storage_version }) => storage_version !== version);
          return (await ask.value(
            'needsAnother',
            others.map(({ age_public_key }) => age_public_key),
          )) as boolean;
        },
      },
    };
  }
}

/** A tenant's records, asked through its data plane. */
function remoteRecords(ask: VerbCaller<PlaneTable>): ReachableRecords {
  return {
    pendingEvents: (limit) => ask.value('pendingEvents', limit) as ReturnType<ReachableRecords['pendingEvents']>,
    markRelayed: (positions) => ask.value('markRelayed', positions) as Promise<void>,
    presence: (kind, id) => ask.value('presence', kind, id) as ReturnType<ReachableRecords['presence']>,
  };
}
