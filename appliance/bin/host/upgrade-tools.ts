import { join } from 'node:path';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { InstallTools } from '../../bundle/install/tools.ts';
import type { RunningRelease, UpgradeTools } from '../../bundle/upgrade/tools.ts';
import { CHECKER } from '../../kernel/closed-door.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { dataOnHost } from './data-places.ts';
import { releaseSample } from './installation-checks.ts';
import { installedConfig } from './installed-config.ts';
import { gatewayUrl } from './readiness.ts';
import { releaseServices } from './release-services.ts';
import { runProgram } from './run-program.ts';
import { engineSocket, runningTools } from './running-tools.ts';
import { siteOf } from './site.ts';

/** A gateway that goes on answers within this. */
const ANSWER_MS = 5000;

/** What an upgrade and a rollback use on this host. On another root nothing runs. */
export function upgradeTools(
  layout: HostLayout,
  { reloadUnits, listensTo }: Pick<InstallTools, 'reloadUnits' | 'listensTo'>,
): UpgradeTools {
  const runs = layout.root === '/';
  return {
    reloadUnits,
    listensTo,
    data: dataOnHost(layout, runs ? engineSocket(layout) : null),
    running: runs ? runningRelease(layout) : null,
  };
}

function runningRelease(layout: HostLayout): RunningRelease {
  const { images, services, readiness } = runningTools(layout);
  const config = () => installedConfig(layout);
  return {
    images,
    readiness,
    services: releaseServices(services, engineSocket(layout)),
    sample: releaseSample(siteOf(config, () => tokenByProgram(layout))),
    door: {
      async sendsAway() {
        const answer = await fetch(`${gatewayUrl(config())}/api/v1/status`, {
          signal: AbortSignal.timeout(ANSWER_MS),
        }).catch(() => null);
        await answer?.body?.cancel();
        return answer === null || answer.status === 503;
      },
    },
    settings: { mustBeKnownTo: (release) => askRelease(release, layout) },
    log: {
      async note(event, bundle) {
        const { withControl } = await import('../wire/embedded.ts');
        await withControl(config(), (control) => control.noteRelease(event, bundle, 'operator'));
      },
    },
  };
}

/**
 * A token of the checks, issued by the release that is current: this program may be of another one, and would bring the registry
 * to a schema of its own before its time. It goes through a pipe, and stands nowhere.
 */
async function tokenByProgram({ current, settings }: HostLayout): Promise<string> {
  const words = ['token', 'issue', '--role', 'admin', '--subject', CHECKER, '--ttl', '3600'];
  const said = await runProgram(join(current, 'appliance/frostbyte'), [
    ...words,
    '--config',
    join(settings, 'frostbyte.yaml'),
  ]);
  return said.trim();
}

/** A release that refuses a setting says which, and would not start with it. */
async function askRelease(release: string, { settings }: HostLayout): Promise<void> {
  const file = join(settings, 'frostbyte.yaml');
  try {
    await runProgram(join(release, 'appliance/frostbyte'), ['config', 'print', '--config', file]);
  } catch (error) {
    if (!isFrostbyteError(error, 'OPERATION_FAILED')) throw error;
    throw new FrostbyteError(
      'CONFIG_INVALID',
      `The release in ${release} cannot be run with ${file}. Take out what it does not know, and go on. ${error.message}`,
      { cause: error, details: [{ field: 'path', value: file, constraint: 'settings that the release knows' }] },
    );
  }
}
