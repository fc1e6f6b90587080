import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Box } from '../../scripts/box/box.ts';
import { KINDS } from '../../scripts/box/sink.ts';
import { stickFolder } from '../../scripts/box/stick.ts';
import { ask, untilReady } from '../support/box/ask.ts';
import { adminToken, bringSamples, frostbyte } from '../support/box/install.ts';
import { installByPages } from '../support/box/installer-pages.ts';
import { proveSink } from '../support/box/prove-sink.ts';
import { boxes, noBoxes } from '../support/box/sealed.ts';
import { placesShowing, secretsOf } from '../support/box/secrets.ts';
import { until } from '../support/faults/until.ts';

const CORE = ['clamav', 'objects', 'postgres', 'redis', 'scanner'];
const NONE = Object.fromEntries(KINDS.map((kind) => [kind, 0]));

/** From a stick to an appliance that serves, in a host with Docker and Compose whose only route leads to a counter. */
describe('an installation in a sealed box', { skip: noBoxes, timeout: 900_000 }, () => {
  const make = boxes();
  let box: Box;
  let token: string;

  before(async () => {
    if (noBoxes) return;
    const stick = await stickFolder();
    box = await make({ equipment: 'both', stick, route: true });
    assert.equal(await box.boot(), 'running');
    await proveSink(box);
    const { shown, code } = await installByPages(box, stick);
    assert.match(shown, /href="http:\/\/127\.0\.0\.1:8080"/);
    await untilReady(box);
    const redeemed = await box.run(['frostbyte', 'token', 'redeem'], { input: `${code}\n` });
    assert.match(redeemed.out, /^[\w-]+\.[\w-]+\.[\w-]+\s*$/, redeemed.err);
    token = await adminToken(box);
  });
  const statusOf = async (service: string) => {
    const pid = await box.must('systemctl', 'show', '--property=MainPID', '--value', service);
    const text = await box.must('cat', `/proc/${pid}/status`);
    return { pid, of: (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(text)?.[1] };
  };
  const running = async () =>
    (await box.must('docker', 'ps', '--format={{.Names}} {{.Status}}')).split('\n').filter(Boolean).sort();

  it('serves on loopback alone, with the core stack healthy behind it', async () => {
    const { status, body } = (await ask(box, '/ready'))!;
    assert.equal(status, 200);
    const { dependencies } = body as { dependencies: { name: string; ok: boolean }[] };
    for (const name of ['core stack', 'input rule', 'networks', 'registry'])
      assert.ok(
        dependencies.some((one) => one.name === name && one.ok),
        name,
      );
    const core = (await running()).filter((line) => CORE.some((name) => line.startsWith(`frostbyte-${name}-1 `)));
    assert.equal(core.length, CORE.length);
    for (const line of core) assert.match(line, /\(healthy\)/);
    // The engine has a door of its own there, which we did not open.
    const listening = (await box.must('ss', '--no-header', '--listening', '--tcp', '--numeric', '--processes'))
      .split('\n')
      .filter((line) => !line.includes('"containerd"'));
    assert.deepEqual(
      listening.map((line) => line.split(/\s+/)[3]),
      ['127.0.0.1:8080'],
    );
  });

  it('has both services confined as their units say', async () => {
    const measured = await box.must('systemd-analyze', 'security', '--no-pager', 'frostbyte-gateway.service');
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(measured)?.[1]);
    assert.ok(exposure < 2.5, measured);
    const gateway = await statusOf('frostbyte-gateway');
    assert.deepEqual(
      ['CapEff', 'CapBnd', 'CapAmb'].map((name) => gateway.of(name)),
      Array(3).fill('0'.repeat(16)),
    );
    assert.notEqual(gateway.of('Uid')!.split('\t')[0], '0');
    const control = await statusOf('frostbyte-control');
    for (const { of } of [gateway, control]) assert.deepEqual([of('NoNewPrivs'), of('Seccomp')], ['1', '2']);
    const seen = await box.must('nsenter', `--target=${gateway.pid}`, '--mount', 'find', '/var/lib/frostbyte');
    assert.deepEqual(
      seen.split('\n').sort(),
      ['', '/control', '/control/suspended'].map((path) => `/var/lib/frostbyte${path}`),
    );
    const uid = gateway.of('Uid')!.split('\t')[0]!;
    const asGateway = ['nsenter', `--target=${gateway.pid}`, '--mount', `--setuid=${uid}`, `--setgid=${uid}`];
    for (const path of ['/var/lib/docker', '/run/docker.sock', '/root', '/home', '/media']) {
      const { err } = await box.run([...asGateway, 'cat', `${path}/x`]);
      assert.match(err, /Permission denied|Not a directory/, path);
    }
  });

  it('keeps its services from everything but loopback and its containers, whatever runs in them', async () => {
    for (const service of ['frostbyte-gateway', 'frostbyte-control']) {
      const group = `/sys/fs/cgroup/unified/system.slice/${service}.service/cgroup.procs`;
      const { code, err } = await box.run([
        'bash',
        '-c',
        `echo $$ >${group} && echo x >/dev/udp/198.51.100.1/53 || exit 7`,
      ]);
      assert.equal(code, 7, `${service}: ${err}`);
      assert.match(err, /Operation not permitted/);
    }
    assert.deepEqual(box.sink!.counted(), NONE);
  });

  it('takes a tenant’s documents through all stages, and finds them', async () => {
    const created = await frostbyte(box, token, 'tenant', 'create', 'Nord Law', '--email', 'it@nordlaw.example');
    assert.equal(created.code, 0, created.err);
    const sent = await frostbyte(box, token, 'ingest', bringSamples(box), '--tenant', 'nordlaw');
    assert.match(sent.out, /"indexed":14/, sent.err);
    const found = await frostbyte(box, token, '--reason=first look', 'search', 'nordlaw', 'notice', 'period');
    assert.match(found.out, /contract-warehouse-lease\.pdf/, found.err);
  });

  it('shows no secret in arguments, environments, logs, descriptions or files that others read', async () => {
    const secrets = await secretsOf(box);
    // The root key, four of the core stores, one of the tenant's Redis, five handed to its data plane.
    assert.ok(secrets.size >= 11, [...secrets.keys()].join('\n'));
    assert.deepEqual(await placesShowing(box, secrets), []);
    // Whoever looks finds what is there.
    const planted = join(box.root, 'var/log/planted');
    writeFileSync(planted, secrets.get('root key')!, { mode: 0o644 });
    const shown = box.start(['sleep', 'infinity'], { PLANTED: secrets.get('root key')! });
    try {
      const both = ['file /var/log/planted: root key', 'process N, environ: root key'];
      let places: string[] = [];
      // It takes its environment with it on its way into the box.
      await until(
        'both to be found',
        async () => {
          places = (await placesShowing(box, secrets)).map((place) => place.replace(/\d+/, 'N'));
          return both.every((place) => places.includes(place));
        },
        { about: () => places.join(', ') },
      );
      assert.deepEqual([...new Set(places)].sort(), both);
    } finally {
      shown.kill();
      rmSync(planted);
    }
  });

  it('is up again by itself after the box was ended at once, with all that it had', async () => {
    const before = readFileSync(join(box.root, 'var/lib/frostbyte/secrets/stores.sops.yaml'), 'utf8');
    await box.kill();
    await box.boot();
    await untilReady(box);
    assert.equal(readFileSync(join(box.root, 'var/lib/frostbyte/secrets/stores.sops.yaml'), 'utf8'), before);
    const found = await frostbyte(box, token, '--reason=second look', 'search', 'nordlaw', 'notice', 'period');
    assert.match(found.out, /contract-warehouse-lease\.pdf/, found.err);
  });

  it('refuses a tenant that is suspended, and whatever only control can allow while it is not there', async () => {
    const suspended = await frostbyte(
      box,
      token,
      'tenant',
      'suspend',
      'nordlaw',
      '--because',
      'a breach is looked into',
    );
    assert.equal(suspended.code, 0, suspended.err);
    const refused = async () => (await frostbyte(box, token, '--reason=third look', 'search', 'nordlaw', 'notice')).err;
    assert.match(await refused(), /TENANT_SUSPENDED/);
    await box.must('systemctl', 'stop', 'frostbyte-control');
    assert.match(await refused(), /TENANT_SUSPENDED|SERVICE_UNAVAILABLE/);
    await box.must('systemctl', 'start', 'frostbyte-control');
  });

  it('in all that time nothing tried to leave', () => {
    assert.deepEqual(box.sink!.counted(), NONE, box.sink!.destinations().join('\n'));
  });
});
