import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { hostTools, operationOf } from '../../../../appliance/bin/host-operations.ts';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import type { HostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { type InstallParameters, installOperation } from '../../../../appliance/bundle/install/install.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { dryRun } from '../../../../appliance/bundle/operation/dry-run.ts';
import { executeOperation } from '../../../../appliance/bundle/operation/execute.ts';
import { gatherInstallation } from '../../../../appliance/bundle/preflight/gather/installation.ts';
import { thisHost } from '../../../../appliance/bundle/preflight/host-port.ts';
import { loadConfig } from '../../../../appliance/config/load.ts';
import { hostWorld, needsRoot as skip } from '../../../support/host-world.ts';
import { runCli } from '../../../support/run-cli.ts';

const world = hostWorld('install');
let root: string;
let layout: HostLayout;
let parameters: InstallParameters;
beforeEach(async () => {
  ({ root, layout } = world);
  await world.bring(world.bundle, '1.2.3');
  parameters = world.parameters();
});

let reloads = 0;
const operation = () =>
  installOperation(parameters, layout, { ...hostTools(layout), reloadUnits: async () => void reloads++ });
const run = () => world.run(operation());
const hostNow = () => world.now({ records: false });

describe('an installation', { skip }, () => {
  test('puts the release beside others, keeps what it is held against, and lets it be current', async () => {
    const outcome = await executeOperation(run());
    assert.equal(outcome.state, 'done');
    assert.equal(outcome.changed, 8);
    assert.equal(readlinkSync(layout.current), 'releases/1.2.3');
    assert.equal(statSync(join(layout.current, 'bin/node')).mode & 0o777, 0o755);
    assert.deepEqual(
      readFileSync(join(layout.current, 'models/weights.bin')),
      readFileSync(join(world.bundles.folder, 'weights')),
      'parts are joined',
    );
    assert.equal(readFileSync(layout.anchor, 'utf8'), parameters.anchor);
    assert.equal(knownTrust(layout).counter, 7);
    assert.match(knownTrust(layout).lists!.allowed_signers, /^# serial: 3$/m);
    assert.match(
      readFileSync(join(layout.settings, 'frostbyte.yaml'), 'utf8'),
      /gateway_uid: \d+\nstack:\n {2}subnet: "172\.30"\n/,
    );
    assert.match(
      readFileSync(join(root, 'etc/passwd'), 'utf8'),
      /^frostbyte-gateway:.*:\/nonexistent:\/usr\/sbin\/nologin$/m,
    );
    const configured = loadConfig({ file: join(layout.settings, 'frostbyte.yaml') });
    assert.deepEqual([configured.mode, configured.listen.port], ['stack', 8081]);
    const { compose, compose_folder, vectors } = configured.stack;
    assert.deepEqual(
      [compose, compose_folder, vectors],
      [join(layout.current, 'host/docker-compose'), join(layout.current, 'compose'), 'sqlite-vec'],
    );
    assert.equal(statSync(layout.data).mode & 0o777, 0o711);
    assert.equal(gatherInstallation(thisHost(), layout).state, 'present');
    const { records } = readEvidence(layout.evidence);
    assert.deepEqual(
      records.map(({ action, result }) => [action, result]),
      [['install', 'ok']],
    );
  });

  test('on a healthy host has nothing to do, and tells so beforehand', async () => {
    const fresh = await dryRun(operation(), null);
    assert.deepEqual(
      fresh.map(({ name, would }) => `${name} ${would}`),
      ['folders do', 'release do', 'gateway-user do', 'trust do', 'settings do', 'units do', 'command do', 'switch do'],
    );
    await executeOperation(run());
    const before = hostNow();
    assert.ok((await dryRun(operation(), null)).every(({ would }) => would === 'nothing'));
    reloads = 0;
    assert.equal((await executeOperation(run())).changed, 0);
    assert.deepEqual(hostNow(), before);
    assert.equal(reloads, 0);
  });

  test('leaves the site’s settings, and mends what of ours was changed', async () => {
    mkdirSync(layout.settings, { recursive: true });
    writeFileSync(join(layout.settings, 'frostbyte.yaml'), 'mode: stack\n');
    await executeOperation(run());
    assert.equal(readFileSync(join(layout.settings, 'frostbyte.yaml'), 'utf8'), 'mode: stack\n');
    appendFileSync(join(layout.units, 'frostbyte-gateway.service'), 'User=root\n');
    assert.equal((await executeOperation(run())).changed, 1);
    assert.doesNotMatch(readFileSync(join(layout.units, 'frostbyte-gateway.service'), 'utf8'), /User=root/);
  });

  test('refuses what was changed since it was verified, by name, and leaves nothing of it', async () => {
    const file = join(layout.quarantine, '1.2.3/bin/node');
    chmodSync(file, 0o755);
    appendFileSync(file, ' ');
    const { state, failure } = await executeOperation(run());
    assert.equal(state, 'waiting');
    assert.deepEqual([failure!.phase, failure!.code], ['release', 'BUNDLE_FILE_ALTERED']);
    assert.match(failure!.message, /bin\/node/);
    assert.equal(existsSync(join(layout.releases, '1.2.3')), false);
    assert.equal(existsSync(layout.current), false);
  });

  test('never takes an older counter or older lists for the newest', async () => {
    await executeOperation(run());
    const newest = join(layout.settings, 'newest_bundle.json');
    writeFileSync(newest, '{"counter":9,"version":"1.4.0"}\n');
    const list = join(layout.settings, 'known_revoked_keys');
    writeFileSync(list, '# serial: 99\n');
    assert.equal((await executeOperation(run())).changed, 0);
    assert.equal(knownTrust(layout).counter, 9);
    assert.equal(readFileSync(list, 'utf8'), '# serial: 99\n');
    writeFileSync(newest, 'torn');
    assert.throws(() => knownTrust(layout), { code: 'STORE_CORRUPTED' });
  });
});

describe('frostbyte plan', { skip }, () => {
  const plan = (...args: string[]) => runCli(['plan', ...args, '--root', root, '--progress', 'lines']);
  const show = (...args: string[]) => runCli(['plan', 'show', ...args, '--root', root]);
  /** Something stands where the link belongs. */
  async function obstructed(): Promise<string[]> {
    mkdirSync(layout.current, { recursive: true });
    writeFileSync(join(layout.units, 'frostbyte-control.service'), 'of another\n');
    const before = hostNow();
    const { state, failure } = await executeOperation(run());
    assert.deepEqual([state, failure!.phase], ['waiting', 'switch']);
    return before;
  }

  test('has nothing to show, go on with or back, before there was an operation', async () => {
    assert.match((await show()).said.out, /no operation on this host yet/);
    assert.equal((await plan('resume')).status, 1);
    assert.match((await plan('rollback')).said.err, /^INVALID_STATE_TRANSITION: No operation was left/);
  });

  test('shows what was left, and goes on with it once what was in its way is gone', async () => {
    await obstructed();
    const { said } = await show();
    assert.match(said.out, /^Install 1\.2\.3: on its way, failed in switch \(/);
    assert.match(said.out, /6 +Write the services +done/);
    assert.match(said.out, /8 +Let release 1\.2\.3 be the current one +pending/);
    assert.match((await show('--log')).said.out, /FAILED, INVALID_STATE_TRANSITION: .*current is no link/);
    const again = await plan('resume');
    assert.equal(again.status, 1, 'it is still in the way');
    assert.match(again.said.err, /\[8\/8\] Let release 1\.2\.3 be the current one: FAILED/);
    rmSync(layout.current, { recursive: true });
    const { status, said: resumed } = await plan('resume');
    assert.equal(status, 0, resumed.err);
    assert.match(resumed.out, /^Install 1\.2\.3: done\.$/m);
    assert.match(resumed.err, /^\[1\/8\] Make the folders: nothing to do$/m);
    assert.equal(readlinkSync(layout.current), 'releases/1.2.3');
    const shown = JSON.parse((await show('--json')).said.out) as { result: string; phases: { state: string }[] };
    assert.deepEqual(
      [shown.result, shown.phases.every(({ state }) => state === 'done' || state === 'found')],
      ['done', true],
    );
    assert.deepEqual(
      readEvidence(layout.evidence).records.map(({ result }) => result),
      ['failed', 'failed', 'ok'],
    );
  });

  test('takes it back, and the host is as it was, to the mode of a folder', async () => {
    const before = await obstructed();
    assert.notDeepEqual(hostNow(), before);
    const { status, said } = await plan('rollback', '--because', 'the window is over');
    assert.equal(status, 0, said.err);
    assert.match(said.out, /rolled back, the host is as it was before/);
    assert.deepEqual(hostNow(), before);
    const { records } = readEvidence(layout.evidence);
    assert.equal(records.at(-1)!.result, 'rolled-back');
    assert.match((await show('--all')).said.out, /Install 1\.2\.3 +root \(logged in as ops\) +rolled back/);
    assert.equal((await plan('resume')).status, 1);
  });

  test('tells its progress as lines of JSON, and an operation of another release by its name', async () => {
    await obstructed();
    rmSync(layout.current, { recursive: true });
    const { said } = await runCli(['plan', 'resume', '--root', root, '--progress', 'json', '--json']);
    const heard = said.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; eta_seconds: number });
    assert.equal(heard.at(-1)!.event, 'finished');
    assert.ok(heard.every(({ eta_seconds }) => eta_seconds >= 0));
    assert.equal((JSON.parse(said.out) as { state: string }).state, 'done');
    assert.throws(() => operationOf('conquer', {}, layout), { code: 'OPERATION_UNFINISHED' });
    assert.throws(() => operationOf('constructor', {}, layout), { code: 'OPERATION_UNFINISHED' });
  });
});
