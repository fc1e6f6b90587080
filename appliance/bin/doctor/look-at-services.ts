import { unitsOf } from '../../bundle/install/units.ts';
import { isLocked } from '../../bundle/operation/host-lock.ts';
import type { HostPort } from '../../bundle/preflight/host-port.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { ObservedServices } from '../../observability/doctor/observed.ts';
import { controlAnswers, gatewayUrl } from '../host/readiness.ts';
import { type Sight, within } from './sight.ts';
import type { Patient } from './where.ts';

/** What listens on loopback answers at once, or does not. */
const ANSWER_MS = 4000;

/** Control and gateway, and what they say of everything else. */
export async function lookAtServices({ config }: Patient, host: HostPort, { see }: Sight): Promise<ObservedServices> {
  const url = gatewayUrl(config);
  const isOurs = await within(ANSWER_MS, () => fetch(`${url}/health`).then(({ ok }) => ok)).catch(() => false);
  return {
    units: config.mode === 'stack' ? await see('the units', () => unitStates(host), null) : null,
    control_answers: await within(ANSWER_MS, () => controlAnswers(config)).catch(() => false),
    gateway_answers: isOurs,
    data_folder_locked: isLocked(controlPaths(config.data_folder).lock),
    dependencies: isOurs ? await see('what the gateway says of dependencies', () => readyOf(url), null, 12_000) : null,
  };
}

async function unitStates(host: HostPort): Promise<ObservedServices['units']> {
  if (!host.exists('/run/systemd/system')) return null;
  const names = unitsOf({ subnet: '', listens_to: [] }).map(({ name }) => name);
  const { status, stdout } = await host.run('systemctl', ['show', '--property=Id,ActiveState,UnitFileState', ...names]);
  if (status !== 0) throw new Error('systemctl failed');
  return stdout
    .trim()
    .split(/\n\n+/)
    .map((one) => {
      const said = new Map(one.split('\n').map((line) => line.split('=', 2) as [string, string]));
      return {
        name: said.get('Id') ?? '',
        active: said.get('ActiveState') ?? '',
        enabled: said.get('UnitFileState') ?? '',
      };
    });
}

async function readyOf(url: string): Promise<ObservedServices['dependencies']> {
  const answer = await fetch(`${url}/ready`);
  const { dependencies } = (await answer.json()) as { dependencies?: ObservedServices['dependencies'] };
  return dependencies ?? null;
}
