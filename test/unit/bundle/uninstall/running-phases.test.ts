import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { OperationState, PhaseRecord } from '../../../../appliance/bundle/operation/state.ts';
import { broughtPackages, onceBroughtPackages } from '../../../../appliance/bundle/uninstall/brought.ts';
import { liftInputRule } from '../../../../appliance/bundle/uninstall/phases/lift-input-rule.ts';
import { removeVolumes } from '../../../../appliance/bundle/uninstall/phases/remove-data.ts';
import { removeEngine } from '../../../../appliance/bundle/uninstall/phases/remove-engine.ts';
import { removeImages } from '../../../../appliance/bundle/uninstall/phases/remove-images.ts';
import { stopServices } from '../../../../appliance/bundle/uninstall/phases/stop-services.ts';
import type { RunningHost } from '../../../../appliance/bundle/uninstall/tools.ts';
import { phaseWorld } from '../../../support/phase-world.ts';

/** A host of which everything can be said, and which says what was done to it. */
interface World {
  log: string[];
  up: boolean;
  rule: boolean;
  memory: boolean;
  engine: 'answers' | 'down' | 'broken' | 'none';
  standing: string[];
  images: string[];
  /** Images that somebody else’s container is made of. */
  used: string[];
  volumes: string[];
  strangers: string[];
  packages: string[];
}

