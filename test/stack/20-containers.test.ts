import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Container, coreContainers, docker } from '../support/docker.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

const SERVICES = ['clamav', 'objects', 'postgres', 'redis', 'scanner'];
/** Whose image is another than its name says. */
const IMAGES: Readonly<Record<string, string>> = { scanner: 'appliance' };
/** Who sits apart from the stores. */
const NETWORKS: Readonly<Record<string, string>> = { clamav: 'none', scanner: 'frostbyte_scanning' };
/** TCP ports that each service may be reached on from outside its container. */
const PORTS: Readonly<Record<string, number[]>> = {
  clamav: [],
  objects: [9000],
  postgres: [5432],
  redis: [6379],
  scanner: [3310],
};
/** An address that is set aside for documentation, and nobody's. */
const OUTSIDE = '192.0.2.1';

describe('the containers of the core stack', { skip: stackMissing() ?? false }, () => {
  const stack = testStack() as TestStack;
  const containers = stackMissing() === null ? coreContainers(stack) : new Map<string, Container>();
  const each = (check: (container: Container, service: string) => void) => {
    assert.deepEqual([...containers.keys()].sort(), SERVICES);
    for (const [service, container] of containers) check(container, service);
  };

  it('are healthy by their own check', () => {
    each(({ State }, service) => assert.equal(State.Health?.Status, 'healthy', service));
  });

  it('carry the private name of this release, which no registry knows', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    each(({ Config }, service) =>
      assert.equal(Config.Image, `frostbyte.local/${IMAGES[service] ?? service}:${version}`),
    );
  });

  it('have no privilege: no root, no capability, nothing to gain, no file system to write to', () => {
    each(({ State, Config, HostConfig }, service) => {
      assert.match(Config.User, /^[1-9]\d+:[1-9]\d+$/, service);
      assert.equal(HostConfig.Privileged, false, service);
      assert.equal(HostConfig.ReadonlyRootfs, true, service);
      assert.deepEqual(HostConfig.CapDrop, ['ALL'], service);
      assert.deepEqual(HostConfig.CapAdd ?? [], [], service);
      assert.ok(
        HostConfig.SecurityOpt.some((option) => /^no-new-privileges[:=]true$/.test(option)),
        service,
      );
      const status = readFileSync(`/proc/${State.Pid}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
      assert.equal(field('Uid'), Config.User.split(':')[0], service);
      for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.equal(Number(field(set)), 0, `${service} ${set}`);
      assert.equal(field('NoNewPrivs'), '1', service);
      assert.equal(field('Seccomp'), '2', service);
    });
  });

  it('write only to their volumes and to memory', () => {
    each(({ Mounts, HostConfig }, service) => {
      for (const mount of Mounts.filter(({ RW }) => RW))
        assert.equal(mount.Type, 'volume', `${service}: ${mount.Destination}`);
      for (const [path, options] of Object.entries(HostConfig.Tmpfs ?? {}))
        for (const option of ['noexec', 'nosuid', 'nodev', 'size='])
          assert.ok(options.includes(option), `${service}: ${path} lacks ${option}`);
    });
  });

  it('have limits on memory, processes, processors and logs', () => {
    each(({ HostConfig }, service) => {
      assert.ok(HostConfig.Memory > 0, service);
      assert.equal(HostConfig.MemorySwap, HostConfig.Memory, service);
      assert.ok(HostConfig.PidsLimit > 0, service);
      assert.ok(HostConfig.NanoCpus > 0, service);
      assert.equal(HostConfig.LogConfig.Type, 'json-file', service);
      assert.ok(HostConfig.LogConfig.Config['max-size'] && HostConfig.LogConfig.Config['max-file'], service);
    });
  });

  it('hold their secrets in files that only their user reads, and nowhere that a list shows', () => {
    const { postgres, objects, redis } = stack;
    const secrets = [postgres.password, objects.access_key, objects.secret_key, redis.password];
    each((container, service) => {
      const shown = [
        JSON.stringify(container),
        ...processesOf(stack, container).flatMap((pid) => [
          readIfAlive(`/proc/${pid}/cmdline`),
          readIfAlive(`/proc/${pid}/environ`),
        ]),
        docker(stack, 'logs', container.Name.slice(1)),
      ];
      for (const secret of secrets) assert.ok(!shown.some((text) => text.includes(secret)), service);
    });
  });

  it('listen on their one port and nothing else, but for loopback', () => {
    each(({ State }, service) => assert.deepEqual(openPorts(State.Pid), PORTS[service], service));
  });

  it('hold no program that runs as somebody else', () => {
    each(({ State, Name }, service) => {
      const { stdout, status } = spawnSync(
        'nsenter',
        [
          '--mount',
          `--target=${State.Pid}`,
          '--root',
          '--',
          '/usr/bin/find',
          '/',
          '-xdev',
          '-perm',
          '/6000',
          '-type',
          'f',
        ],
        { encoding: 'utf8' },
      );
      // The object store's image has no such program as find, nor any other but its two.
      if (service === 'objects')
        assert.deepEqual(
          filesOf(stack, Name).filter((file) => /(^|\/)s?bin\/./.test(file)),
          ['usr/bin/guard', 'usr/bin/minio'],
        );
      else assert.deepEqual({ stdout, status }, { stdout: '', status: 0 }, service);
    });
  });

  it('stay down after a boot, until their secrets are there', () => {
    each(({ HostConfig }, service) => assert.equal(HostConfig.RestartPolicy.Name, 'no', service));
  });

  it('lie on one internal network each, publish no port, and ask no resolver', () => {
    const names = ['frostbyte_stores', 'frostbyte_scanning'];
    const networks = JSON.parse(docker(stack, 'network', 'inspect', ...names)) as { Internal: boolean }[];
    assert.deepEqual(
      networks.map(({ Internal }) => Internal),
      [true, true],
    );
    each(({ HostConfig, NetworkSettings }, service) => {
      assert.deepEqual(Object.keys(NetworkSettings.Networks), [NETWORKS[service] ?? 'frostbyte_stores'], service);
      assert.deepEqual(HostConfig.PortBindings ?? {}, {}, service);
      assert.deepEqual(HostConfig.Dns, ['127.0.0.1'], service);
    });
  });

  it('reach nothing outside, and neither does the namespace that they run in', () => {
    const tries = (...within: string[]) =>
      spawnSync('nsenter', [...within, process.execPath, '-e', TRY_OUTSIDE], { encoding: 'utf8' }).stdout;
    assert.match(tries('--target', String(process.pid), '--net'), /^E(?:NETUNREACH|HOSTUNREACH)$/);
    each(({ State }, service) =>
      assert.match(
        tries('--target', String(State.Pid), '--net'),
        /^(?:E(?:NETUNREACH|HOSTUNREACH|ACCES)|silence)$/,
        service,
      ),
    );
  });
});

/** Tries for two seconds to open a connection to an address outside, and says what came of it. */
const TRY_OUTSIDE = `
  const socket = require('node:net').connect(80, '${OUTSIDE}');
  socket.once('connect', () => end('connected')).once('error', (error) => end(error.code));
  setTimeout(() => end('silence'), 2000);
  function end(what) { process.stdout.write(what); process.exit(); }
`;

function processesOf(stack: TestStack, { Name }: Container): string[] {
  const [, ...lines] = docker(stack, 'top', Name.slice(1), '-eo', 'pid').split('\n');
  return lines.map((line) => line.trim());
}

/** Of a process that may have ended meanwhile: health checks come and go. */
function readIfAlive(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** TCP and UDP ports that a process's network namespace listens on, other than on loopback and Docker's own resolver. */
function openPorts(pid: number): number[] {
  const listening = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) => {
    const [, ...lines] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n');
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => (table.startsWith('tcp') ? state === '0A' : true))
      .map(([, local]) => local!.split(':') as [string, string])
      .filter(([address]) => !/7F$/.test(address.slice(0, 8)) && address !== '00000000000000000000000001000000')
      .map(([, port]) => Number.parseInt(port, 16));
  });
  return [...new Set(listening)].sort((a, b) => a - b);
}

/** Every file of a container's own image. */
function filesOf(stack: TestStack, name: string): string[] {
  const { stdout } = spawnSync('sh', ['-c', 'docker export "$1" | tar --list', 'sh', name.slice(1)], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, DOCKER_HOST: `unix://${stack.engine.socket}` },
  });
  return stdout
    .split('\n')
    .filter((file) => file && !file.endsWith('/'))
    .sort();
}
