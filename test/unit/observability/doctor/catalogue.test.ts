import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { doctorTable } from '../../../../appliance/cli/doctor-table.ts';
import { createProgram } from '../../../../appliance/cli/main.ts';
import { FAILURES } from '../../../../appliance/observability/doctor/catalogue.ts';
import { diagnose } from '../../../../appliance/observability/doctor/diagnose.ts';
import { readableBytes, readableSpan } from '../../../../appliance/observability/doctor/failure.ts';
import type { Observed, ObservedContainer, ObservedDisk } from '../../../../appliance/observability/doctor/observed.ts';
import { container, healthy, NOW } from '../../../support/doctor/healthy.ts';

type Changed = { [K in keyof Observed]?: Partial<Observed[K]> | Observed[K] };

/** A healthy host, but for this. */
function but(changes: Changed): Observed {
  const well = healthy() as unknown as Record<string, unknown>;
  for (const [section, change] of Object.entries(changes)) {
    const isPart = typeof change === 'object' && change !== null && !Array.isArray(change);
    well[section] = isPart ? { ...(well[section] as object), ...change } : change;
  }
  return well as unknown as Observed;
}

const disk = (changes: Partial<ObservedDisk>): Changed => ({
  host: { disks: [{ ...healthy().host.disks[0]!, ...changes }] },
});
const service = (name: string, changes: Partial<ObservedContainer>): Changed => ({
  engine: {
    ...healthy().engine!,
    containers: healthy().engine!.containers.map((one) => (one.service === name ? { ...one, ...changes } : one)),
  },
});
const unit = (role: string, changes: object): Partial<Observed['services']> => ({
  units: healthy().services.units!.map((one) => (one.name.includes(role) ? { ...one, ...changes } : one)),
});
const tenant = (changes: object): Changed => ({
  work: { tenants: [{ ...healthy().work.tenants![0]!, ...changes }] },
});
const says = (name: string, message: string): Changed => ({
  services: { dependencies: [{ name, ok: false, message }] },
});
const embedded: Changed = {
  mode: 'embedded',
  installation: { state: 'none', version: null, arch: null },
  engine: null,
};
const DAY = 86_400_000;

