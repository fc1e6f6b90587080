import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import { compose } from '../../../control/core-stack/compose.ts';
import { placeCoreCertificates } from '../../../control/core-stack/core-certificates.ts';
import { placeCoreSecrets, settleCoreSecrets } from '../../../control/core-stack/core-secrets.ts';
import { type KeepCoreOptions, type KeptCore, keepCore } from '../../../control/core-stack/keep-core.ts';
import { releasesInUse } from '../../../control/core-stack/releases-in-use.ts';
import { openEngine } from '../../../control/engine/engine.ts';
import { CORE_NETWORKS, networkPlan } from '../../../control/stack/addresses.ts';
import { CORE_SERVICES, GIVEN, QDRANT_SERVICE } from '../../../control/stack/core-services.ts';
import { IMAGE_USERS } from '../../../control/stack/images.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { controlPaths } from '../../../kernel/names.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { hbaLine, writeHbaRule } from './hba-rule.ts';

export interface CoreOptions extends Pick<KeepCoreOptions, 'logger' | 'tell'> {
  root: KeyPair;
  clock: Clock;
  release: string;
}

/**
 * Brings up the core stack of an installed appliance, and keeps it up: its secrets are opened by the root key and laid on
 * memory, then Compose makes what is described in `compose_folder`. Null where somebody else runs it. Resolves once it is up,
 * and throws as `keepCore` and `settleCoreSecrets` do.
 */
export async function coreStack(
  config: Config,
  { root, clock, release, logger, tell }: CoreOptions,
): Promise<KeptCore | null> {
  const { stack } = config;
  if (config.mode !== 'stack' || stack.compose === null) return null;
  const paths = controlPaths(config.data_folder);
  const hasQdrant = hasOwnQdrant(config);
  const secrets = await settleCoreSecrets(paths.coreSecrets, root, clock, { hasQdrant });
  const isSecure = stack.tls === 'on';
  const services = hasQdrant ? [...CORE_SERVICES, QDRANT_SERVICE] : CORE_SERVICES;
  const files = [
    'core.yaml',
    ...(isSecure ? ['tls.yaml'] : []),
    ...(hasQdrant ? ['qdrant.yaml'] : []),
    ...(hasQdrant && isSecure ? ['qdrant-tls.yaml'] : []),
  ];
  const engine = openEngine(stack.engine);
  const described = {
    program: stack.compose,
    files: files.map((name) => join(stack.compose_folder, name)),
    engine: stack.engine,
  };
  const variables = {
    [GIVEN.release.name]: release,
    [GIVEN.secrets.name]: stack.secrets_folder,
    [GIVEN.hba.name]: stack.hba_folder,
    [GIVEN.signatures.name]: stack.signatures_folder,
    [GIVEN.vectors.name]: paths.vectors,
    FROSTBYTE_SUBNET: stack.subnet,
  };
  return keepCore({
    compose: {
      async create(signal) {
        const used = await releasesInUse(engine, services, release);
        await compose({ ...described, variables: { ...variables, ...used } }).create(signal);
      },
    },
    services,
    // The scanner takes connections at once; whoever has something scanned while clamd loads its signatures waits for that.
    awaited: services.map(({ name }) => name).filter((name) => name !== 'scanner' && name !== 'clamav'),
    engine,
    async prepare() {
      await placeCoreSecrets(secrets, stack.secrets_folder, { hasQdrant, isSecure });
      if (isSecure && stack.certificates_folder !== null)
        await placeCoreCertificates(stack.certificates_folder, stack.secrets_folder);
      for (const folder of [stack.hba_folder, stack.signatures_folder]) {
        mkdirSync(folder, { recursive: true });
        // Whatever the umask is: users of containers read there.
        chmodSync(folder, 0o755);
      }
      if (hasQdrant) {
        mkdirSync(paths.vectors, { recursive: true, mode: 0o700 });
        chownSync(paths.vectors, IMAGE_USERS.qdrant, IMAGE_USERS.qdrant);
      }
      await writeHbaRule(join(stack.hba_folder, '00-control.conf'), controlRule(config));
    },
    logger,
    tell,
  });
}

/** Whether Qdrant is one of the core stack: vectors are kept there, and in no other one. */
export function hasOwnQdrant({ stack }: Pick<Config, 'stack'>): boolean {
  return stack.vectors === 'qdrant' && stack.qdrant === null;
}

/** Control alone administers the database, from its own address, and over TLS where there is any. */
function controlRule({ stack }: Config): string {
  const who = {
    database: 'all',
    role: 'postgres',
    from: `${networkPlan(stack.subnet, CORE_NETWORKS.stores).gateway}/32`,
  };
  return hbaLine(who, stack.tls === 'on' ? { tls: {}, asksCertificates: true } : {});
}
