import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { IsolationReport } from '../../appliance/control/verbs.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { type Container, docker } from '../support/docker.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { FETCHED, FETCHED_MODEL as model, modelMissing } from '../support/models/fetched.ts';
import { stockOf } from '../support/roles/stock.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const NAME = 'frostbyte-embedder';
const DAMAGE = 'The lessee is liable for harm that comes to the premises through improper use.';
const FREEZER = 'When the freezer alarm sounds, move all samples to the spare unit within an hour.';
/** It shares no word with the text that answers it. */
const QUESTION = 'Who must pay if a tenant breaks something in the flat?';

/** The model of a box, in a container of its own, attached to each tenant's network like a store. */
describe('the embedder in a container', {
  skip: stackMissing() ?? (await modelMissing()) ?? false,
  timeout: 600_000,
}, () => {
  let appliance: Appliance;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_DRAIN_SECONDS: '1', FROSTBYTE_EMBEDDER: 'auto', FROSTBYTE_MODELS: FETCHED },
    });
    for (const tenant of ['acme', 'blue'])
      await appliance.createTenant(tenant, { classification_review_enabled: false });
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const inspect = () => (JSON.parse(engine('inspect', NAME)) as [Container])[0];
  const networks = () => Object.keys(inspect().NetworkSettings.Networks).sort();
  const HOME = 'frostbyte_scanning';
  const ALL = [HOME, ...['acme', 'blue', 'isolationprobe'].map((tenant) => `frostbyte_tenant_${tenant}`)];

  async function search(tenant: string): Promise<RetrievalProof> {
    const api = await appliance.client(tenant);
    const { data } = await api.send<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text: QUESTION });
    return data;
  }
  const finds = (tenant: string) =>
    until(
      'the text to be found',
      async () => (await search(tenant).catch(() => null))?.chunks[0]?.text.includes('lessee'),
      { seconds: 120 },
    );

  it('embeds what tenants bring and ask, with the model', async () => {
    for (const tenant of ['acme', 'blue']) {
      const api = await appliance.client(tenant);
      const { batch_id } = await submit(api, tenant, [text('damage.txt', DAMAGE), text('freezer.txt', FREEZER)]);
      const { files } = await whenSettled(api, tenant, batch_id);
      assert.deepEqual(
        files.map(({ state }) => state),
        ['indexed', 'indexed'],
      );
    }
    const { chunks, embed_model } = await search('acme');
    assert.match(chunks[0]!.text, /lessee/);
    assert.equal(embed_model, model.name);
  });

  it('is attached to each tenant’s network and to no store’s', () => {
    assert.deepEqual(networks(), ALL);
  });

  it('holds nothing: no secret, no disk but the models, no log, no environment, no privilege', () => {
    const { HostConfig, Mounts, State } = inspect();
    assert.deepEqual(
      [HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.LogConfig.Type],
      [true, ['ALL'], 'none'],
    );
    assert.deepEqual(Mounts.map(({ Destination, RW }) => [Destination, RW]).sort(), [
      ['/run/frostbyte/embedder', false],
      ['/run/frostbyte/models', false],
    ]);
    const processes = [State.Pid, ...descendantsOf(State.Pid)];
    assert.ok(processes.length >= 2, 'a process for the model');
    for (const pid of processes) {
      const { capabilities, sealed, seccomp, environment, files } = stockOf(pid);
      assert.deepEqual([capabilities, sealed, seccomp, environment], [0, true, '2', []]);
      for (const file of files) assert.match(file, /^\/(?:opt\/frostbyte|run\/frostbyte\/models)\//);
    }
  });

  it('is started again when it ends, and when it was taken away it is attached again', async () => {
    const first = inspect().State.Pid;
    engine('kill', NAME);
    await until('it to run again', () => ![0, first].includes(inspect().State.Pid), { seconds: 60 });
    await finds('acme');
    engine('rm', '--force', NAME);
    await finds('blue');
    assert.deepEqual(networks(), ALL);
  });

  it('says in the appliance’s readiness how it is', async () => {
    const { dependencies } = (await (await fetch(`${appliance.url}/ready`)).json()) as {
      dependencies: { name: string; ok: boolean }[];
    };
    assert.deepEqual(
      dependencies.filter(({ name }) => name.startsWith('embedder.')).map(({ name, ok }) => [name, ok]),
      [[`embedder.${model.name}`, true]],
    );
  });

  it('is closed to who comes from elsewhere, as the isolation check says', async () => {
    const { data } = await (await appliance.admin()).send<IsolationReport>('POST', '/admin/tenants/acme/verify');
    assert.equal(data.overall_pass, true);
    const doors = data.checks.filter(({ test }) => test.includes('embedder'));
    assert.deepEqual(new Set(doors.map(({ result }) => result)), new Set(['DENIED']));
    assert.ok(doors.some(({ target }) => target === 'blue'));
  });

  it('leaves with the appliance', async () => {
    await appliance.stop();
    assert.equal(inspect().State.Pid, 0);
    await appliance.restart();
    await finds('acme');
  });
});