/** Each known failure: what is so, and what of it is told. */
const PROVOKED: readonly (readonly [code: string, changes: Changed, told: RegExp, beside?: readonly string[]])[] = [
  ['disk-full', disk({ free_bytes: 5 << 20 }), /the data \(\/var\/lib\): 5\.0 MiB left/],
  ['disk-low', disk({ free_bytes: 500 << 20 }), /500 MiB left, 1\.0 GiB are kept free/],
  ['inodes-used-up', disk({ free_inodes: 3 }), /: 3 left/],
  ['disk-read-only', disk({ read_only: true }), /the data/],
  ['memory-low', { host: { memory_available_bytes: 90 << 20 } }, /90 MiB available/],
  ['clock-stepped', { host: { clock: { kept_at: NOW, step_days: 12 } } }, /by 12 days/],
  ['clock-behind', { host: { clock: { kept_at: NOW + 3 * 3_600_000, step_days: null } } }, /by 3 h/],
  ['subnet-clash', { host: { subnet_clashes: ['172.28.0.0/14 by wg0'] } }, /wg0/],
  [
    'port-taken',
    {
      host: { listener: { address: '127.0.0.1', process: '/usr/sbin/nginx' } },
      services: { ...unit('gateway', { active: 'failed' }), gateway_answers: false },
    },
    /port 8080: \/usr\/sbin\/nginx/,
    ['gateway-failed'],
  ],
  ['input-rule-missing', { host: { input_rule: 'the rule is not in force' } }, /not in force/],
  ['wrong-architecture', { host: { machine: 'aarch64' } }, /amd64, on aarch64/],
  ['wrong-node', { host: { node: 'v20.19.0' } }, /Node v20\.19\.0, and 24 is needed/],
  ['settings-invalid', { settings_problem: 'listen.port: must be a number' }, /listen\.port/],
  [
    'operation-unfinished',
    { installation: { unfinished: { title: 'Install 1.2.3', phase: 'recovery', message: 'nobody answered' } } },
    /^Install 1\.2\.3, in the phase recovery: nobody answered$/,
  ],
  ['journal-damaged', { installation: { journal_problem: 'line 7' } }, /line 7/],
  ['release-broken', { installation: { state: 'broken', reason: 'bin/node is missing' } }, /bin\/node/],
  ['unit-changed', { installation: { changed_units: ['frostbyte-gateway.service'] } }, /gateway/],
  ['evidence-broken', { installation: { evidence_problem: 'record 4' } }, /record 4/],
  [
    'control-failed',
    { services: { ...unit('control', { active: 'failed' }), control_answers: false } },
    /frostbyte-control/,
  ],
  [
    'control-down',
    { services: { ...unit('control', { active: 'inactive' }), control_answers: false } },
    /its unit is inactive/,
  ],
  [
    'gateway-failed',
    { host: { listener: null }, services: { ...unit('gateway', { active: 'failed' }), gateway_answers: false } },
    /frostbyte-gateway/,
  ],
  [
    'gateway-down',
    { host: { listener: null }, services: { ...unit('gateway', { active: 'inactive' }), gateway_answers: false } },
    /its unit is inactive/,
  ],
  ['service-disabled', { services: unit('gateway', { enabled: 'disabled' }) }, /gateway\.service is disabled/],
  [
    'appliance-down',
    {
      ...embedded,
      host: { listener: null },
      services: { units: null, gateway_answers: false, data_folder_locked: false, dependencies: null },
    },
    /nobody works on the data folder/,
  ],
  [
    'data-folder-locked',
    {
      ...embedded,
      host: { listener: null },
      services: { units: null, gateway_answers: false, data_folder_locked: true, dependencies: null },
    },
    /nothing answers on port 8080/,
  ],
  ['workers-lost', says('workers', '0 of 2 alive'), /0 of 2 alive/],
  ['inbox-silent', says('inbox', 'the folders of 1 tenant(s) do not answer'), /do not answer/],
  ['dependency-not-ready', says('tenants.vectors', 'cannot be reached'), /^tenants\.vectors: cannot be reached$/],
  ['engine-missing', { engine: { ...healthy().engine!, is_there: false, version: null } }, /no dockerd/],
  ['engine-down', { engine: { ...healthy().engine!, version: null, problem: 'it does not answer' } }, /answer/],
  ['engine-too-old', { engine: { ...healthy().engine!, version: '20.10.5' } }, /20\.10\.5, and 20\.10\.24/],
  ['compose-missing', { engine: { ...healthy().engine!, compose_there: false } }, /stack\.compose/],
  [
    'images-missing',
    { engine: { ...healthy().engine!, missing_images: ['frostbyte.local/redis:1.2.3'] } },
    /redis:1\.2\.3/,
  ],
  ['networks-missing', { engine: { ...healthy().engine!, missing_networks: ['tenant_nordlaw'] } }, /tenant_nordlaw/],
  [
    'container-missing',
    { engine: { ...healthy().engine!, containers: healthy().engine!.containers.slice(1) } },
    /^frostbyte-postgres-1$/,
  ],
  [
    'container-out-of-memory',
    service('postgres', { state: 'exited', oom_killed: true, exit_code: 137, health: null }),
    /frostbyte-postgres-1/,
  ],
  ['container-exited', service('redis', { state: 'exited', exit_code: 1, health: null }), /redis-1: exit code 1/],
  ['container-restarting', service('clamav', { state: 'restarting', restarts: 9, health: null }), /9 times/],
  ['container-paused', service('objects', { state: 'paused', health: null }), /objects-1/],
  ['postgres-unhealthy', service('postgres', { health: 'unhealthy', health_log: 'in recovery' }), /in recovery/],
  ['objects-unhealthy', service('objects', { health: 'unhealthy' }), /objects-1/],
  ['redis-unhealthy', service('redis', { health: 'unhealthy' }), /redis-1/],
  ['qdrant-unhealthy', service('qdrant', { health: 'unhealthy' }), /qdrant-1/],
  ['clamav-unhealthy', service('clamav', { health: 'unhealthy' }), /clamav-1/],
  ['scanner-unhealthy', service('scanner', { health: 'unhealthy' }), /scanner-1/],
  [
    'tenant-container-unhealthy',
    {
      engine: {
        ...healthy().engine!,
        containers: [
          ...healthy().engine!.containers,
          container('frostbyte-nordlaw-redis', { service: 'redis', tenant: 'nordlaw', health: 'unhealthy' }),
        ],
      },
    },
    /of nordlaw/,
  ],
  ['root-key-missing', { keys: { root_key: 'missing' } }, /root\.age/],
  ['root-key-unreadable', { keys: { root_key: 'unreadable' } }, /root\.age/],
  ['root-key-sealed', { keys: { root_key: 'sealed' } }, /each boot/],
  ['secrets-readable', { keys: { loose: ['/var/lib/frostbyte/secrets/root.age'] } }, /root\.age/],
  ['recovery-unproven', { keys: { recovery: 'none' } }, /none is named/],
  ['recovery-unproven', { keys: { recovery: 'damaged' } }, /is damaged/],
  ['recovery-unanswered', { keys: { recovery: 'pending' } }, /not answered yet/],
  ['recovery-unanswered', { keys: { recovery: 'expired' } }, /too old/],
  [
    'certificate-expired',
    { keys: { certificates: [{ file: 'c.pem', ends_at: NOW - 3 * DAY }] } },
    /c\.pem, 3 days ago/,
  ],
  ['certificate-expires', { keys: { certificates: [{ file: 'c.pem', ends_at: NOW + 9 * DAY }] } }, /in 9 days/],
  ['rotation-overdue', { keys: { rotation_overdue: ['nordlaw'] } }, /nordlaw/],
  ['database-damaged', { data: { damaged: ['control/registry.sqlite'] } }, /registry/],
  ['audit-chain-broken', { data: { broken_chains: [{ log: 'nordlaw', where: 'event 3' }] } }, /^nordlaw: event 3$/],
  ['signatures-missing', { data: { signatures: { folder: '/s', files: 0, newest_at: null } } }, /^\/s$/],
  ['signatures-old', { data: { signatures: { folder: '/s', files: 1, newest_at: NOW - 60 * DAY } } }, /60 days old/],
  ['model-missing', { data: { model: { wanted: 'all-mpnet-base-v2', state: 'absent', wrong: [] } } }, /mpnet/],
  ['model-damaged', { data: { model: { wanted: 'auto', state: 'damaged', wrong: ['m: w is short'] } } }, /is short/],
  ['tenant-failed', tenant({ state: 'FAILED' }), /nordlaw/],
  ['tenant-stuck', tenant({ state: 'PROVISIONING', since: NOW - 3_600_000 }), /PROVISIONING for 60 min/],
  ['isolation-failed', tenant({ isolated: false }), /nordlaw/],
  ['dead-letters', { work: { dead_letters: [{ tenant_id: 'nordlaw', count: 4 }] } }, /nordlaw: 4/],
  [
    'backlog-stuck',
    { work: { backlog: [{ tenant_id: 'nordlaw', count: 7, oldest_at: NOW - 3_600_000 }] } },
    /7 jobs, the oldest for 60 min/,
  ],
  [
    'backlog-stuck',
    {
      ...says('workers', '0 of 1 alive'),
      work: { backlog: [{ tenant_id: 'nordlaw', count: 7, oldest_at: null }] },
    },
    /^nordlaw: 7 jobs$/,
    ['workers-lost'],
  ],
];

