import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { Facts } from '../../../../appliance/bundle/preflight/facts.ts';
import { gatherFacts } from '../../../../appliance/bundle/preflight/gather/gather.ts';
import { gatherInstallation } from '../../../../appliance/bundle/preflight/gather/installation.ts';
import { thisHost } from '../../../../appliance/bundle/preflight/host-port.ts';
import { replayedHost } from '../../../support/replayed-host.ts';

const GIB = 2 ** 30;

describe('facts of a sealed Debian 12 with Docker 20.10.24', () => {
  let facts: Facts;
  before(async () => {
    facts = await gatherFacts(replayedHost('docker-20-sealed'), hostLayout());
  });

  test('are in their form, and its engine is known', () => {
    Facts.parse(facts);
    assert.deepEqual(facts.docker, {
      client: '28.2.2',
      socket: true,
      engine: {
        product: 'docker',
        version: '20.10.24+dfsg1',
        root: '/var/lib/docker',
        storage_driver: 'overlay2',
        cgroup_driver: 'cgroupfs',
        cgroup_version: '1',
        rootless: false,
        user_namespaces: false,
        limits: { memory: true, pids: true, cpu: true },
        swarm: false,
        networks: [
          { name: 'bridge', subnets: ['172.17.0.0/16'], ours: false },
          { name: 'frostbyte_stores', subnets: ['172.28.0.0/24'], ours: true },
          { name: 'host', subnets: [], ours: false },
          { name: 'none', subnets: [], ours: false },
        ],
      },
      error: null,
      compose: null,
      iptables_off: false,
    });
  });

  test('have no way out, although the kernel lists its refusal of one', () => {
    assert.deepEqual(facts.network.default_routes, []);
    assert.deepEqual(
      facts.network.routes.map(({ subnet }) => subnet),
      ['172.17.0.0/16', '172.28.0.0/24'],
    );
  });

  test('tell the rest of it', () => {
    assert.deepEqual(facts.system, {
      name: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-28-amd64',
      machine: 'x86_64',
      hostname: 'box-1',
      libc: { kind: 'glibc', version: '2.36' },
    });
    assert.equal(facts.cgroups.version, 1);
    assert.ok(['cpu', 'memory', 'pids', 'devices'].every((name) => facts.cgroups.controllers.includes(name)));
    assert.equal(facts.run_type, 'tmpfs');
    assert.deepEqual(facts.init, { systemd: '252', running: true });
    assert.deepEqual(facts.tools_missing, []);
    assert.deepEqual(
      facts.disks.map(({ path, mount, encrypted, free_inodes }) => [path, mount, encrypted, free_inodes]),
      ['/opt/frostbyte', '/var/lib/frostbyte', '/var/lib/docker'].map((path) => [path, '/', false, 15896278]),
    );
  });
});

