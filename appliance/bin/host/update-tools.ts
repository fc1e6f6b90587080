import { setTimeout as wait } from 'node:timers/promises';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { Scanner, UpdateTools } from '../../bundle/update/tools.ts';
import { openEngine } from '../../control/engine/engine.ts';
import { coreContainer } from '../../control/stack/addresses.ts';
import { modelsOf } from '../wire/models.ts';
import { installedConfig } from './installed-config.ts';
import { engineSocket, runningTools } from './running-tools.ts';

/** Loading all that there are takes minutes on a small host. */
const LOADING_MS = 900_000;
const LOOK_MS = 250;
const STOP_SECONDS = 10;

/** What an update uses on this host. On another root nothing runs. */
export function updateTools(layout: HostLayout): UpdateTools {
  const config = installedConfig(layout);
  const models = modelsOf(config);
  return {
    signatures: config.stack.signatures_folder,
    models: {
      present: async () =>
        (await models.list()).filter(({ state }) => state === 'present').map(({ model }) => model.name),
      take: async (from, onBytes) => void (await models.import(from, onBytes)),
      remove: async (name) => void (await models.remove(name)),
    },
    running: layout.root === '/' ? runningUpdate(layout) : null,
  };
}

function runningUpdate(layout: HostLayout): NonNullable<UpdateTools['running']> {
  const { readiness, services } = runningTools(layout);
  return {
    readiness,
    services,
    scanner: hostScanner(engineSocket(layout)),
    log: {
      async signatures(version) {
        const { withControl } = await import('../wire/embedded.ts');
        await withControl(installedConfig(layout), (control) => control.noteSignatures(version, 'operator'));
      },
    },
  };
}

/** The scanner of the core stack. Control, which looks after it too, may start it a moment earlier. */
function hostScanner(socket: string): Scanner {
  const engine = openEngine(socket);
  const clamd = coreContainer('clamav');
  return {
    async renew(signal) {
      if ((await engine.container(clamd)) === null) return true;
      await engine.stop(clamd, STOP_SECONDS);
      await engine.start(clamd);
      for (const began = performance.now(); performance.now() - began < LOADING_MS; ) {
        signal.throwIfAborted();
        if (await engine.isWell(clamd)) return true;
        if ((await engine.container(clamd))?.running !== true) return false;
        await wait(LOOK_MS, undefined, { signal });
      }
      return false;
    },
  };
}