describe('a healthy appliance', () => {
  it('has no finding, installed or embedded', () => {
    for (const well of [healthy(), but({ ...embedded, keys: { root_key: 'open' } })]) {
      const { findings, ok } = diagnose(well);
      assert.deepEqual(findings, []);
      assert.equal(ok, true);
    }
  });

  it('is not called so where something could not be looked at', () => {
    const diagnosis = diagnose({ ...healthy(), blind: [{ what: 'the containers', why: 'no answer within 5 s' }] });
    assert.equal(diagnosis.ok, false);
    assert.match(doctorTable(diagnosis, false), /could not look at the containers: no answer within 5 s/);
  });
});

describe('the catalogue of failures', () => {
  it('knows at least twenty, each by one code and provoked here', () => {
    const codes = FAILURES.map(({ code }) => code);
    assert.ok(codes.length >= 20);
    assert.equal(new Set(codes).size, codes.length);
    assert.deepEqual([...new Set(PROVOKED.map(([code]) => code))].sort(), codes.toSorted());
  });

  for (const [code, changes, told, beside = []] of PROVOKED)
    it(`recognises ${code}, and nothing else by it: ${told.source}`, () => {
      const { findings, ok } = diagnose(but(changes));
      assert.deepEqual(findings.map((one) => one.code).sort(), [code, ...beside].sort());
      const found = findings.find((one) => one.code === code)!;
      assert.equal(found.found.length, 1);
      assert.match(found.found[0]!, told);
      assert.equal(
        ok,
        findings.every(({ severity }) => severity === 'warning'),
      );
    });

  it('names commands that there are', async () => {
    const program = await createProgram();
    const wrong: string[] = [];
    for (const { code, mend } of FAILURES)
      for (const [, words] of mend.matchAll(/\bfrostbyte ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)/g)) {
        let at: Command = program;
        for (const word of words!.split(' ')) {
          const next = at.commands.find((one) => one.name() === word);
          if (next === undefined) break;
          at = next;
        }
        if (at === program || at.commands.length > 0) wrong.push(`${code}: frostbyte ${words}`);
      }
    assert.deepEqual(wrong, []);
  });

  it('says why and how in sentences', () => {
    for (const { code, title, why, mend } of FAILURES) {
      assert.match(title, /^[A-Z].*[^.]$/, code);
      assert.match(why, /^[A-Z“].*\.$/, code);
      assert.ok(mend.length > 10, code);
    }
  });
});

describe('what people read', () => {
  it('has the finding, why and the mend within eighty columns, the worst told as what it is', () => {
    const text = doctorTable(diagnose(but({ ...disk({ free_bytes: 0 }), keys: { recovery: 'none' } })), false);
    assert.match(
      text,
      /^Frostbyte 1\.2\.3, stack mode: \d+ known failures were looked for\.\n\nHost\n {2}WRONG A disk is full \(disk-full\)\n {8}• the data/,
    );
    assert.match(text, /\n {2}note {2}No recovery recipient is proven \(recovery-unproven\)/);
    assert.match(text, /1 of them is here\. Mend the first one first/);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('shows no terminal a name that would write on it', () => {
    const text = doctorTable(diagnose(but({ keys: { loose: ['a\u001b[2Jb'] } })), false);
    assert.doesNotMatch(text, /\u001b/);
  });

  it('has sizes and spans as people say them', () => {
    assert.deepEqual([0, 1023, 1536, 5 << 30].map(readableBytes), ['0 B', '1023 B', '1.5 KiB', '1.0 GiB']);
    assert.deepEqual([60_000, 7_200_000, 3 * DAY].map(readableSpan), ['1 min', '2 h', '3 days']);
  });
});
