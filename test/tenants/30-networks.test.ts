import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/** What control keeps up by itself, of what tenants run on. */
describe('what tenants run on, while control runs', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let appliance: Appliance;
  before(async () => {
    appliance = await startAppliance({ arrangement: 'stack' });
    await appliance.createTenant('acme', { classification_review_enabled: false });
  });
  after(() => appliance?.end());

  const ingest = async (word: string) => {
    const dana = await appliance.client('acme');
    const batch = makeBatch('acme', [text(`${word}.txt`, `SOP\n\nThe ${word} stays.`)]);
    await dana.upload('/ingest/acme/batch', batch.form, {});
    const { files } = await whenSettled(dana, 'acme', batch.manifest.batch_id);
    assert.deepEqual(
      files.map(({ state }) => state),
      ['indexed'],
    );
  };

  it('a queue server that is killed is started again, with its tenant’s user, and work goes on', async () => {
    await ingest('herring');
    const started = () =>
      docker(testStack()!, 'inspect', '--format={{.State.Running}} {{.State.StartedAt}}', 'frostbyte-acme-redis');
    const before = started();
    docker(testStack()!, 'kill', 'frostbyte-acme-redis');
    await until('another life of the server', () => started().startsWith('true') && started() !== before);
    await ingest('rye');
  });

  it('health tells that the input rule is in force', async () => {
    const health = await until('an answer', async () => {
      const answer = await fetch(`${appliance.url}/ready`);
      return (await answer.json()) as { data?: unknown };
    });
    const text = JSON.stringify(health);
    assert.match(text, /"input rule"/);
    assert.match(text, /in force/);
    assert.match(text, /as they must be/);
  });
});
