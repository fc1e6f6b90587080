import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Turns } from '../../kernel/turns.ts';
import type { Engine } from '../engine/engine.ts';
import { containerName, ROLE_LABEL, TENANT_LABEL, tenantLabels } from '../engine/labels.ts';
import type { NewContainer } from '../engine/new-container.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { settleContainer } from '../engine/settle-container.ts';
import type { TenantNetwork, TenantNetworks } from '../networks/port.ts';
import { PORTS } from '../stack/addresses.ts';
import { TENANT_REDIS } from '../stack/tenant-services.ts';
import type { RedisServers } from './port.ts';

export interface RedisContainersOptions {
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  image: string;
  /** Folder on memory in which each server finds its password; it belongs to this alone. */
  secrets: string;
  /** What a server finds beside its password, by file name: certificates, where it is to speak TLS. Default: nothing. */
  certificates?: Readonly<Record<string, string>>;
}

/** What the image looks for in its folder of secrets (images/redis). */
const FILES = ['redis_password', 'redis_certificate', 'redis_key', 'clients_authority'] as const;

/** Redis servers as containers: nothing on the disk, limits on everything, no name is resolved. */
export function redisContainers(options: RedisContainersOptions): RedisServers {
  const { engine, networks, image, secrets, certificates = {} } = options;
  const { uid } = TENANT_REDIS;
  const turns = new Turns();
  const nameOf = (tenantId: string) => containerName(tenantId, 'redis');
  const secretOf = (tenantId: string) => secretFolder(secrets, tenantId);
  const specOf = async (tenantId: string) => redisContainer({ image, secrets }, tenantId, await networks.of(tenantId));

  return {
    make: (tenantId, adminPassword) =>
      turns.take(tenantId, async () => {
        const spec = await specOf(tenantId);
        const folder = secretOf(tenantId);
        const files = Object.entries({ ...certificates, redis_password: adminPassword });
        const others = FILES.filter((name) => !files.some(([wanted]) => wanted === name)).map((name) =>
          join(folder, name),
        );
        if (!files.every(([name, content]) => isWritten(join(folder, name), content)) || others.some(existsSync)) {
          // It read others when it started. First, so that whatever is cut short here, none goes on with the old ones.
          await engine.kill(spec.name);
          for (const file of others) rmSync(file, { force: true });
          for (const [name, content] of files) await writeSecretFile(join(folder, name), content, uid);
        }
        await engine.start(await settleContainer(engine, spec));
      }),
    address: async (tenantId) => ({ host: (await networks.of(tenantId)).address('redis'), port: PORTS.redis }),
    start: (tenantId) => turns.take(tenantId, () => engine.start(nameOf(tenantId))),
    stop: (tenantId) => turns.take(tenantId, () => engine.kill(nameOf(tenantId))),
    states: async () =>
      new Map(
        (await engine.containers(`${ROLE_LABEL}=redis`)).flatMap(({ running, labels }) =>
          labels[TENANT_LABEL] === undefined ? [] : [[labels[TENANT_LABEL], running ? 'running' : 'down'] as const],
        ),
      ),
    destroy: (tenantId) =>
      turns.take(tenantId, async () => {
        await engine.remove(nameOf(tenantId));
        rmSync(secretOf(tenantId), { recursive: true, force: true });
      }),
    isGone: async (tenantId) => !existsSync(secretOf(tenantId)) && (await engine.container(nameOf(tenantId))) === null,
  };
}

/** A tenant's server, as the engine is asked for it. */
export function redisContainer(
  { image, secrets }: Pick<RedisContainersOptions, 'image' | 'secrets'>,
  tenantId: string,
  network: TenantNetwork,
): NewContainer {
  const { command, limits, memoryFolders } = TENANT_REDIS;
  return {
    name: containerName(tenantId, 'redis'),
    image,
    command,
    labels: tenantLabels(tenantId, 'redis'),
    network: { name: network.name, address: network.address('redis') },
    ...limits,
    mounts: [{ source: secretFolder(secrets, tenantId), target: '/run/secrets', writable: false }],
    memoryFolders,
  };
}

/** A folder for each, so that a new password takes the place of the old one also for a container that is there. */
function secretFolder(secrets: string, tenantId: string): string {
  return join(secrets, containerName(tenantId, 'redis'));
}

function isWritten(file: string, content: string): boolean {
  try {
    return readFileSync(file, 'utf8') === content;
  } catch {
    return false;
  }
}
