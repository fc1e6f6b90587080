import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type EngineFacts, type Facts, known } from '../../appliance/bin/host/verification/facts.ts';
import { engineFacts } from '../../appliance/bin/host/verification/gather/engine.ts';
import { judgeInstallation } from '../../appliance/bin/host/verification/judge.ts';
import { egressOf } from '../../appliance/bin/host/verification/verify-installation.ts';
import { modelsHere } from '../../appliance/bin/where.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import type { Config } from '../../appliance/config/schema.ts';
import { containerDrift } from '../../appliance/control/drift/container-drift.ts';
import { inputRule } from '../../appliance/control/networks/input-rule.ts';
import { PROBE_TENANT } from '../../appliance/control/tenants/tenant-id.ts';
import type { IsolationReport } from '../../appliance/control/verbs.ts';
import { release } from '../../scripts/images/build.ts';
import { composeEnvironment } from '../../scripts/stack/settings.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { ROOT } from '../support/shipped.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const RULE = join(ROOT, 'host/input-rule');
/** Stands in for the vectors' server of a box; no description is its. */
const DOUBLE = 'frostbyte-qdrant-1';
/** What is judged by the engine, the host and the containers' networks alone. */
const CHECKED = [
  'networks-described',
  'networks-internal',
  'input-rule',
  'listener',
  ...['egress-tcp', 'egress-udp', 'egress-dns', 'egress-icmp', 'routes'],
  'images-run',
  ...['containers-described', 'containers-stand', 'containers-confined', 'containers-placed'],
];

