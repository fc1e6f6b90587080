import { existsSync } from 'node:fs';
import { unitsOf } from '../../../../bundle/install/units.ts';
import type { Config } from '../../../../config/schema.ts';
import { controlAnswers, gatewayAnswers } from '../../readiness.ts';
import { runProgram } from '../../run-program.ts';
import type { ServiceFacts } from '../facts.ts';

const UNITS = unitsOf({ subnet: '', listens_to: [] }).map(({ name }) => name);
const PROPERTIES = ['Id', 'ActiveState', 'UnitFileState', 'DropInPaths', 'NeedDaemonReload'];

/** How the services of this host stand, whoever started them. */
export async function serviceFacts(config: Config): Promise<ServiceFacts> {
  const [control, gateway] = [await controlAnswers(config), await gatewayAnswers(config)];
  if (!existsSync('/run/systemd/system')) return { manager: null, units: [], control, gateway };
  const said = await runProgram('systemctl', ['show', `--property=${PROPERTIES.join(',')}`, ...UNITS]);
  return { manager: 'systemd', units: readUnits(said), control, gateway };
}

/** What `systemctl show` says of several units. */
export function readUnits(said: string): ServiceFacts['units'] {
  return said
    .trim()
    .split(/\n\n+/)
    .map((one) => new Map(one.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string])))
    .map((one) => ({
      name: one.get('Id') ?? '',
      active: one.get('ActiveState') ?? '',
      enabled: one.get('UnitFileState') ?? '',
      drop_ins: one.get('DropInPaths') ?? '',
      reload: one.get('NeedDaemonReload') === 'yes',
    }));
}
