import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { dryRun } from '../../../../appliance/bundle/operation/dry-run.ts';
import { executeOperation, rollBackOperation } from '../../../../appliance/bundle/operation/execute.ts';
import { unfinishedOperation } from '../../../../appliance/bundle/operation/operations.ts';
import type { Operation } from '../../../../appliance/bundle/operation/phase.ts';
import { ALL_FAULTS, seeded } from '../../../support/faults/random.ts';
import { needsRoot as skip } from '../../../support/host-world.ts';
import { namesIn, suspendMeanwhile, upgradeWorld } from '../../../support/upgrade-world.ts';

const world = upgradeWorld('upgrade');
const run = (operation: Operation = world.upgrade()) => world.run(operation, { version: '1.3.0' });

/** The same operation, one phase of which fails in its work or behind it. */
function failing(name: string, when: 'before' | 'after', operation = world.upgrade()): Operation {
  const phases = operation.phases.map((phase) =>
    phase.name !== name
      ? phase
      : {
          ...phase,
          // What it did is seen, so that only the record of it fails.
          check: async () => false,
          async do(given: Parameters<typeof phase.do>[0]) {
            if (when === 'after') await phase.do(given);
            throw new Error(`${name} failed`);
          },
        },
  );
  return { ...operation, phases };
}

const PHASES = [
  'folders',
  'release',
  'trust',
  'settings',
  'signatures',
  'images',
  'sample',
  'snapshot',
  'close',
  'rest',
  'settle',
  'switch',
  'units',
  'command',
  'start',
  'ready',
  'smoke',
  'open',
  'forget',
  'clear',
  'log',
  'older',
];
const [BACK, FORTH] = [PHASES.slice(0, PHASES.indexOf('open')), PHASES.slice(PHASES.indexOf('open'))];

const WHEN = ['before', 'after'] as const;

