import type { HostLayout } from '../bundle/host-layout.ts';
import { INSTALL, installOperation, installParameters } from '../bundle/install/install.ts';
import type { InstallTools } from '../bundle/install/tools.ts';
import type { Json, Operation } from '../bundle/operation/phase.ts';
import { thisHost } from '../bundle/preflight/host-port.ts';
import { UNINSTALL, uninstallOperation, uninstallParameters } from '../bundle/uninstall/uninstall.ts';
import { UPDATE, updateOperation, updateParameters } from '../bundle/update/update.ts';
import { ROLLBACK, rollbackOperation, rollbackParameters } from '../bundle/upgrade/rollback.ts';
import { UPGRADE, upgradeOperation, upgradeParameters } from '../bundle/upgrade/upgrade.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { openTo } from './host/installed-config.ts';
import { runningTools } from './host/running-tools.ts';
import { uninstallTools } from './host/uninstall-tools.ts';
import { updateTools } from './host/update-tools.ts';
import { upgradeTools } from './host/upgrade-tools.ts';

/** What the tools for users say of one that is not there. */
const NOT_THERE = 6;

type Make = (parameters: { readonly [key: string]: Json }, layout: HostLayout) => Operation;

/** Every kind of operation that a journal may name, and how its phases are made again from what was asked for. */
const OPERATIONS: Readonly<Record<string, Make>> = Object.freeze({
  [INSTALL]: (parameters, layout) => installOperation(installParameters(parameters), layout, hostTools(layout)),
  [UNINSTALL]: (given, layout) => {
    const parameters = uninstallParameters(given);
    return uninstallOperation(parameters, layout, uninstallTools(layout, parameters.engine, hostTools(layout)));
  },
  [UPGRADE]: (given, layout) =>
    upgradeOperation(upgradeParameters(given), layout, upgradeTools(layout, hostTools(layout))),
  [ROLLBACK]: (given, layout) =>
    rollbackOperation(rollbackParameters(given), layout, upgradeTools(layout, hostTools(layout))),
  [UPDATE]: (given, layout) => updateOperation(updateParameters(given), layout, updateTools(layout)),
});

/** The operation of a plan, so that it can be gone on with, or back. Throws `OPERATION_UNFINISHED` for a kind of another release. */
export function operationOf(kind: string, parameters: { readonly [key: string]: Json }, layout: HostLayout): Operation {
  const make = Object.hasOwn(OPERATIONS, kind) ? OPERATIONS[kind] : undefined;
  if (make !== undefined) return make(parameters, layout);
  throw new FrostbyteError(
    'OPERATION_UNFINISHED',
    `This release knows no operation “${kind}”: another one planned it.`,
  );
}

/** What phases use on this host. On another root nothing runs: neither a service manager nor what is installed there. */
export function hostTools(layout: HostLayout): InstallTools {
  const { root } = layout;
  const host = thisHost();
  const prefix = root === '/' ? [] : ['--prefix', root];
  const must = async (program: string, args: readonly string[], accepted: readonly (number | null)[] = [0]) => {
    const { status, stderr } = await host.run(program, args);
    if (accepted.includes(status)) return;
    const why = status === null ? 'it is not there, or takes too long' : stderr.trim().slice(0, 300);
    throw new FrostbyteError('OPERATION_FAILED', `${program} failed: ${why}`);
  };
  return {
    async reloadUnits() {
      if (root !== '/' || !host.exists('/run/systemd/system')) return;
      await must('systemctl', ['daemon-reload']);
    },
    addUser: (name) =>
      must('useradd', [
        ...prefix,
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/usr/sbin/nologin',
        name,
      ]),
    async removeUser(name) {
      await must('userdel', [...prefix, name], [0, NOT_THERE]);
      // Whether its group goes with it depends on the host's settings.
      await must('groupdel', [...prefix, name], [0, NOT_THERE]);
    },
    listensTo: () => openTo(layout),
    running: root === '/' ? runningTools(layout) : null,
  };
}
