import { PIPELINE_VERSION } from '../../../audit/entry.ts';
import type { Config } from '../../../config/schema.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { silentLogger } from '../../../observability/logger.ts';
import { embeddedRootKey } from '../embedded-root-key.ts';
import { heldClock } from '../held-clock.ts';
import { coreStack } from '../stack/core.ts';
import { unsealedRoot } from '../unseal.ts';
import { restoredFiles } from './restored-files.ts';
import { restoredServers } from './restored-servers.ts';
import type { RestoredStores } from './restored-stores.ts';

/**
 * Opens what a restore puts tenants into. On an installed box the servers are brought up, if they are not: control, which does
 * that otherwise, rests. `tell` is told why they do not come up.
 */
export async function withRestoredStores<T>(
  config: Config,
  tell: (why: string) => void,
  work: (into: RestoredStores) => Promise<T>,
): Promise<T> {
  if (config.mode === 'embedded') return work(restoredFiles(config.data_folder));
  const core = config.stack.compose === null ? null : await broughtUp(config, tell);
  const into = restoredServers(config);
  try {
    return await work(into);
  } finally {
    await into.close();
    await core?.stop();
  }
}

async function broughtUp(config: Config, tell: (why: string) => void) {
  const clock = heldClock(controlPaths(config.data_folder).clock);
  const root = await embeddedRootKey(config.data_folder, clock, unsealedRoot(config));
  return coreStack(config, { root, clock, release: PIPELINE_VERSION, logger: silentLogger, tell });
}
