import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exportEvidence, hostKey } from '../../bundle/evidence/export.ts';
import { readEvidence } from '../../bundle/evidence/log.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { InstallTools } from '../../bundle/install/tools.ts';
import { RUN_FOLDER } from '../../bundle/install/units.ts';
import type { RunningHost, UninstallTools } from '../../bundle/uninstall/tools.ts';
import { engineContents, memoryFolder } from './engine-contents.ts';
import { engineOnHost } from './engine-on-host.ts';
import { hostInputRule } from './host-input-rule.ts';
import { installedConfig } from './installed-config.ts';
import { controlAnswers, gatewayAnswers } from './readiness.ts';
import { hostServices } from './services.ts';

/** That systemd runs this host, and is not only installed. */
const SYSTEMD = '/run/systemd/system';

/** What an uninstallation uses on this host. On another root nothing runs. */
export function uninstallTools(
  layout: HostLayout,
  engine: string,
  { reloadUnits, removeUser }: Pick<InstallTools, 'reloadUnits' | 'removeUser'>,
): UninstallTools {
  return {
    reloadUnits,
    removeUser,
    exportEvidence: (folder) => void exportEvidence(readEvidence(layout.evidence), hostKey(layout.evidenceKey), folder),
    running: layout.root === '/' ? runningHost(layout, engine) : null,
  };
}

function runningHost(layout: HostLayout, socket: string): RunningHost {
  const isSystemd = existsSync(SYSTEMD);
  return {
    services: hostServices({
      layout,
      isSystemd,
      engine: socket,
      async answer() {
        // Without settings nothing of it runs any more.
        if (!existsSync(join(layout.settings, 'frostbyte.yaml'))) return false;
        const config = installedConfig(layout);
        return (await controlAnswers(config)) || (await gatewayAnswers(config));
      },
    }),
    inputRule: hostInputRule(),
    engine: engineOnHost(socket, isSystemd),
    contents: engineContents(socket),
    memory: memoryFolder(RUN_FOLDER),
  };
}
