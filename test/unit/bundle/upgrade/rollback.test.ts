import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { executeOperation } from '../../../../appliance/bundle/operation/execute.ts';
import { allOperations } from '../../../../appliance/bundle/operation/operations.ts';
import {
  filesBefore,
  rollbackOperation,
  type SchemaStep,
  upgradeToGoBackFrom,
} from '../../../../appliance/bundle/upgrade/rollback.ts';
import { needsRoot as skip } from '../../../support/host-world.ts';
import { upgradeWorld } from '../../../support/upgrade-world.ts';

const world = upgradeWorld('rollback');
const EXPANDS: SchemaStep[] = [
  { name: '0001-first', step: 'expand', since: '1.0.0' },
  { name: '0002-taken', step: 'contract', since: '1.2.3' },
  { name: '0003-more', step: 'expand', since: '1.3.0' },
];
const upgraded = (current: string | null, steps = EXPANDS) =>
  upgradeToGoBackFrom(allOperations(world.layout.operations), current, world.layout, steps);
const rollback = () => {
  const from = upgraded('1.3.0');
  const { from: before } = world.parameters13();
  const parameters = { version: before.version, counter: 7, manifest_sha256: before.manifest_sha256 };
  return rollbackOperation(
    { ...parameters, image_bytes: 0, from: '1.3.0', files: filesBefore(from) },
    world.layout,
    world.tools,
  );
};
const run = (operation = world.upgrade()) => world.run(operation, { version: '1.3.0' });

describe('a rollback', { skip }, () => {
  const unit = () => join(world.layout.units, 'frostbyte-gateway.service');
  let before: string;
  beforeEach(async () => {
    await world.install();
    // As an older release wrote it.
    appendFileSync(unit(), '# of 1.2.3\n');
    before = readFileSync(unit(), 'utf8');
    assert.equal((await executeOperation(run())).state, 'done');
  });

  test('goes back in code only: data stay, services are as they were, and nothing older is ever taken', async () => {
    assert.notEqual(readFileSync(unit(), 'utf8'), before);
    const key = join(world.layout.data, 'secrets/next.age');
    writeFileSync(join(world.layout.data, 'secrets/since.age'), 'decided since');
    world.calls.length = 0;
    const outcome = await executeOperation(run(rollback()));
    assert.equal(outcome.state, 'done', outcome.failure?.message);
    assert.deepEqual(world.calls, ['rest', 'renew 1.2.3', 'BUNDLE_ROLLED_BACK 1.2.3']);
    assert.equal(readlinkSync(world.layout.current), 'releases/1.2.3');
    assert.equal(readFileSync(unit(), 'utf8'), before);
    assert.equal(readFileSync(key, 'utf8'), 'a key of the next release');
    assert.equal(readFileSync(join(world.layout.data, 'secrets/since.age'), 'utf8'), 'decided since');
    assert.equal(knownTrust(world.layout).counter, 8);
    assert.equal(world.isClosed(), false);
    assert.deepEqual(
      [readEvidence(world.layout.evidence).records.at(-1)!].map(({ action, result }) => [action, result]),
      [['rollback', 'ok']],
    );
    assert.throws(() => upgraded('1.2.3'), { code: 'INVALID_STATE_TRANSITION', message: /One step back is all/ });
  });

  test('that does not come up leaves the release that ran, and people are let in', async () => {
    const { renew } = world.tools.running!.services;
    let tries = 0;
    world.tools.running!.services.renew = async () => {
      await renew();
      if (++tries === 1) throw new Error('it does not start');
    };
    try {
      const outcome = await executeOperation(run(rollback()));
      assert.deepEqual([outcome.state, outcome.failure?.phase], ['rolled-back', 'start']);
    } finally {
      world.tools.running!.services.renew = renew;
    }
    assert.deepEqual([world.runs, world.isClosed()], ['1.3.0', false]);
    assert.equal(upgraded('1.3.0').plan.kind, 'upgrade', 'it may be tried again');
  });

  test('is refused where the release of before does not know the settings, before anybody is sent away', async () => {
    world.unknown.set('1.2.3', 'upgrade_notice');
    world.calls.length = 0;
    const { state, failure } = await executeOperation(run(rollback()));
    assert.deepEqual([state, failure?.code], ['rolled-back', 'CONFIG_INVALID']);
    assert.deepEqual([world.calls, world.runs], [[], '1.3.0']);
  });

  test('is refused where something was taken away since, and where what is there is not the release of before', async () => {
    assert.throws(() => upgraded('1.3.0', [...EXPANDS, { name: '0004-gone', step: 'contract', since: '1.3.0' }]), {
      code: 'INVALID_STATE_TRANSITION',
      message: /Release 1\.3\.0 took away from the stores what release 1\.2\.3 needs \(0004-gone\)/,
    });
    assert.throws(() => upgraded('1.4.0'), { code: 'INVALID_STATE_TRANSITION', message: /no upgrade to go back from/ });
    assert.throws(() => upgraded(null), { code: 'INVALID_STATE_TRANSITION' });
    appendFileSync(join(world.layout.releases, '1.2.3/MANIFEST.json'), ' ');
    assert.throws(() => upgraded('1.3.0'), {
      code: 'INVALID_STATE_TRANSITION',
      message: /Release 1\.2\.3 is not there any more as it was/,
    });
  });
});
