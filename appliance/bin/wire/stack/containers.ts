import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { Engine } from '../../../control/engine/engine.ts';
import { type InsideChecks, insideChecks } from '../../../control/isolation/inside.ts';
import type { Takes } from '../../../control/neighbours/watch.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import { RELAY_FOLDER } from '../../../control/planes/container-specs.ts';
import { type PlaneContainers, planeContainers } from '../../../control/planes/containers.ts';
import type { TenantResource } from '../../../control/provisioning/port.ts';
import { type Box, tenantServices } from '../../../control/stack/tenant-services.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { runFolder } from '../../run-folder.ts';
import { PARSER_SOCKET } from '../../where.ts';
import { configuredEndpoint } from '../embedders.ts';
import { planeLooks } from './looks.ts';
import { INBOX, planeFolders } from './plane-folders.ts';

/** What of a tenant runs in containers: its data plane and the parser beside it, and now and then the isolation check. */
export interface StackContainers {
  planes: PlaneContainers;
  inside: InsideChecks;
  /** What each tenant's data plane takes of the box. */
  look(): Promise<Takes[]>;
  /** As provisioning has it: there is an image to run them from, and the folders that they write to; in the end none of them is left. */
  resource: TenantResource;
}

export interface StackContainersOptions {
  config: Config;
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  /** The name of the image `appliance`. */
  image: string;
  logger: Logger;
}

export function stackContainers({ config, engine, networks, image, logger }: StackContainersOptions): StackContainers {
  const run = runFolder(config);
  const { 'data-plane': plane, parser, isolation } = tenantServices(boxOf(config));
  const planes = planeContainers({
    engine,
    networks,
    image,
    planeUid: plane.uid,
    parserUid: parser.uid,
    limits: { plane: plane.limits, parser: parser.limits },
    folders: (tenantId) => planeFolders(config, tenantId, plane.uid),
    hasEndpoint: configuredEndpoint(config) !== null,
    folder: join(run, 'containers'),
    logger,
  });
  const inside = insideChecks({
    engine,
    networks,
    image,
    uid: isolation.uid,
    limits: isolation.limits,
    folder: join(run, 'isolation'),
    folders: (tenantId) => planeFolders(config, tenantId, plane.uid),
  });
  const hasImage = async (): Promise<void> => {
    if ((await engine.image(image)) !== null) return;
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      `The container engine has no image ${image}. Load the images of this release.`,
      { kind: 'never' },
    );
  };
  return {
    planes,
    inside,
    look: planeLooks({ engine, networks, limits: plane.limits }),
    resource: {
      async make(tenantId) {
        await hasImage();
        // Before anybody who sends finds the tenant: what comes earlier than its plane has the plane's group too.
        planeFolders(config, tenantId, plane.uid);
      },
      check: hasImage,
      async destroy(tenantId) {
        await inside.destroy(tenantId);
        await planes.destroy(tenantId);
      },
      isGone: async (tenantId) => (await inside.isGone(tenantId)) && (await planes.isGone(tenantId)),
    },
  };
}

/** The settings of the appliance as they are in a tenant's containers: its parser and its scanner, and where its files lie. */
export function settingsInside(
  config: Config,
  { scanner, embedder }: { scanner: string; embedder: Config['embedder'] },
): Config {
  const { parser, scanner: scanning, inbox, processes } = config;
  return {
    ...config,
    embedder,
    // Where the way to the endpoint is looked for.
    processes: { ...processes, run_folder: dirname(RELAY_FOLDER) },
    parser: { ...parser, socket: PARSER_SOCKET },
    scanner: { ...scanning, clamd: scanner },
    inbox: { ...inbox, folder: inbox.folder === null ? null : INBOX },
  };
}

/** What the limits of tenants' containers follow from, on this box and with these settings. */
export function boxOf({ parser, workers }: Config): Box {
  return {
    processors: availableParallelism(),
    parserMemoryMb: parser.memory_mb,
    atWork: Math.max(1, workers.count * workers.concurrency),
  };
}
