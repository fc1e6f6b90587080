import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { RunningTools } from '../../bundle/install/tools.ts';
import { type Config, defaultConfig } from '../../config/schema.ts';
import { engineOnHost } from './engine-on-host.ts';
import { hostInputRule } from './host-input-rule.ts';
import { installationChecks } from './installation-checks.ts';
import { installedConfig } from './installed-config.ts';
import { controlAnswers, gatewayAnswers, hostReadiness } from './readiness.ts';
import { hostRecovery } from './recovery-proof.ts';
import { releaseImages } from './release-images.ts';
import { hostServices } from './services.ts';
import { siteOf } from './site.ts';

/** That systemd runs this host, and is not only installed. */
const SYSTEMD = '/run/systemd/system';

/** What starts and proves a release on this host. */
export function runningTools(layout: HostLayout): RunningTools {
  const isSystemd = existsSync(SYSTEMD);
  const config = (): Config => installedConfig(layout);
  const engine = engineSocket(layout);
  return {
    engine: engineOnHost(engine, isSystemd),
    images: releaseImages(engine),
    services: hostServices({
      layout,
      isSystemd,
      engine,
      answer: async () => (await controlAnswers(config())) && (await gatewayAnswers(config())),
    }),
    inputRule: hostInputRule(),
    readiness: hostReadiness(config),
    recovery: hostRecovery(config),
    checks: installationChecks(siteOf(config)),
  };
}

/** The socket that the settings name; before there are any, the one that is everywhere. */
export function engineSocket(layout: HostLayout): string {
  return existsSync(join(layout.settings, 'frostbyte.yaml'))
    ? installedConfig(layout).stack.engine
    : defaultConfig().stack.engine;
}