let folder: string;
let world: World;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-host-'));
  world = {
    log: [],
    up: true,
    rule: true,
    memory: true,
    engine: 'answers',
    standing: ['frostbyte-postgres-1', 'tenant_nordlaw'],
    images: ['frostbyte.local/redis:1.2.3', 'frostbyte.local/postgres:1.2.3'],
    used: [],
    volumes: ['frostbyte_postgres', 'frostbyte_objects'],
    strangers: [],
    packages: ['containerd', 'docker.io'],
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

function host(): RunningHost {
  const answering = <T>(value: () => T) => {
    if (world.engine !== 'answers') throw new Error('asked an engine that does not answer');
    return value();
  };
  return {
    services: {
      areUp: async () => world.up,
      async start() {
        world.up = true;
      },
      async stop() {
        world.log.push('stop');
        world.up = false;
      },
      takeDown: async () =>
        answering(() => {
          world.log.push('take down');
          world.standing = [];
        }),
    },
    inputRule: {
      isInForce: async () => world.rule,
      async up() {
        world.rule = true;
      },
      async down() {
        world.rule = false;
      },
    },
    engine: {
      answers: async () => world.engine === 'answers',
      async start() {
        if (world.engine === 'down') world.engine = 'answers';
        return world.engine === 'answers';
      },
      async remove(names) {
        world.log.push(`remove ${names.join(' ')}`);
        world.packages = world.packages.filter((name) => !names.includes(name));
        world.engine = 'none';
      },
    },
    contents: {
      folders: [join(folder, 'docker'), join(folder, 'containerd')],
      sharedFolders: [join(folder, 'cni/net.d'), join(folder, 'cni')],
      isThere: () => world.engine !== 'none',
      standing: async () => answering(() => world.standing),
      images: async () => answering(() => world.images),
      forgetImage: async (reference) => {
        if (world.used.includes(reference)) return false;
        world.images = world.images.filter((one) => one !== reference);
        return true;
      },
      volumes: async () => answering(() => world.volumes),
      async removeVolume(name) {
        world.volumes = world.volumes.filter((one) => one !== name);
      },
      strangers: async () => answering(() => world.strangers),
      strangersLeft: () => world.strangers,
      installed: async (packages) => packages.filter((name) => world.packages.includes(name)),
    },
    memory: {
      isThere: () => world.memory,
      clear() {
        world.memory = false;
      },
    },
  };
}

const { notes, runOf } = phaseWorld();

describe('the services of a host that is left', () => {
  it('end before their containers go, and what lies open on memory goes last', async () => {
    const phase = stopServices(host());
    assert.equal(await phase.check({ recorded: false }), false);
    await phase.do(runOf());
    assert.deepEqual(world.log, ['stop', 'take down']);
    assert.deepEqual([world.standing, world.memory], [[], false]);
    assert.equal(await phase.check({ recorded: true }), true);
  });

  it('are asked again in every run: what a boot started is ended again', async () => {
    const phase = stopServices(host());
    await phase.do(runOf());
    world.standing = ['frostbyte-redis-1'];
    assert.equal(await phase.check({ recorded: true }), false);
    world.standing = [];
    world.memory = true;
    assert.equal(await phase.check({ recorded: true }), false);
  });

  it('run again when it is taken back, if they ran', async () => {
    const phase = stopServices(host());
    const before = await phase.before!();
    await phase.do(runOf(before));
    await phase.undo!(runOf(before));
    assert.equal(world.up, true);
    world.up = false;
    const down = await phase.before!();
    await phase.undo!(runOf(down));
    assert.equal(world.up, false);
  });

  it('wake an engine that is down, since it holds containers, and say so of one that cannot be woken', async () => {
    world.engine = 'down';
    const phase = stopServices(host());
    assert.equal(await phase.check({ recorded: false }), false, 'what is not seen is not taken for gone');
    await phase.do(runOf());
    assert.deepEqual(world.standing, []);
    Object.assign(world, { engine: 'broken', memory: true });
    await assert.rejects(phase.do(runOf()), {
      code: 'OPERATION_FAILED',
      message: /start it, and go on: frostbyte plan/,
    });
  });

  it('need no engine where there is none', async () => {
    world.engine = 'none';
    const phase = stopServices(host());
    await phase.do(runOf());
    assert.equal(await phase.check({ recorded: true }), true);
    assert.match(notes.join(), /no container engine/);
  });
});

describe('what an engine holds', () => {
  it('of our images goes, and one that a stranger uses stays and is told', async () => {
    world.used = ['frostbyte.local/redis:1.2.3'];
    const phase = removeImages(host());
    assert.equal(await phase.check({ recorded: false }), false);
    await phase.do(runOf());
    assert.deepEqual(world.images, ['frostbyte.local/redis:1.2.3']);
    assert.match(notes.join(), /left, since containers of others are made of them: frostbyte\.local\/redis:1\.2\.3/);
    assert.equal(await phase.check({ recorded: true }), true);
  });

  it('of volumes goes with the data', async () => {
    const phase = removeVolumes(host());
    assert.equal(await phase.check({ recorded: false }), false);
    await phase.do(runOf());
    assert.equal(await phase.check({ recorded: true }), true);
    assert.equal(phase.undo, null);
  });
});

describe('the input rule', () => {
  it('is lifted, and is in force again when that is taken back', async () => {
    const phase = liftInputRule(host().inputRule);
    await phase.do(runOf());
    assert.equal(await phase.check({ recorded: true }), true);
    await phase.undo!(runOf());
    assert.equal(world.rule, true);
  });
});

describe('the engine', () => {
  const packages = ['containerd', 'docker.io'];
  const kept = () => join(folder, 'docker/volumes');
  beforeEach(() => {
    mkdirSync(kept(), { recursive: true });
    writeFileSync(join(kept(), 'rows'), 'rows');
  });
  const through = async (withData: boolean, brought: readonly string[] = packages) => {
    const phase = removeEngine(host(), { packages: brought, withData });
    if (await phase.check({ recorded: false })) return 'nothing';
    await phase.do(runOf(await phase.before!()));
    assert.equal(await phase.check({ recorded: true }), true);
    return 'done';
  };

  it('that an installation brought goes, and what it kept stays', async () => {
    mkdirSync(join(folder, 'cni/net.d'), { recursive: true });
    writeFileSync(join(folder, 'cni/of-another'), '');
    assert.equal(await through(false), 'done');
    assert.deepEqual(readdirSync(join(folder, 'cni')), ['of-another'], 'others use it too');
    assert.deepEqual(world.log, ['remove containerd docker.io']);
    assert.ok(existsSync(join(kept(), 'rows')));
    assert.match(notes.join(), /what the engine kept stays: .*docker/);
  });

  it('takes what it kept with it where the data go', async () => {
    assert.equal(await through(true), 'done');
    assert.equal(existsSync(join(folder, 'docker')), false);
  });

  it('of the host is left alone, and so is one that others use by now', async () => {
    assert.equal(await through(true, []), 'nothing');
    world.strangers = ['container billing'];
    assert.equal(await through(true), 'done');
    assert.deepEqual(world.log, []);
    assert.ok(existsSync(join(kept(), 'rows')));
    assert.match(notes.join(), /used by others and stays: container billing/);
  });

  it('that is gone leaves what it kept, which goes with the data, unless there is anything of others in it', async () => {
    Object.assign(world, { packages: [], engine: 'none', strangers: ['volume billing'] });
    assert.equal(await through(true), 'done');
    assert.ok(existsSync(join(kept(), 'rows')));
    world.strangers = [];
    assert.equal(await through(true), 'done');
    assert.equal(existsSync(join(folder, 'docker')), false);
    assert.equal(await through(false), 'nothing');
  });

  it('that was half removed when it was killed is removed to its end, by what was known before', async () => {
    const phase = removeEngine(host(), { packages, withData: true });
    const before = await phase.before!();
    Object.assign(world, { packages: ['containerd'], engine: 'none' });
    assert.equal(await phase.check({ recorded: false }), false);
    await phase.do(runOf(before));
    assert.deepEqual(world.log, ['remove containerd']);
    assert.equal(existsSync(join(folder, 'docker')), false);
  });
});

describe('what installations brought', () => {
  const operation = (kind: string, engine: Partial<PhaseRecord> | null): OperationState => ({
    plan: { kind } as OperationState['plan'],
    phases: new Map(
      engine === null ? [] : [['engine', { state: 'done', touched: true, before: null, ...engine } as PhaseRecord]],
    ),
    direction: 'forward',
    result: 'done',
    failure: null,
    started_at: '',
    last_at: '',
  });

  for (const [what, operations, wanted] of [
    ['nothing where there was an engine', [operation('install', { touched: false, state: 'found' })], []],
    [
      'the packages that the host lacked',
      [operation('install', { before: ['runc', 'docker.io'] })],
      ['docker.io', 'runc'],
    ],
    ['nothing that a way back took away', [operation('install', { before: ['runc'], state: 'undone' })], []],
    [
      'nothing that an uninstallation took away',
      [operation('install', { before: ['runc'] }), operation('uninstall', { before: { strangers: [] } })],
      [],
    ],
    [
      'what came again behind it',
      [
        operation('install', { before: ['runc'] }),
        operation('uninstall', { before: { strangers: [] } }),
        operation('install', { before: ['docker.io'] }),
      ],
      ['docker.io'],
    ],
    ['nothing without a record', [operation('install', null)], []],
  ] as const)
    it(`are ${what}`, () => assert.deepEqual(broughtPackages([...operations]), wanted));

  it('are remembered although they are gone', () => {
    const [undone, gone] = [operation('install', { before: ['runc'], state: 'undone' }), operation('uninstall', {})];
    assert.deepEqual(onceBroughtPackages([undone, gone]), ['runc']);
    assert.deepEqual(onceBroughtPackages([operation('install', { touched: false })]), []);
  });
});
