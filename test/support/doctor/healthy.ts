import type { Observed, ObservedContainer } from '../../../appliance/observability/doctor/observed.ts';

export const NOW = Date.parse('2026-09-21T14:00:00Z');
const GIB = 2 ** 30;

/** A container that runs and is well. */
export function container(name: string, changes: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    name,
    service: name.replace(/^frostbyte-|-1$/g, ''),
    tenant: null,
    state: 'running',
    health: 'healthy',
    health_log: null,
    exit_code: 0,
    oom_killed: false,
    restarts: 0,
    ...changes,
  };
}

const CORE = ['postgres', 'objects', 'redis', 'clamav', 'scanner', 'qdrant'];

/** An installed host on which nothing is wrong. */
export function healthy(): Observed {
  return {
    now: NOW,
    mode: 'stack',
    settings_problem: null,
    host: {
      machine: 'x86_64',
      node: 'v24.4.0',
      is_root: true,
      disks: ['the data', 'the engine'].map((what) => ({
        what,
        path: '/var/lib',
        free_bytes: 100 * GIB,
        total_bytes: 200 * GIB,
        free_inodes: 1_000_000,
        read_only: false,
        kept_free_bytes: GIB,
      })),
      memory_available_bytes: 8 * GIB,
      clock: { kept_at: NOW - 1000, step_days: null },
      subnet_clashes: [],
      listener: { address: '127.0.0.1', process: '/opt/frostbyte/current/bin/node' },
      port: 8080,
      input_rule: null,
    },
    installation: {
      state: 'present',
      reason: null,
      version: '1.2.3',
      arch: 'amd64',
      unfinished: null,
      journal_problem: null,
      evidence_problem: null,
      changed_units: [],
    },
    services: {
      units: ['control', 'gateway'].map((role) => ({
        name: `frostbyte-${role}.service`,
        active: 'active',
        enabled: 'enabled',
      })),
      control_answers: true,
      gateway_answers: true,
      data_folder_locked: true,
      dependencies: [{ name: 'workers', ok: true, message: '2 of 2 alive' }],
    },
    engine: {
      is_there: true,
      version: '20.10.24+dfsg1',
      problem: null,
      compose_there: true,
      containers: CORE.map((name) => container(`frostbyte-${name}-1`)),
      wanted: CORE.map((service) => ({ name: `frostbyte-${service}-1`, service })),
      missing_images: [],
      missing_networks: [],
    },
    keys: {
      root_key: 'unsealed',
      has_data: true,
      loose: [],
      recovery: 'proven',
      certificates: [{ file: '/etc/tls/postgres_certificate', ends_at: NOW + 300 * 86_400_000 }],
      rotation_overdue: [],
    },
    data: {
      damaged: [],
      broken_chains: [],
      signatures: { folder: '/var/lib/frostbyte/signatures', files: 3, newest_at: NOW - 86_400_000 },
      model: { wanted: 'auto', state: 'present', wrong: [] },
    },
    work: {
      tenants: [{ tenant_id: 'nordlaw', state: 'ACTIVE', since: NOW - 86_400_000, isolated: true }],
      dead_letters: [{ tenant_id: 'nordlaw', count: 0 }],
      backlog: [{ tenant_id: 'nordlaw', count: 0, oldest_at: null }],
    },
    blind: [],
  };
}
