import { type HostPort, thisHost } from '../../bundle/preflight/host-port.ts';
import type { Observed } from '../../observability/doctor/observed.ts';
import { lookAtData } from './look-at-data.ts';
import { lookAtEngine } from './look-at-engine.ts';
import { lookAtHost } from './look-at-host.ts';
import { lookAtInstallation } from './look-at-installation.ts';
import { lookAtKeys } from './look-at-keys.ts';
import { lookAtServices } from './look-at-services.ts';
import { lookAtRegistry, lookAtWork } from './look-at-work.ts';
import { openSight } from './sight.ts';
import type { Patient } from './where.ts';

/**
 * Looks at everything that the catalogue of failures asks for. Changes nothing, needs nothing to run, and ends: each look has
 * its time. What could not be seen is in `blind`.
 */
export async function observe(patient: Patient, host: HostPort = thisHost()): Promise<Observed> {
  const sight = openSight();
  const { config, settingsProblem } = patient;
  const installation = await lookAtInstallation(patient, host, sight);
  const services = await lookAtServices(patient, host, sight);
  const registry = await lookAtRegistry(config, sight);
  const active = (registry.tenants ?? []).filter(({ state }) => state === 'ACTIVE').map(({ tenant_id }) => tenant_id);
  const release = installation.state === 'none' ? null : installation.version;
  return {
    now: Date.now(),
    mode: config.mode,
    settings_problem: settingsProblem,
    host: await lookAtHost(patient, host, sight),
    installation,
    services,
    engine: await lookAtEngine(config, { active, release }, sight),
    keys: await lookAtKeys(config, registry.rotation_overdue, sight),
    data: await lookAtData(config, sight),
    work: { tenants: registry.tenants, ...(await lookAtWork(config, services.gateway_answers, sight)) },
    blind: sight.blind,
  };
}
