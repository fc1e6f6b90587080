import type { HostLayout } from '../bundle/host-layout.ts';
import { type InstallTools, installOperation, installParameters } from '../bundle/install/install.ts';
import type { Json, Operation } from '../bundle/operation/phase.ts';
import { thisHost } from '../bundle/preflight/host-port.ts';
import { FrostbyteError } from '../kernel/errors.ts';

type Make = (parameters: { readonly [key: string]: Json }, layout: HostLayout) => Operation;

/** Every kind of operation that a journal may name, and how its phases are made again from what was asked for. */
const OPERATIONS: Readonly<Record<string, Make>> = Object.freeze({
  install: (parameters, layout) => installOperation(installParameters(parameters), layout, hostTools(layout)),
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

/** What phases use on this host. Another root has no service manager that runs. */
export function hostTools({ root }: HostLayout): InstallTools {
  const host = thisHost();
  return {
    async reloadUnits() {
      if (root !== '/' || !host.exists('/run/systemd/system')) return;
      const { status, stderr } = await host.run('systemctl', ['daemon-reload']);
      if (status === 0) return;
      throw new FrostbyteError('OPERATION_FAILED', `systemctl daemon-reload failed: ${stderr.trim().slice(0, 300)}`);
    },
  };
}