describe('facts of a host with everything in its way', () => {
  let facts: Facts;
  before(async () => {
    facts = await gatherFacts(replayedHost('encrypted-and-busy'), hostLayout());
  });

  test('tell what is encrypted, through LVM, and what lies on which disk', () => {
    assert.deepEqual(
      facts.disks.map(({ mount, device, encrypted, options, free_inodes }) => [
        mount,
        device,
        encrypted,
        options,
        free_inodes,
      ]),
      [
        ['/', '/dev/mapper/vg-root', true, [], null],
        ['/var', '/dev/nvme0n1p2', false, ['noexec', 'nosuid'], 1000],
        ['/var/lib/docker', '/dev/sdb1', false, [], 6_000_000],
      ],
    );
    assert.deepEqual(
      facts.memory.swaps.map(({ name, kind, encrypted }) => [name, kind, encrypted]),
      [
        ['/dev/dm-1', 'disk', true],
        ['/dev/sda3', 'disk', false],
        ['/dev/zram0', 'memory', null],
        ['/swapfile', 'disk', true],
      ],
    );
    assert.equal(facts.memory.swaps[0]!.bytes, 2097148 * 1024);
  });

  test('tell routes of any length, listeners and whose they are', () => {
    assert.deepEqual(facts.network.default_routes, ['eth0', 'eth1']);
    assert.deepEqual(facts.network.routes, [
      { subnet: '192.168.1.0/24', device: 'eth0' },
      { subnet: '172.28.0.0/14', device: 'wg0' },
    ]);
    assert.deepEqual(facts.network.listening, [
      { address: '127.0.0.1', port: 8080, process: '/usr/sbin/nginx' },
      { address: '::', port: 22, process: null },
    ]);
  });

  test('tell what protects it, and what is missing', () => {
    assert.deepEqual(facts.cgroups, {
      version: 2,
      controllers: ['cpu', 'cpuset', 'hugetlb', 'io', 'memory', 'misc', 'pids', 'rdma'],
    });
    assert.deepEqual(facts.security, { selinux: 'enforcing', apparmor: false });
    assert.equal(facts.kernel.unprivileged_namespaces, false);
    assert.equal(facts.kernel.overlay, true);
    assert.deepEqual(facts.tools_missing, ['cmp', 'ssh-keygen']);
    assert.deepEqual(facts.firewall, {
      iptables: null,
      ip6tables: null,
      nft: 'nftables v1.0.6 (Lester Gooch #5)',
      managers: ['firewalld'],
    });
    const { client, engine, error, compose, iptables_off } = facts.docker;
    assert.deepEqual(
      { client, engine, compose, iptables_off },
      { client: '26.1.5', engine: null, compose: '1.29.2', iptables_off: true },
    );
    assert.match(error!, /^Cannot connect to the Docker daemon/);
    assert.equal(facts.clock.synchronized, true);
  });

  test('are asked of the local engine alone, whatever the caller’s environment says', async () => {
    const host = replayedHost('encrypted-and-busy');
    await gatherFacts(host, hostLayout());
    const engines = host.asked.filter(
      (line) => line.startsWith('docker ') && !line.startsWith('docker compose version'),
    );
    assert.ok(
      engines.length > 0 && engines.every((line) => line.startsWith('docker --host unix:///var/run/docker.sock ')),
    );
  });
});

test('facts of this host are found out, in their form', async () => {
  const facts = await gatherFacts(thisHost(), hostLayout(join(tmpdir(), 'frostbyte-no-such-root')));
  Facts.parse(facts);
  assert.ok(facts.memory.total_bytes > GIB / 2 && facts.processors.count >= 1);
  assert.equal(facts.disks.length, 3);
  assert.equal(existsSync(join(tmpdir(), 'frostbyte-no-such-root')), false, 'and nothing is made for it');
});

test('a program that does not answer in time, or is not there, is no answer', async () => {
  const { run } = thisHost();
  assert.deepEqual(await run('frostbyte-no-such-program', []), { status: null, stdout: '', stderr: '' });
  assert.equal((await run('sh', ['-c', 'exit 3'])).status, 3);
  const { stdout } = await run('sh', ['-c', 'echo $PATH:$LC_ALL:$DOCKER_HOST']);
  assert.match(stdout, /^\/usr\/local\/sbin:.*:C:\n$/);
});

describe('an installation', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'frostbyte-host-'));
  });
  after(() => rmSync(root, { recursive: true }));
  const found = () => {
    const { state, version, counter, reason, data } = gatherInstallation(thisHost(), hostLayout(root));
    return { state, version, counter, reason: reason?.replaceAll(root, ''), data };
  };

  test('is none, there, or broken with the reason', () => {
    const { releases, current, data, operations } = hostLayout(root);
    assert.deepEqual(found(), { state: 'none', version: null, counter: null, reason: undefined, data: false });
    mkdirSync(operations, { recursive: true });
    assert.equal(found().data, false, 'the record of operations is no data');
    writeFileSync(join(data, 'registry.sqlite'), '');
    assert.equal(found().data, true);
    mkdirSync(join(releases, '1.2.3', 'bin'), { recursive: true });
    symlinkSync('releases/1.2.3', current);
    assert.match(found().reason!, /points to releases\/1\.2\.3, where no release is/);
    writeFileSync(join(releases, '1.2.3/MANIFEST.json'), '{"version":"1.2.3","counter":7}');
    assert.equal(found().reason, '/opt/frostbyte/releases/1.2.3/bin/node is missing');
    for (const file of ['bin/node', 'appliance/cli.mjs']) {
      mkdirSync(join(releases, '1.2.3', file, '..'), { recursive: true });
      writeFileSync(join(releases, '1.2.3', file), '');
    }
    assert.deepEqual(found(), { state: 'present', version: '1.2.3', counter: 7, reason: undefined, data: true });
  });
});