/** Verification of containers that run, on a real engine, with what it must find planted there. */
describe('verification of what runs', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let appliance: Appliance;
  let config: Config;
  let folder: string;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_VECTORS: 'sqlite-vec' },
    });
    await appliance.createTenant('acme');
    await appliance.createTenant('bravo');
    folder = mkdtempSync('/dev/shm/frostbyte-verification-');
    const { FROSTBYTE_SECRETS: secrets, FROSTBYTE_SIGNATURES: signatures } = composeEnvironment();
    const loaded = loadConfig({
      variables: {
        ...Object.fromEntries(Object.entries(appliance.environment).filter(([name]) => name.startsWith('FROSTBYTE_'))),
        FROSTBYTE_SECRETS: secrets!,
        FROSTBYTE_SIGNATURES: signatures!,
        FROSTBYTE_DATA: appliance.dataFolder,
      },
    });
    config = { ...loaded, embedder: { ...loaded.embedder, models_folder: modelsHere(appliance.dataFolder) } };
  });
  after(async () => {
    if (folder) rmSync(folder, { recursive: true, force: true });
    await appliance?.end();
  });

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const seen = async (): Promise<EngineFacts> => {
    const facts = await engineFacts(config, release());
    return { ...facts, containers: facts.containers.filter(({ Name }) => Name !== `/${DOUBLE}`) };
  };
  const unlooked = { unknown: 'not looked at here' };
  /** Everything that is found, by the name of its check; what is `PASS` says nothing more. */
  async function found(): Promise<Record<string, string>> {
    const looked = await known(seen);
    const facts: Facts = {
      ...{ host: 'box', version: release(), engine: looked, smoke: null, isolation: null },
      input_rule: await known(() => inputRule(RULE).check()),
      egress: 'is' in looked ? await known(() => egressOf(looked.is, config, () => undefined)) : looked,
      ...{ images: unlooked, release: unlooked, files: unlooked, services: unlooked, ready: unlooked },
      ...{ online: unlooked, vectors: unlooked },
    };
    const { checks } = judgeInstallation(facts);
    return Object.fromEntries(
      checks
        .filter(({ name }) => CHECKED.includes(name))
        .map(({ name, result, found: says }) => [name, result === 'pass' ? 'PASS' : says]),
    );
  }
  /** Those that did not pass. */
  async function wrong(): Promise<Record<string, string>> {
    return Object.fromEntries(Object.entries(await found()).filter(([, says]) => says !== 'PASS'));
  }

  it('passes where all is as it should be, every container among what was tried', async () => {
    assert.deepEqual(await found(), Object.fromEntries(CHECKED.map((name) => [name, 'PASS'])));
    const facts = await seen();
    const { probed } = await egressOf(facts, config, () => undefined);
    const names = probed.map(({ container }) => container);
    for (const role of ['data-plane', 'parser', 'redis'])
      for (const id of ['acme', 'bravo']) assert.ok(names.includes(`frostbyte-${id}-${role}`), names.join(' '));
    for (const service of ['postgres', 'objects', 'redis', 'clamav', 'scanner'])
      assert.ok(names.includes(`frostbyte-${service}-1`), names.join(' '));
  });

  it('names a network that is not internal, who sits in it, and that it is a way out', async () => {
    engine('network', 'create', 'planted');
    engine('network', 'connect', 'planted', 'frostbyte-acme-data-plane');
    try {
      const says = await wrong();
      assert.match(says['networks-internal']!, /^planted is not internal, and frostbyte-acme-data-plane is in it/);
      assert.match(
        says['containers-placed']!,
        /^frostbyte-acme-data-plane: network planted is .* \(described: not attached\)/,
      );
      assert.match(says.routes!, /^frostbyte-acme-data-plane: /);
      // The input rule goes by the interfaces of our own networks: over this one the host is reached, and heard it.
      for (const way of ['tcp', 'udp', 'icmp'])
        assert.match(says[`egress-${way}`]!, /^frostbyte-acme-data-plane gets out: /, way);
      assert.equal(says.listener, undefined);
    } finally {
      engine('network', 'disconnect', '--force', 'planted', 'frostbyte-acme-data-plane');
      engine('network', 'rm', 'planted');
    }
    assert.deepEqual(await wrong(), {});
  });

  it('names the input rule that is away, and each way to the host that is open then', async () => {
    const rule = (word: string) => {
      const { status } = spawnSync(RULE, [word], { stdio: 'ignore' });
      assert.equal(status, 0);
    };
    rule('down');
    try {
      const says = await wrong();
      assert.match(says['input-rule']!, /not in force/);
      for (const way of ['tcp', 'udp', 'icmp', 'dns'])
        assert.match(says[`egress-${way}`]!, /frostbyte-\S+ gets out: \w+ to 172\.28\./, way);
      assert.deepEqual(Object.keys(says).sort(), [
        'egress-dns',
        'egress-icmp',
        'egress-tcp',
        'egress-udp',
        'input-rule',
      ]);
    } finally {
      rule('up');
    }
    assert.deepEqual(await wrong(), {});
  });

  it('names a way from one of our networks into another that the engine’s own rules do not close any more', async () => {
    // What the engine forwards is filtered by rules of its own, which a firewall that is loaded anew takes away.
    const iptables = (...words: string[]) => spawnSync('iptables', ['-w', ...words], { stdio: 'ignore' }).status;
    assert.equal(iptables('-I', 'FORWARD', '1', '-j', 'ACCEPT'), 0);
    try {
      const says = await wrong();
      assert.match(says['egress-tcp']!, /frostbyte-\S+ gets out: TCP to 172\.28\.\d+\.\d+ port \d+/);
    } finally {
      assert.equal(iptables('-D', 'FORWARD', '-j', 'ACCEPT'), 0);
    }
  });

  it('names a container that asks the host’s resolver, which hears it', async () => {
    const image = engine('inspect', '--format={{.Config.Image}}', 'frostbyte-acme-redis');
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n', { mode: 0o644 });
    const network = ['--network=frostbyte_tenant_acme', '--entrypoint=/usr/bin/sleep'];
    inEngine('mount', '--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf');
    try {
      engine('run', '--detach', '--name=careless', ...network, image, '600');
      const says = await wrong();
      assert.match(says['egress-dns']!, /^careless gets out: DNS to 127\.0\.0\.11/);
      assert.match(says['containers-described']!, /^careless is nobody’s/);
    } finally {
      engine('rm', '--force', 'careless');
      inEngine('umount', '/etc/resolv.conf');
    }
  });

  it('names each thing in which a container is another than was described', async () => {
    const name = 'frostbyte-bravo-redis';
    const limit = engine('inspect', '--format={{.HostConfig.Memory}}', name);
    engine('update', '--memory=256m', '--memory-swap=256m', '--restart=always', name);
    try {
      const says = await wrong();
      assert.match(
        says['containers-confined']!,
        /frostbyte-bravo-redis: restart by the engine is "always" \(described: "no"\)/,
      );
      assert.match(says['containers-confined']!, /frostbyte-bravo-redis: memory is 268435456 \(described: 134217728\)/);
      assert.deepEqual(Object.keys(says), ['containers-confined']);
    } finally {
      engine('update', `--memory=${limit}`, `--memory-swap=${limit}`, '--restart=no', name);
    }
  });

  it('names a container that was made anew with less to hold it, by everything that it has more', async () => {
    const name = 'frostbyte-clamav-1';
    const image = engine('inspect', '--format={{.Config.Image}}', 'frostbyte-postgres-1');
    engine('rename', name, 'put-aside');
    engine(
      ...['create', `--name=${name}`, '--user=0', '--privileged', '--cap-add=NET_ADMIN', '--env=LD_PRELOAD=/secret'],
      ...['--security-opt=seccomp=unconfined', '--pid=host', '--volume=/:/host', image, 'sleep', '600'],
    );
    try {
      const says = await wrong();
      const all = await everything();
      for (const what of ['user', 'privileged', 'read-only root', 'capabilities added', 'security options'])
        assert.match(all, new RegExp(`${name}: ${what} is `), what);
      assert.match(all, /environment is .*LD_PRELOAD, which says something else/);
      assert.doesNotMatch(all, /=\/secret/);
      assert.match(all, /namespaces of the host or of others is \["host"/);
      assert.match(all, /mounts is .*\/ at \/host, written to/);
      assert.match(says['images-run']!, new RegExp(`^${name}: image is "sha256:`));
      assert.match(says['containers-stand']!, new RegExp(`^${name} does not run`));
      assert.match(says['containers-placed']!, new RegExp(`^${name}: network bridge is `));
    } finally {
      engine('rm', '--force', name);
      engine('rename', 'put-aside', name);
    }
    assert.deepEqual(await wrong(), {});
  });

  it('isolation: another’s vectors in what a data plane is given are found, also while a store gives no answer', async () => {
    const admin = await appliance.admin();
    const verify = async () => (await admin.send<IsolationReport>('POST', '/admin/tenants/acme/verify')).data;
    const of = (checks: IsolationReport['checks'], result: string) =>
      checks.filter((one) => one.result === result).map(({ store, test, target }) => `${store}: ${test}: ${target}`);
    const plane = 'frostbyte-acme-data-plane';
    const startedAt = () => engine('inspect', plane, '--format={{.State.Running}} {{.State.StartedAt}}');
    /** What it is given is what is there when it is started. */
    const restart = async (): Promise<void> => {
      const before = startedAt();
      engine('kill', plane);
      const isAnew = () => {
        const now = spawnSync('docker', ['inspect', plane, '--format={{.State.Running}} {{.State.StartedAt}}'], {
          env: { ...process.env, DOCKER_HOST: `unix://${testStack()!.engine.socket}` },
          encoding: 'utf8',
        }).stdout.trim();
        return now.startsWith('true') && now !== before;
      };
      await until('another data plane', isAnew, { seconds: 60 });
    };
    const passes = async (): Promise<IsolationReport> => {
      const report = await verify();
      assert.deepEqual([of(report.checks, 'ALLOWED'), report.overall_pass], [[], true]);
      return report;
    };
    const { checks } = await passes();
    assert.ok(of(checks, 'OK').includes('vectors: own access: acme'));
    for (const target of ['bravo', PROBE_TENANT])
      assert.ok(of(checks, 'DENIED').includes(`vectors: find its folder among what is mounted: ${target}`), target);

    const stolen = join(appliance.dataFolder, 'tenants/acme/stolen');
    mkdirSync(stolen);
    inEngine('mount', '--bind', join(appliance.dataFolder, 'tenants/bravo'), stolen);
    const open = [
      'vectors: find its file under another name: bravo',
      'vectors: find its folder among what is mounted: bravo',
    ];
    try {
      await restart();
      assert.match(engine('exec', plane, '/opt/frostbyte/bin/node', '-p', LIST), /vectors\.sqlite/);
      const report = await verify();
      assert.deepEqual([of(report.checks, 'ALLOWED').sort(), report.overall_pass], [open, false]);
      engine('pause', 'frostbyte-scanner-1');
      try {
        const silent = await verify();
        assert.deepEqual(of(silent.checks, 'ALLOWED').sort(), open);
        assert.ok(of(silent.checks, 'DENIED').includes('scanner: own access: acme'));
      } finally {
        engine('unpause', 'frostbyte-scanner-1');
        // The engine says so at its next look, and every check after this one reads it.
        const health = () => engine('inspect', '--format={{.State.Health.Status}}', 'frostbyte-scanner-1').trim();
        await until('the scanner to be well again', () => health() === 'healthy', { seconds: 60, everyMs: 500 });
      }
    } finally {
      inEngine('umount', '--lazy', stolen);
      rmSync(stolen, { recursive: true });
      await restart();
    }
    await passes();
  });

  it('names a data plane of a suspended tenant that runs all the same, and one that is missing', async () => {
    const admin = await appliance.admin();
    await admin.send('POST', '/admin/tenants/bravo/suspend', { reason: 'incident 7', notify_tenant: false });
    const runs = (name: string) => engine('ps', '--format={{.Names}}').split('\n').includes(name);
    await until('the end of its plane', () => !runs('frostbyte-bravo-data-plane') && !runs('frostbyte-bravo-redis'));
    assert.deepEqual(await wrong(), {});
    engine('start', 'frostbyte-bravo-redis');
    try {
      const says = await wrong();
      assert.match(says['containers-stand']!, /^frostbyte-bravo-redis runs although its tenant is suspended/);
    } finally {
      engine('kill', 'frostbyte-bravo-redis');
    }
  });

  it('says what could not be tried, and does not pass for it', async () => {
    const facts = await seen();
    const gone = facts.containers.map((one) =>
      one.Name === '/frostbyte-acme-redis' ? { ...one, State: { ...one.State, Pid: 2 ** 22 - 1 } } : one,
    );
    const egress = await known(() => egressOf({ ...facts, containers: gone }, config, () => undefined));
    assert.ok('is' in egress);
    const { error } = egress.is.probed.find(({ container }) => container === 'frostbyte-acme-redis')!;
    assert.match(error!, /could not be run in a container’s network/);
  });

  /** In what containers are others than described, beyond the first few that a check names. */
  async function everything(): Promise<string> {
    const { described, containers, images } = await seen();
    return described.containers
      .flatMap((wanted) => {
        const one = containers.find(({ Name }) => Name === `/${wanted.name}`);
        const image = images[wanted.image];
        return one && image
          ? containerDrift(wanted, one, image).map((d) => `${wanted.name}: ${d.what} is ${d.is}`)
          : [];
      })
      .join('\n');
  }
});

/** What a data plane sees of the folder that was put among its own. */
const LIST = "require('node:fs').readdirSync('/var/lib/frostbyte/stolen').join()";

/** Runs a program among the engine's own mounts. */
function inEngine(...command: string[]): void {
  const { socket } = testStack()!.engine;
  const pid = readFileSync(join(dirname(socket), 'docker.pid'), 'utf8').trim();
  const { status, stderr } = spawnSync('nsenter', [`--mount=/proc/${pid}/ns/mnt`, ...command], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
