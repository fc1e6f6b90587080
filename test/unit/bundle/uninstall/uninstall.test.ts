import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { hostTools, operationOf } from '../../../../appliance/bin/host-operations.ts';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import type { HostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { installOperation } from '../../../../appliance/bundle/install/install.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { dryRun } from '../../../../appliance/bundle/operation/dry-run.ts';
import { executeOperation } from '../../../../appliance/bundle/operation/execute.ts';
import type { Operation } from '../../../../appliance/bundle/operation/phase.ts';
import { finisher } from '../../../../appliance/bundle/uninstall/leave.ts';
import { hostWorld, needsRoot as skip } from '../../../support/host-world.ts';
import { runCli } from '../../../support/run-cli.ts';

const world = hostWorld('uninstall', [{ path: 'signatures/own.ndb', from: Buffer.from('ours\n') }]);
let root: string;
let layout: HostLayout;
let bare: string[];
beforeEach(async () => {
  ({ root, layout } = world);
  bare = world.now();
  await world.bring(world.bundle, '1.2.3');
});
const { run, parameters, now: hostNow } = world;

/** A host with a release, a document and a key; what runs is tried elsewhere. */
async function installed(): Promise<void> {
  const outcome = await executeOperation(run(installOperation(parameters(), layout, hostTools(layout))));
  assert.equal(outcome.state, 'done', outcome.failure?.message);
  for (const [path, text] of [
    ['secrets/root.age', 'the root key'],
    ['secrets/tenants/nordlaw/key.age', 'a key'],
    ['tenants/nordlaw/objects/one', 'a document'],
    ['signatures/own.ndb', 'ours\n'],
    ['signatures/site.ndb', 'the site’s\n'],
  ] as const) {
    mkdirSync(dirname(join(layout.data, path)), { recursive: true });
    writeFileSync(join(layout.data, path), text, { mode: 0o600 });
  }
}

const uninstall = (...words: string[]) => runCli(['uninstall', '--root', root, '--progress', 'lines', ...words]);

describe('frostbyte uninstall', { skip }, () => {
  test('takes away what was installed, and leaves documents, keys, settings and what bundles are verified against', async () => {
    await installed();
    const settings = readFileSync(join(layout.settings, 'frostbyte.yaml'), 'utf8');
    const { status, said } = await uninstall('--yes', '--evidence-to', join(root, 'stick'));
    assert.equal(status, 0, said.err);
    assert.match(said.out, /Uninstall 1\.2\.3: done\.\n[\s\S]*Kept: [\s\S]*A new installation takes them up/);
    for (const gone of [layout.programs, layout.command, join(layout.settings, 'frostbyte.yaml')])
      assert.equal(existsSync(gone), false, gone);
    assert.deepEqual(readdirSync(layout.units), []);
    assert.doesNotMatch(readFileSync(join(root, 'etc/passwd'), 'utf8'), /frostbyte/);
    assert.deepEqual(readdirSync(join(layout.data, 'signatures')), ['site.ndb']);
    assert.equal(readFileSync(join(layout.data, 'secrets/root.age'), 'utf8'), 'the root key');
    assert.equal(readFileSync(join(layout.data, 'tenants/nordlaw/objects/one'), 'utf8'), 'a document');
    assert.equal(readFileSync(join(layout.data, 'kept/frostbyte.yaml'), 'utf8'), settings);
    assert.equal(knownTrust(layout).counter, 7, 'no older bundle is taken over these data');
    const { records } = readEvidence(layout.evidence);
    assert.deepEqual(
      records.map(({ action, result }) => `${action} ${result}`),
      ['install ok', 'uninstall ok'],
    );
    const exported = readFileSync(join(root, 'stick/evidence.jsonl'), 'utf8').trim().split('\n');
    assert.equal(exported.length, 2, 'its own end is in the export');
    await world.bring(world.bundle, '1.2.3');
    const again = await executeOperation(run(installOperation(parameters(), layout, hostTools(layout))));
    assert.equal(again.state, 'done', 'what was kept is taken up');
    assert.equal(readFileSync(join(layout.data, 'secrets/root.age'), 'utf8'), 'the root key');
  });

  test('takes the data too once it was confirmed by what the dry run prints, and leaves the host as it was', async () => {
    await installed();
    const stick = join(root, '../', `${root.split('/').at(-1)}-stick`);
    const before = hostNow();
    const looked = await uninstall('--with-data', '--dry-run');
    assert.equal(looked.status, 0, looked.said.err);
    assert.match(looked.said.out, /keys of tenants: 1 \(nordlaw\)/);
    assert.match(looked.said.out, /Remove keys, documents and settings +to be done +no way back behind it/);
    const phrase = /--confirm (erase-[0-9a-f-]{14})$/m.exec(looked.said.out)![1]!;
    assert.deepEqual(hostNow(), before, 'looking changes nothing');
    for (const [words, why] of [
      [['--with-data'], /--discard-evidence/],
      [['--with-data', '--discard-evidence'], /give --confirm/],
      [['--with-data', '--discard-evidence', '--confirm', 'erase-0000-0000-0000'], /not what --dry-run prints/],
      [['--with-data', '--discard-evidence', '--yes'], /never with --with-data/],
      [['--with-data', '--evidence-to', join(layout.data, 'x'), '--confirm', phrase], /a folder that goes too/],
      [['--confirm', phrase], /only with --with-data/],
      [[], /give --yes/],
    ] as const) {
      const { status, said } = await uninstall(...words);
      assert.notEqual(status, 0, words.join(' '));
      assert.match(said.err, why, words.join(' '));
      assert.deepEqual(hostNow(), before, words.join(' '));
    }
    try {
      const { status, said } = await uninstall('--with-data', '--evidence-to', stick, '--confirm', phrase);
      assert.equal(status, 0, said.err);
      assert.match(said.out, /Escrow files, old backups and media open still what they hold/);
      assert.deepEqual(hostNow(), bare);
      assert.equal(readFileSync(join(stick, 'evidence.jsonl'), 'utf8').trim().split('\n').length, 2);
    } finally {
      rmSync(stick, { recursive: true, force: true });
    }
    assert.match((await uninstall()).said.out, /Nothing of it is here/);
  });

  test('asks for another phrase once there is another tenant’s key', async () => {
    await installed();
    const phrase = async () =>
      (JSON.parse((await uninstall('--with-data', '--dry-run', '--json')).said.out) as { confirm: string }).confirm;
    const first = await phrase();
    assert.equal(await phrase(), first);
    mkdirSync(join(layout.data, 'secrets/tenants/acme'));
    assert.notEqual(await phrase(), first);
    assert.ok(hostname().length > 0);
  });

  test('that was ended between any two steps goes on when it is run again, and ends the same', async () => {
    await installed();
    const wanted = {
      version: '1.2.3',
      with_data: true,
      evidence_to: null,
      engine_packages: [],
      engine: '/var/run/docker.sock',
    };
    const intended = await dryRun(operationOf('uninstall', wanted, layout), null);
    const names = intended.filter(({ would }) => would === 'do').map(({ name }) => name);
    assert.deepEqual(names, ['units', 'gateway-user', 'data', 'programs']);
    for (const name of names) {
      const operation = operationOf('uninstall', wanted, layout);
      const broken: Operation = {
        ...operation,
        phases: operation.phases.map((phase) =>
          phase.name === name
            ? {
                ...phase,
                async do(given) {
                  await phase.do(given);
                  throw new Error('killed behind its work');
                },
              }
            : phase,
        ),
      };
      assert.equal((await executeOperation(run(broken))).failure?.phase, name);
      if (existsSync(layout.current))
        assert.ok(existsSync(join(layout.current, 'appliance/cli.mjs')), `the program is there after ${name}`);
    }
    const { status, said } = await uninstall();
    assert.equal(status, 0, said.err);
    assert.deepEqual(hostNow(), bare);
  });

  test('that was ended behind its end is finished by the command, whichever that is by then', async () => {
    await installed();
    const wanted = {
      version: '1.2.3',
      with_data: false,
      evidence_to: null,
      engine_packages: [],
      engine: '/var/run/docker.sock',
    };
    assert.equal((await executeOperation(run(operationOf('uninstall', wanted, layout)))).state, 'done');
    assert.ok(existsSync(layout.command), 'the operation is over, and the program still there');
    writeFileSync(layout.command, finisher([layout.programs], layout.command), { mode: 0o755 });
    rmSync(join(layout.programs, 'leaving/appliance'), { recursive: true });
    assert.equal(execFileSync('sh', [layout.command], { encoding: 'utf8' }), 'Frostbyte is uninstalled.\n');
    assert.deepEqual([layout.programs, layout.command].map(existsSync), [false, false]);
    mkdirSync(layout.programs);
    const { status, said } = await uninstall();
    assert.equal(status, 0, said.err);
    assert.equal(existsSync(layout.programs), false);
  });

  test('is taken back as long as there is a way: services and settings are as they were', async () => {
    await installed();
    const before = hostNow().filter((line) => !/operations|evidence/.test(line));
    const wanted = {
      version: '1.2.3',
      with_data: false,
      evidence_to: null,
      engine_packages: [],
      engine: '/var/run/docker.sock',
    };
    const operation = operationOf('uninstall', wanted, layout);
    const stopped: Operation = {
      ...operation,
      phases: operation.phases.map((phase) =>
        phase.name === 'gateway-user'
          ? { ...phase, check: async () => Promise.reject(new Error('the disk went away')) }
          : phase,
      ),
    };
    assert.equal((await executeOperation(run(stopped))).state, 'waiting');
    assert.deepEqual(readdirSync(layout.units), []);
    const back = await runCli(['plan', 'rollback', '--root', root, '--progress', 'none']);
    assert.equal(back.status, 0, back.said.err);
    assert.deepEqual(
      hostNow().filter((line) => !/operations|evidence/.test(line)),
      before,
    );
  });
});
