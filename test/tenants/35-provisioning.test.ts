import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { SEQUENCES } from '../../appliance/control/provisioning/sequences.ts';
import type { Tenant } from '../../appliance/control/verbs.ts';
import { release } from '../../scripts/images/build.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { docker } from '../support/docker.ts';
import { killIfThere, rolesOf } from '../support/faults/processes.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { leftOfTenant } from '../support/left-of-tenant.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/**
 * Tenants made and unmade on real servers: nothing of others is touched, and whoever is killed, fails or is given up on the
 * way ends whole, or with nothing left.
 */

type Kind = keyof typeof SEQUENCES;
const IMAGE = `frostbyte.local/appliance:${release()}`;

describe('provisioning on servers', { skip: stackMissing() ?? false, timeout: 1_800_000 }, () => {
  let appliance: Appliance;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_DRAIN_SECONDS: '1' },
    });
    await appliance.createTenant('acme');
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const tenant = async (id: string) => (await (await appliance.admin()).get<Tenant>(`/admin/tenants/${id}`)).data;
  const ask = async (path: string, body: object = {}) => (await appliance.admin()).send('POST', path, body);
  const start = (id: string) =>
    ask('/admin/tenants', { tenant_id: id, tenant_name: id, contact_email: 'it@example.org' });
  const remove = async (id: string) => {
    const body = { reason: 'contract ended', confirm: true, confirm_tenant_id: id };
    await ask(`/admin/tenants/${id}/deprovision`, body);
  };
  const isNow = (id: string, ...states: string[]) =>
    until(
      `${id} to be ${states}`,
      async () => {
        const found = await tenant(id).catch(() => undefined);
        return found !== undefined && states.includes(found.state) ? found : undefined;
      },
      { seconds: 120, everyMs: 100 },
    );
  /** What runs, since when, and as which process. */
  const running = (except: string): string[] =>
    engine('ps', '--quiet')
      .split('\n')
      .map((id) => engine('inspect', id, '--format={{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Pid}}'))
      .filter((line) => !line.startsWith(`/frostbyte-${except}-`))
      .sort();

  it('restarts nothing: whatever ran when a tenant was begun runs on, the servers’ own processes too', async () => {
    const before = running('newcomer');
    assert.ok(
      before.some((line) => line.startsWith('/frostbyte-acme-data-plane ')),
      `${before}`,
    );
    // Lists go by number, and numbers begin anew: the first of a container need not be the lowest.
    const first = (name: string) => {
      const pid = engine('inspect', name, '--format={{.State.Pid}}');
      const rows = engine('top', name, '-eo', 'pid,lstart,comm').split('\n');
      return rows.filter((row) => row.trim().split(/\s+/)[0] === pid);
    };
    const postmaster = first('frostbyte-postgres-1');
    assert.equal(postmaster.length, 1);
    await appliance.createTenant('newcomer');
    assert.deepEqual(running('newcomer'), before);
    assert.deepEqual(first('frostbyte-postgres-1'), postmaster);
  });

  /** Kills everything that runs of the appliance once a step has begun, and starts it again. */
  async function killedAt(id: string, kind: Kind, step: string, begin: () => Promise<unknown>): Promise<void> {
    const registry = new Database(join(appliance.dataFolder, 'control/registry.sqlite'), { readonly: true });
    const row = registry.prepare('SELECT status FROM plan_steps WHERE tenant_id = ? AND kind = ? AND step = ?').pluck();
    try {
      const begun = begin();
      begun.catch(() => undefined);
      await until(`${step} of ${kind}`, () => ['started', 'done'].includes(row.get(id, kind, step) as string), {
        everyMs: 1,
      });
      for (const { pid } of rolesOf(appliance.process.pid!)) killIfThere(pid);
      await begun.catch(() => undefined);
    } finally {
      registry.close();
    }
    await appliance.kill();
    await appliance.restart();
  }

  /** Everything of it is made, each step once, whoever was killed on the way. */
  const isMade = async (id: string) => {
    const { provisioning } = await isNow(id, 'ACTIVE', 'FAILED');
    assert.deepEqual(
      provisioning.steps.map(({ step, status, error_code }) => [step, status, error_code]),
      SEQUENCES.provisioning.map(({ name }) => [name, 'done', undefined]),
    );
  };
  const isGone = async (id: string) => {
    await isNow(id, 'DEPROVISIONED');
    assert.deepEqual(await leftOfTenant(appliance, id), []);
  };
  const [making, unmaking] = [SEQUENCES.provisioning, SEQUENCES.deprovisioning].map((steps) =>
    steps.map(({ name }) => name),
  ) as [string[], string[]];

  it('a step that cannot be made undoes all before it; who is given up then leaves nothing', async () => {
    // What runs goes on: it is only its name that is gone.
    engine('tag', IMAGE, 'put-aside');
    engine('rmi', IMAGE);
    try {
      for (const id of ['fails', 'givenup']) {
        await start(id);
        const { provisioning, failed_during } = await isNow(id, 'FAILED');
        assert.equal(failed_during, 'provisioning');
        const failed = provisioning.steps.filter(({ error_code }) => error_code !== undefined);
        assert.deepEqual(
          failed.map(({ step, error_code }) => [step, error_code]),
          [['containers', 'SERVICE_UNAVAILABLE']],
        );
        assert.deepEqual(await leftOfTenant(appliance, id), []);
      }
    } finally {
      engine('tag', 'put-aside', IMAGE);
      engine('rmi', 'put-aside');
    }
    await ask('/admin/tenants/givenup/abandon');
    await isGone('givenup');
    assert.equal((await tenant('acme')).state, 'ACTIVE');
  });

  const [toMake, toUnmake] = [seeded(1).pick(making), seeded(2).pick(unmaking)];
  it(`another try makes it, killed at ${toMake} as it is; and removed, killed at ${toUnmake}, it leaves nothing`, async () => {
    await killedAt('fails', 'provisioning', toMake, () => ask('/admin/tenants/fails/retry'));
    await isMade('fails');
    await killedAt('fails', 'deprovisioning', toUnmake, () => remove('fails'));
    await isGone('fails');
    assert.equal((await isNow('acme', 'ACTIVE')).state, 'ACTIVE');
  });

  for (const [at, step] of ALL_FAULTS ? unmaking.entries() : []) {
    const make = making[at % making.length]!;
    it(`killed at ${make} it is made whole, and killed at ${step} it is removed without a trace`, async () => {
      const id = `round${at}`;
      await killedAt(id, 'provisioning', make, () => start(id));
      await isMade(id);
      await killedAt(id, 'deprovisioning', step, () => remove(id));
      await isGone(id);
    });
  }
});
