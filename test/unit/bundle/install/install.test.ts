import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { hostTools, operationOf } from '../../../../appliance/bin/host-operations.ts';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { type HostLayout, hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { type InstallParameters, installOperation } from '../../../../appliance/bundle/install/install.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { dryRun } from '../../../../appliance/bundle/operation/dry-run.ts';
import { executeOperation, type HostRun } from '../../../../appliance/bundle/operation/execute.ts';
import { gatherInstallation } from '../../../../appliance/bundle/preflight/gather/installation.ts';
import { thisHost } from '../../../../appliance/bundle/preflight/host-port.ts';
import { verifyBundle } from '../../../../appliance/bundle/verify/verify-bundle.ts';
import { loadConfig } from '../../../../appliance/config/load.ts';
import { sha256Hex } from '../../../../appliance/kernel/digest.ts';
import { type BundleWorld, bundleWorld, INPUTS } from '../../../support/bundle-world.ts';
import { BY } from '../../../support/operation-world.ts';
import { runCli } from '../../../support/run-cli.ts';

let world: BundleWorld;
let bundle: string;
let root: string;
let layout: HostLayout;
let parameters: InstallParameters;
before(async () => {
  world = bundleWorld();
  ({ path: bundle } = await world.build('genuine', {
    inputs: [...INPUTS, { path: 'appliance/cli.mjs', from: Buffer.from('// the program\n') }],
  }));
});
after(() => world.end());
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-install-'));
  layout = hostLayout(root);
  for (const folder of [layout.units, dirname(layout.command), join(root, 'var/lib')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  await verifyBundle(bundle, world.options({ target: join(layout.quarantine, '1.2.3') }));
  const manifest = readFileSync(join(bundle, 'MANIFEST.json'));
  parameters = {
    version: '1.2.3',
    counter: 7,
    manifest_sha256: sha256Hex(manifest),
    bytes: 5000,
    anchor: 'frostbyte-root ssh-ed25519 AAAA\n',
    subnet: '172.30',
    vectors: 'sqlite-vec',
    port: 8081,
    image_bytes: 0,
    recovery_recipient: null,
    recovery_answer: null,
    older_because: null,
  };
});
afterEach(() => rmSync(root, { recursive: true }));

let reloads = 0;
const operation = () =>
  installOperation(parameters, layout, { ...hostTools(layout), reloadUnits: async () => void reloads++ });
const run = (changes: Partial<HostRun> = {}): HostRun => ({
  layout,
  operation: operation(),
  version: '1.2.3',
  command: 'frostbyte install',
  by: BY,
  host: 'box-1',
  bundle: null,
  signal: new AbortController().signal,
  listen: () => undefined,
  ...changes,
});

/** Everything on the host but the records of what was done: names, modes, links, content. */
function hostNow(): string[] {
  return (
    readdirSync(root, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        const path = file.slice(root.length);
        const mode = (lstatSync(file).mode & 0o777).toString(8);
        if (entry.isSymbolicLink()) return `${path} -> ${readlinkSync(file)}`;
        return entry.isDirectory() ? `${path}/ ${mode}` : `${path} ${mode} ${sha256Hex(readFileSync(file))}`;
      })
      // Copies that the tools for users keep of what was there before.
      .filter((line) => !/^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)- /.test(line))
      .filter((line) => !/^\/var\/lib\/frostbyte(?:\/(?:operations|evidence)|\/ 7)/.test(line))
      .sort()
  );
}

/** Users are made by the host's own tools, in a root of the test's. */
const skip = process.geteuid?.() === 0 ? false : 'needs root';

describe('an installation', { skip }, () => {
  test('puts the release beside others, keeps what it is held against, and lets it be current', async () => {
    const outcome = await executeOperation(run());
    assert.equal(outcome.state, 'done');
    assert.equal(outcome.changed, 8);
    assert.equal(readlinkSync(layout.current), 'releases/1.2.3');
    assert.equal(statSync(join(layout.current, 'bin/node')).mode & 0o777, 0o755);
    assert.deepEqual(
      readFileSync(join(layout.current, 'models/weights.bin')),
      readFileSync(join(world.folder, 'weights')),
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
