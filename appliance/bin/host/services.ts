import type { HostLayout } from '../../bundle/host-layout.ts';
import type { Services } from '../../bundle/install/tools.ts';
import { unitsOf } from '../../bundle/install/units.ts';
import { openEngine } from '../../control/engine/engine.ts';
import { PLANE_LABEL } from '../../control/engine/labels.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { type UnitState, unitsThatGaveUp } from './restarts.ts';
import { runProgram } from './run-program.ts';

/** Control ends its work, and what it starts with it. */
const STOP_SECONDS = 180;
const UNITS = unitsOf({ subnet: '', listens_to: [] }).map(({ name }) => name);

export interface ServicesOptions {
  layout: HostLayout;
  /** Whether systemd runs this host. */
  isSystemd: boolean;
  /** Socket of the engine. */
  engine: string;
  /** Whether control and the gateway answer, however they were started. */
  answer(): Promise<boolean>;
}

/** Control and gateway on this host, and the containers that they leave when they end. */
export function hostServices({ layout, isSystemd, engine, answer }: ServicesOptions): Services {
  const settings = `${layout.settings}/frostbyte.yaml`;
  const commands = [
    `${layout.current}/host/input-rule up`,
    ...['control', 'gateway'].map((role) => `${layout.command} serve --role ${role} --config ${settings}`),
  ];
  const takeDown = () => removeContainers(engine);
  if (!isSystemd) {
    return {
      manager: null,
      commands,
      areUp: answer,
      start: async () => undefined,
      async stop() {
        if (!(await answer())) return;
        throw new FrostbyteError(
          'OPERATION_FAILED',
          'Control and gateway run still, and were not started by the installer. End them where they were started, and repeat.',
        );
      },
      failed: async () => [],
      takeDown,
    };
  }
  /** Of each unit: how it stands, whether it comes up after a boot, how often it was started again by itself. */
  const states = async () => {
    const said = await runProgram('systemctl', ['show', '--property=Id,ActiveState,UnitFileState,NRestarts', ...UNITS]);
    return said
      .trim()
      .split(/\n\n+/)
      .map((one) => Object.fromEntries(one.split('\n').map((line) => line.split('=', 2))) as UnitState);
  };
  const gaveUp = unitsThatGaveUp();
  return {
    manager: 'systemd',
    commands,
    async areUp() {
      const found = await states();
      return (
        found.length === UNITS.length &&
        found.every(({ ActiveState, UnitFileState }) => ActiveState === 'active' && UnitFileState === 'enabled')
      );
    },
    async start() {
      // One that gave up is given another chance: whoever goes on mended something.
      await runProgram('systemctl', ['reset-failed', ...UNITS], { accepted: [0, 1, 5] });
      await runProgram('systemctl', ['enable', '--now', ...UNITS], { seconds: 120 });
    },
    async stop() {
      for (const unit of UNITS.toReversed())
        await runProgram('systemctl', ['disable', '--now', unit], { seconds: STOP_SECONDS, accepted: [0, 1, 5] });
    },
    failed: async () => gaveUp(await states()),
    takeDown,
  };
}

/** Removes what control made and left running: containers, then their networks. An engine that is away holds nothing. */
async function removeContainers(socket: string): Promise<void> {
  const engine = openEngine(socket);
  await Promise.all((await engine.containers(PLANE_LABEL)).map(({ name }) => engine.remove(name)));
  for (const name of await engine.networks(PLANE_LABEL)) await engine.removeNetwork(name);
}
