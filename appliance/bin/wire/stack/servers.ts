import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import { CORE_NETWORKS, type CorePlace, coreAddress, networkPlan, PORTS } from '../../../control/stack/addresses.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { MODEL_LOCK } from '../../../models/embedder/lock.ts';
import type { StackCertificates } from './certificates.ts';
import { hasOwnQdrant } from './core.ts';

/** Where the servers of the core stack are, for control and for each tenant, and control's own secrets there. */
export interface StackServers {
  postgres: { host: string; port: number; tls: ServerTls | undefined };
  objects: { endpoint: string; tls: ServerTls | undefined };
  redis: { host: string; port: number; tls: ServerTls | undefined };
  /** Null where vectors lie in files. */
  qdrant: { url: string; tls: ServerTls | undefined } | null;
  /** Whether servers let in only who shows a certificate beside a password. */
  asksCertificates: boolean;
  /** `host:port` of the proxy before the malware scanner, as control reaches it. */
  coreScanner: string;
  /** The addresses of the stores' own network, where no tenant may come. */
  core: { name: string; host: string; port: number }[];
  /** A secret file of control's, read each time: a rotated one counts at once. Throws `CONFIG_INVALID`. */
  secret(name: SecretFile): string;
  networkOf: TenantNetworks['of'];
  /** As a tenant reaches them, and from where it comes. */
  ways(tenantId: string): Promise<Ways>;
}

export type SecretFile =
  | 'postgres_password'
  | 'objects_root_user'
  | 'objects_root_password'
  | 'redis_password'
  | 'qdrant_api_key';

export interface Ways {
  /** The network that the tenant comes from, such as `172.28.3.0/24`. */
  from: string;
  postgres: string;
  objects: string;
  qdrant: string;
  /** `host:port` of the proxy before the malware scanner. */
  scanner: string;
  /** The embedder's address, where it is a container. */
  embedder: string;
}

const FIRST_EMBEDDER_PORT = 7700;

/** A port for each model that there may be, by its place in the lock; the embedder listens at those of the models that are here. */
export function embedderPorts(): { model: string; port: number }[] {
  return MODEL_LOCK.models.map(({ name: model }, at) => ({ model, port: FIRST_EMBEDDER_PORT + at }));
}

/** Fixed addresses in the configured range (spec 7, "Compose"). */
export function stackServers(
  config: Config,
  networks: Pick<TenantNetworks, 'of'>,
  { to, asked }: StackCertificates,
): StackServers {
  const { subnet, secrets_folder, qdrant, vectors, planes } = config.stack;
  const at = (who: CorePlace) => coreAddress(subnet, who);
  const url = (host: string, port: number) => `${config.stack.tls === 'on' ? 'https' : 'http'}://${host}:${port}`;
  return {
    postgres: { host: at('postgres'), port: PORTS.postgres, tls: to.postgres },
    objects: { endpoint: url(at('objects'), PORTS.objects), tls: to.objects },
    redis: { host: at('redis'), port: PORTS.redis, tls: to.redis },
    qdrant: vectors === 'qdrant' ? { url: qdrant ?? url(at('qdrant'), PORTS.qdrant), tls: to.qdrant } : null,
    asksCertificates: asked,
    coreScanner: `${at('scanner')}:${PORTS.scanner}`,
    core: [
      { name: 'the database by the stores’ network', host: at('postgres'), port: PORTS.postgres },
      { name: 'the object store by the stores’ network', host: at('objects'), port: PORTS.objects },
      { name: 'the gateways’ limits', host: at('redis'), port: PORTS.redis },
      ...(hasOwnQdrant(config)
        ? [{ name: 'the vector index by the stores’ network', host: at('qdrant'), port: PORTS.qdrant }]
        : []),
      { name: 'the scanner by its own network', host: at('scanner'), port: PORTS.scanner },
      ...embedderPorts().map(({ model, port }) => ({
        name: `the embedder of ${model} by its own network`,
        host: at('embedder'),
        port,
      })),
    ],
    networkOf: (tenantId) => networks.of(tenantId),
    secret(name) {
      try {
        return readFileSync(join(secrets_folder, name), 'utf8').trim();
      } catch (cause) {
        throw new FrostbyteError(
          'CONFIG_INVALID',
          `The secret file ${join(secrets_folder, name)} cannot be read. Name the folder with stack.secrets_folder.`,
          { cause },
        );
      }
    },
    async ways(tenantId) {
      if (planes === 'processes') {
        // They come from the host, by the stores' own network.
        return {
          from: `${networkPlan(subnet, CORE_NETWORKS.stores).gateway}/32`,
          postgres: at('postgres'),
          objects: url(at('objects'), PORTS.objects),
          qdrant: qdrant ?? url(at('qdrant'), PORTS.qdrant),
          scanner: `${at('scanner')}:${PORTS.scanner}`,
          embedder: at('embedder'),
        };
      }
      const network = await networks.of(tenantId);
      return {
        from: network.cidr,
        postgres: network.address('postgres'),
        objects: url(network.address('objects'), PORTS.objects),
        qdrant: qdrant ?? url(network.address('qdrant'), PORTS.qdrant),
        scanner: `${network.address('scanner')}:${PORTS.scanner}`,
        embedder: network.address('embedder'),
      };
    },
  };
}