describe('an upgrade', { skip }, () => {
  beforeEach(() => world.install());

  test('does what takes time while the release of before serves, and lets nobody in until the new one is proven', async () => {
    const intended = await dryRun(world.upgrade(), null);
    assert.deepEqual(
      intended.map(({ name }) => name),
      PHASES,
    );
    assert.deepEqual(
      intended.filter(({ reversible }) => !reversible).map(({ name }) => name),
      [...FORTH],
    );
    const outcome = await executeOperation(run());
    assert.equal(outcome.state, 'done', outcome.failure?.message);
    assert.deepEqual(world.calls, [
      'plant 1.2.3/docs/samples/contract-warehouse-lease.pdf by 1.2.3',
      'rest',
      'renew 1.3.0',
      'prove by 1.3.0',
      'clear',
      'BUNDLE_UPGRADED 1.3.0',
    ]);
    assert.equal(readlinkSync(world.layout.current), 'releases/1.3.0');
    assert.deepEqual(namesIn(world.layout.releases), ['1.2.3', '1.3.0'], 'the release of before stays to go back to');
    assert.equal(knownTrust(world.layout).counter, 8);
    assert.equal(world.isClosed(), false);
    assert.equal(existsSync(join(world.layout.data, 'snapshot')), false, 'what is erased from now on is in no copy');
    const { records } = readEvidence(world.layout.evidence);
    assert.deepEqual(
      records.map(({ action, result }) => `${action} ${result}`),
      ['install ok', 'upgrade ok'],
    );
    assert.equal((await executeOperation(run())).changed > 0, true, 'a second one proves it anew');
  });

  test('that fails goes back by itself, code and data as they were, and people are let in, whichever phase it is', async () => {
    const before = world.now({ records: false });
    const random = seeded(46);
    console.log(`# seed ${random.seed}`);
    for (const name of BACK) {
      for (const when of ALL_FAULTS ? WHEN : [random.pick(WHEN)]) {
        const outcome = await executeOperation(run(failing(name, when)));
        assert.deepEqual([outcome.state, outcome.failure?.phase], ['rolled-back', name], outcome.failure?.message);
        assert.deepEqual(world.now({ records: false }), before, `${when} ${name}`);
        assert.deepEqual([world.runs, world.isClosed()], ['1.2.3', false], `${when} ${name}`);
      }
    }
    assert.equal(readEvidence(world.layout.evidence).records.at(-1)!.result, 'rolled-back');
  });

  for (const name of FORTH) {
    test(`that fails in ${name}, when people may have been let in, waits, has no way back, and is gone on with`, async () => {
      const outcome = await executeOperation(run(failing(name, 'after')));
      assert.deepEqual([outcome.state, outcome.failure?.phase], ['waiting', name]);
      const left = unfinishedOperation(world.layout.operations)!;
      await assert.rejects(rollBackOperation(run(), left, 'asked'), {
        code: 'INVALID_STATE_TRANSITION',
        message: /no way back behind the phase open/,
      });
      const rested = world.calls.filter((call) => call === 'rest').length;
      // What people brought since is copied by nobody: a run that tried would find no room for it.
      const { data } = world.tools;
      data.room = () => 0;
      try {
        const on = await executeOperation(run());
        assert.equal(on.state, 'done', on.failure?.message);
      } finally {
        data.room = () => 10e9;
      }
      assert.equal(world.calls.filter((call) => call === 'rest').length, rested, 'it does not rest once more');
      assert.deepEqual([world.runs, world.isClosed()], ['1.3.0', false]);
    });
  }

  test('that was killed is taken back, as the operator says, or gone on with, whichever phase it was in', async () => {
    const before = world.now({ records: false });
    const killed = (name: string, when: 'before' | 'after') =>
      executeOperation(run({ ...failing(name, when), on_failure: 'wait' }));
    const random = seeded(47);
    console.log(`# seed ${random.seed}`);
    const some = BACK.filter(() => ALL_FAULTS || random.whole(0, 2) === 0);
    for (const name of some) {
      assert.equal((await killed(name, 'after')).state, 'waiting', name);
      const left = unfinishedOperation(world.layout.operations)!;
      const back = await rollBackOperation(run(), left, 'the window is over');
      assert.equal(back.state, 'rolled-back', back.failure?.message);
      assert.deepEqual(world.now({ records: false }), before, name);
    }
    for (const name of some) assert.equal((await killed(name, 'before')).state, 'waiting', name);
    const on = await executeOperation(run());
    assert.equal(on.state, 'done', on.failure?.message);
    assert.deepEqual([world.runs, world.isClosed()], ['1.3.0', false]);
  });

  test('takes nothing back of a kill-switch, and never the release’s own records', async () => {
    const operation = failing('smoke', 'before');
    const phases = operation.phases.map((phase) =>
      phase.name !== 'ready'
        ? phase
        : {
            ...phase,
            async check() {
              suspendMeanwhile(world, 'nordlaw');
              return true;
            },
          },
    );
    assert.equal((await executeOperation(run({ ...operation, phases }))).state, 'rolled-back');
    assert.equal(readFileSync(join(world.layout.data, 'control/suspended/nordlaw'), 'utf8'), '{}');
    assert.equal(existsSync(join(world.layout.data, 'snapshot')), false);
  });

  test('is refused before anybody is sent away where the settings are not known to it, or the disk has no room', async () => {
    world.unknown.set('1.3.0', 'old_setting');
    const { state, failure } = await executeOperation(run());
    assert.deepEqual([state, failure?.code, failure?.phase], ['rolled-back', 'CONFIG_INVALID', 'settings']);
    world.unknown.clear();
    const { data } = world.tools;
    data.room = () => 1000;
    try {
      const full = await executeOperation(run());
      assert.deepEqual([full.state, full.failure?.code, full.failure?.phase], ['rolled-back', 'DISK_FULL', 'snapshot']);
      assert.match(full.failure!.message, /needs 0\.3 GB, and the disk of .* has 0\.0 GB/);
    } finally {
      data.room = () => 10e9;
    }
    assert.equal(world.calls.includes('rest'), false);
  });

  test('removes what nothing goes back to any more, with its names of images', async () => {
    const old = join(world.layout.releases, '1.1.0');
    const { path } = await world.bundles.build('old', { about: { version: '1.1.0', counter: 5 } });
    await world.bring(path, '1.1.0');
    renameSync(join(world.layout.quarantine, '1.1.0'), old);
    writeFileSync(join(world.layout.releases, '.1.3.0.incoming'), '');
    assert.equal((await executeOperation(run())).state, 'done');
    assert.deepEqual(
      namesIn(world.layout.releases).filter((name) => !name.startsWith('.')),
      ['1.2.3', '1.3.0'],
    );
  });
});
