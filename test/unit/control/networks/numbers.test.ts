import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { MOST_NETWORKS, networkNumbers } from '../../../../appliance/control/networks/numbers.ts';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';
import { manualClock } from '../../../support/manual-clock.ts';

it('a tenant gets the lowest free number, keeps it, and gives it back', async (t) => {
  const file = await registryFile(t);
  const registry = openRegistry(file, manualClock());
  t.after(() => registry.raw.close());
  const numbers = networkNumbers(() => registry);
  assert.equal(numbers.of('aaa'), null);
  assert.deepEqual(['aaa', 'bbb', 'ccc', 'aaa'].map(numbers.take), [1, 2, 3, 1]);
  numbers.giveBack('bbb');
  numbers.giveBack('bbb');
  assert.equal(numbers.take('ddd'), 2);
  const again = openRegistry(file, manualClock());
  t.after(() => again.raw.close());
  assert.deepEqual(
    [...networkNumbers(() => again).all()],
    [
      ['aaa', 1],
      ['ddd', 2],
      ['ccc', 3],
    ],
  );
});

it('where all are taken, the next tenant is refused', async (t) => {
  const registry = openRegistry(await registryFile(t), manualClock());
  t.after(() => registry.raw.close());
  const numbers = networkNumbers(() => registry);
  for (let at = 1; at <= MOST_NETWORKS; at++) assert.equal(numbers.take(`tenant${at}`), at);
  assert.throws(
    () => numbers.take('onemore'),
    (error) => isFrostbyteError(error, 'QUOTA_EXCEEDED'),
  );
  numbers.giveBack('tenant77');
  assert.equal(numbers.take('onemore'), 77);
});

async function registryFile(t: TestContext): Promise<string> {
  return join(await temporaryFolder(t), 'registry.sqlite');
}
