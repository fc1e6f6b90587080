import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { openEngine } from '../../appliance/control/engine/engine.ts';
import { networkNumbers } from '../../appliance/control/networks/numbers.ts';
import type { TenantNetworks } from '../../appliance/control/networks/port.ts';
import { tenantNetworks } from '../../appliance/control/networks/tenant-networks.ts';
import { type PlaneContainers, planeContainers } from '../../appliance/control/planes/containers.ts';
import { redisContainers } from '../../appliance/control/redis-servers/containers.ts';
import { openRegistry, type Registry } from '../../appliance/control/registry/open.ts';
import { silentLogger } from '../support/control/control-fixture.ts';
import type { Container } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type OwnEngine, ownEngine } from '../support/own-engine.ts';
import { stackMissing } from '../support/stack.ts';
import { standInImage } from '../support/stand-in-image.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TENANTS = ['northwind', 'contoso'] as const;
/** An address of the host that is no gateway, as its address in the LAN is. Set aside for documentation. */
const LAN = '198.51.100.7';
const PORTS = { tcp: 7001, udp: 7002, dns: 53 };
const LIMITS = { memoryMb: 256, cpus: 1, processes: 64, openFiles: 1024, scratchMb: 64 };
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

describe('walls between containers, host and tenants', { skip: stackMissing() ?? false }, () => {
  let own: OwnEngine;
  let registry: Registry;
  let networks: TenantNetworks;
  let planes: PlaneContainers;
  let listener: ChildProcess;
  /** Names that the host's resolver was asked for. */
  const asked: string[] = [];

  before(async () => {
    own = await ownEngine('walls', { core: true });
    own.onHost('ip', 'address', 'add', `${LAN}/32`, 'dev', 'lo');
    const engine = openEngine(own.socket);
    const [redisImage, image] = [(await own.load('redis'))[0]!, await standInImage(own)];
    registry = openRegistry(join(own.memory, 'registry.sqlite'), manualClock());
    const shared = { postgres: 'frostbyte-postgres-1', objects: 'frostbyte-objects-1' };
    networks = tenantNetworks({ engine, subnet: '172.28', numbers: networkNumbers(() => registry), shared });
    const secrets = join(own.memory, 'secrets');
    const redis = redisContainers({ engine, networks, image: redisImage, secrets });
    planes = planeContainers({
      engine,
      networks,
      image,
      folder: join(own.memory, 'planes'),
      planeUid: 7020,
      parserUid: 7021,
      limits: { plane: LIMITS, parser: LIMITS },
      folders: () => [],
      hasEndpoint: false,
      logger: silentLogger,
    });
    for (const tenantId of TENANTS) {
      await networks.make(tenantId);
      await redis.make(tenantId, randomUUID());
      await planes.start({ tenant_id: tenantId, listen: await planes.addressFor(tenantId) } as never);
    }
    listener = listenOnHost();
    await until('the host’s listener', () => asked.includes('listening'), { seconds: 30 });
  });
  after(async () => {
    listener?.kill('SIGKILL');
    await planes?.close();
    registry?.raw.close();
    await own?.end();
  });

  function listenOnHost(): ChildProcess {
    const words = [`--net=${own.netnsFile}`, process.execPath, join(ROOT, 'test/support/host-listener.mjs')];
    const child = spawn('nsenter', [...words, ...Object.values(PORTS).map(String)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout! }).on('line', (line) => asked.push(line));
    return child;
  }
  const inputRule = (...words: string[]) => own.onHost(join(ROOT, 'host/input-rule'), ...words).status;
  /** Every container and its process; those that have a network first. */
  const containers = (): Map<string, number> =>
    new Map(
      own
        .docker('inspect', '--format={{.Name}} {{.State.Pid}}', ...own.docker('ps', '--quiet').split('\n'))
        .split('\n')
        .map((line) => line.slice(1).split(' '))
        .map(([name, pid]) => [name!, Number(pid)]),
    );
  const hasNetwork = (name: string) => !/-parser$|^frostbyte-clamav-/.test(name);
  /** Every address that a container has, and what it listens on there, as engine and kernel know it: none is named here. */
  const doors = (): Door[] => {
    const found = own.docker('inspect', ...own.docker('ps', '--quiet').split('\n'));
    return (JSON.parse(found) as Container[]).flatMap(({ Name, State, NetworkSettings }) => {
      const ports = listening(State.Pid);
      return Object.entries(NetworkSettings.Networks)
        .filter(([, { IPAddress }]) => IPAddress !== '')
        .map(([network, { IPAddress: address }]) => ({ container: Name.slice(1), network, address, ports }));
    });
  };
  const knocks = ({ address, ports }: Door) => [...ports.map((port) => `tcp:${address}:${port}`), `icmp:${address}`];
  /** What can be reached from a container's network, with all the rights that a process can have there. */
  const reachedFrom = async (container: string, tries: readonly string[]): Promise<string[]> => {
    const pid = containers().get(container);
    assert.ok(pid, container);
    const words = [`--net=/proc/${pid}/ns/net`, process.execPath, join(ROOT, 'test/support/probes.mjs'), ...tries];
    const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(await text(child.stdout)) as string[];
  };
  /** What each of several containers reaches, all at the same time. */
  const reachedFromEach = async (names: Iterable<string>, tries: readonly string[]) =>
    Object.fromEntries(
      await Promise.all([...names].map(async (name) => [name, await reachedFrom(name, tries)] as const)),
    );
  const nothing = (names: Iterable<string>) => Object.fromEntries([...names].map((name) => [name, []]));
  /** Every address that the host has, and every way to knock there. */
  const hostTries = (): string[] => {
    const addresses = [...own.onHost('ip', '-4', '-o', 'address').stdout.matchAll(/inet ([\d.]+)\//g)].map(
      ([, address]) => address!,
    );
    for (const expected of ['172.28.0.1', '172.28.1.1', '172.28.2.1', LAN]) assert.ok(addresses.includes(expected));
    return addresses
      .filter((address) => !address.startsWith('127.'))
      .flatMap((address) => [`tcp:${address}:${PORTS.tcp}`, `udp:${address}:${PORTS.udp}`, `icmp:${address}`]);
  };
  const ownGateway = (name: string) => (TENANTS.findIndex((id) => name.includes(`-${id}-`)) + 1).toString();

  it('without the rule every container reaches every address of the host; with it, none reaches any', async () => {
    assert.equal(inputRule('check'), 0, 'stack-up applies it');
    assert.equal(inputRule('down'), 0);
    const tries = hostTries();
    const names = [...containers().keys()];
    assert.equal(names.length, 5 + TENANTS.length * 3);
    try {
      assert.equal(inputRule('check'), 1);
      for (const [name, reached] of Object.entries(await reachedFromEach(names.filter(hasNetwork), tries))) {
        const gateway = `172.28.${ownGateway(name)}.1`;
        for (const expected of [gateway, LAN].flatMap((address) => tries.filter((one) => one.includes(`:${address}`))))
          assert.ok(reached.includes(expected), `${name} was to reach ${expected}, so that the test can fail`);
      }
    } finally {
      assert.equal(inputRule('up'), 0);
    }
    assert.deepEqual(await reachedFromEach(names, tries), nothing(names));
    assert.equal(inputRule('check'), 0);
  });

  it('a relay is let through at its one port, for as long as it is named', async () => {
    const relay = `172.28.1.1:${PORTS.tcp}`;
    const tries = hostTries();
    assert.equal(inputRule('up', '--relay', relay), 0);
    try {
      assert.equal(inputRule('check'), 1, 'a relay that nobody named is an opening');
      assert.equal(inputRule('check', '--relay', relay), 0);
      assert.deepEqual(await reachedFrom('frostbyte-northwind-data-plane', tries), [`tcp:${relay}`]);
    } finally {
      assert.equal(inputRule('up'), 0);
    }
    assert.deepEqual(await reachedFrom('frostbyte-northwind-data-plane', tries), []);
  });

  it('another rule that comes before it is noticed, and it is put first again', async () => {
    own.onHost('iptables', '-I', 'INPUT', '1', '-j', 'ACCEPT');
    try {
      assert.equal(inputRule('check'), 1);
      assert.equal(inputRule('up'), 0);
      assert.equal(inputRule('check'), 0);
      assert.deepEqual(await reachedFrom('frostbyte-contoso-redis', hostTries()), []);
      const rules = own.onHost('iptables', '-S', 'INPUT').stdout;
      assert.equal(rules.split('FROSTBYTE-INPUT').length, 2, 'it is there once');
    } finally {
      own.onHost('iptables', '-D', 'INPUT', '-j', 'ACCEPT');
    }
  });

  it('by nft it closes the same', { skip: missing('nft') }, async () => {
    assert.equal(inputRule('down'), 0);
    try {
      assert.equal(inputRule('check', '--with', 'nft'), 1);
      assert.equal(inputRule('up', '--with', 'nft'), 0);
      assert.equal(inputRule('check', '--with', 'nft'), 0);
      const tries = hostTries();
      const names = [...containers().keys()];
      assert.deepEqual(await reachedFromEach(names, tries), nothing(names));
      assert.equal(inputRule('down', '--with', 'nft'), 0);
      assert.notDeepEqual(await reachedFrom('frostbyte-contoso-redis', tries), []);
    } finally {
      assert.equal(inputRule('down', '--with', 'nft'), 0);
      assert.equal(inputRule('up'), 0);
    }
  });

  it('the host still reaches every container, and no container has IPv6 or forwards for others', () => {
    for (const { address, ports, container } of doors()) {
      for (const port of ports) {
        const words = ['bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
        assert.equal(own.onHost('timeout', '5', ...words).status, 0, `${container} at ${address}:${port}`);
      }
    }
    for (const [name, pid] of containers()) {
      const six = readFileSync(`/proc/${pid}/net/if_inet6`, 'utf8').trim().split('\n').filter(Boolean);
      assert.deepEqual(
        six.filter((line) => !line.endsWith(' lo')),
        [],
        name,
      );
      const forwards = spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'cat', '/proc/sys/net/ipv4/ip_forward'], {
        encoding: 'utf8',
      });
      // The stores sit in several networks, and would be a way from one to another.
      assert.equal(forwards.stdout.trim(), '0', name);
    }
  });

  it('every container reaches what sits in a network with it, and nothing of another’s or of the stores’ own', async () => {
    const all = doors();
    const names = [...containers().keys()];
    // Every container has a place here: doors of its own, or no network at all.
    const closed = names.filter((name) => !all.some(({ container }) => container === name));
    assert.deepEqual(closed.sort(), names.filter((name) => !hasNetwork(name)).sort());
    for (const known of ['172.28.0.10:5432', '172.28.0.11:9000', '172.28.1.21:6379', '172.28.2.20:7600'])
      assert.ok(
        all.some(({ address, ports }) => ports.some((port) => `${address}:${port}` === known)),
        `${known} is found`,
      );
    for (const { container, ports } of all) assert.ok(ports.length > 0, `${container} listens somewhere`);
    const tries = all.flatMap(knocks);
    const reached = await reachedFromEach(names, tries);
    for (const name of names) {
      const its = new Set(all.filter(({ container }) => container === name).map(({ network }) => network));
      const beside = all.filter(({ network }) => its.has(network)).flatMap(knocks);
      assert.deepEqual(reached[name], beside, name);
    }
    const inNetwork = (number: number) => tries.filter((one) => one.includes(`:172.28.${number}.`));
    // That it would be seen: one who sits in both reaches both, until the networks are reconciled.
    own.docker('network', 'connect', 'frostbyte_tenant_contoso', 'frostbyte-northwind-redis');
    assert.ok((await reachedFrom('frostbyte-northwind-redis', tries)).includes('tcp:172.28.2.20:7600'));
    assert.deepEqual(await networks.reconcile(), ['frostbyte-northwind-redis taken off frostbyte_tenant_contoso']);
    assert.deepEqual(await reachedFrom('frostbyte-northwind-redis', tries), inNetwork(1));
  });

  it('a name that a container asks for leaves it as no question, also where the host resolves by itself', async () => {
    const secret = (who: string) => `${randomUUID()}.${who}.example`;
    const resolvers = ['127.0.0.11', '127.0.0.1', '172.28.0.1', '172.28.1.1', '172.28.2.1', LAN];
    const heard = (name: string) => asked.includes(name);
    // The engine reads it when a container is made: a host whose resolver is its own.
    writeFileSync(join(own.memory, 'resolv.conf'), 'nameserver 127.0.0.1\n', { mode: 0o644 });
    own.inEngine('mount', '--bind', join(own.memory, 'resolv.conf'), '/etc/resolv.conf');
    // As a container would be without `dns: [127.0.0.1]`: what it asks leaves by the engine, and no rule stops it.
    own.docker(
      'run',
      '--detach',
      '--name=careless',
      '--network=frostbyte_tenant_northwind',
      '--entrypoint=/usr/bin/sleep',
      own.image('redis'),
      '600',
    );
    try {
      const leak = secret('careless');
      await reachedFrom('careless', [`name:${leak}:127.0.0.11`]);
      await until('the question to be heard', () => heard(leak), { seconds: 10 });
      const careful = [...containers().keys()].filter((name) => name !== 'careless');
      const names = await Promise.all(
        careful.map(async (name) => {
          const own = resolvers.map((server) => ({ name: secret(name), server }));
          await reachedFrom(
            name,
            own.map((one) => `name:${one.name}:${one.server}`),
          );
          return own.map((one) => one.name);
        }),
      );
      // Behind all of them, so that whatever was under way has come.
      const last = secret('careless');
      await reachedFrom('careless', [`name:${last}:127.0.0.11`]);
      await until('the last question to be heard', () => heard(last), { seconds: 10 });
      assert.deepEqual(names.flat().filter(heard), []);
      assert.equal(names.flat().length, careful.length * resolvers.length);
    } finally {
      own.docker('rm', '--force', 'careless');
      own.inEngine('umount', '/etc/resolv.conf');
    }
  });

  it('what nobody on the host reaches refuses whoever brings no credentials', () => {
    const says = (address: string, bytes: string): string => {
      const [host, port] = address.split(':') as [string, string];
      const script = `exec 3<>/dev/tcp/${host}/${port} && printf '${bytes}' >&3 && timeout 2 cat <&3`;
      return own.onHost(...NOBODY, 'bash', '-c', script).stdout;
    };
    const startup = String.raw`\0\0\0\x29\0\3\0\0user\0postgres\0database\0postgres\0\0`;
    /** What is said at a port, and what must come back. */
    const refusals: Readonly<Record<number, readonly (readonly [said: string, answer: RegExp])[]>> = {
      // It asks for SCRAM, or knows no such way in: never "R" with nothing more to prove.
      5432: [[startup, /SCRAM-SHA-256|no pg_hba\.conf entry/]],
      9000: [[String.raw`GET / HTTP/1.0\r\n\r\n`, /^HTTP\/1\.\d 403 /]],
      6379: [[String.raw`INFO\r\n`, /^-NOAUTH /]],
      // The proxy scans for anybody; no order goes through it, and clamd answers as before.
      3310: [
        ...['SHUTDOWN', 'RELOAD', 'STATS', 'SCAN /etc/passwd'].map(
          (order) => [String.raw`z${order}\0`, /^UNKNOWN COMMAND/] as const,
        ),
        [String.raw`zPING\0`, /^PONG/],
      ],
      // A stand-in here; a real data plane is asked where tenants run in containers.
      7600: [],
    };
    for (const { container, address, ports } of doors()) {
      for (const port of ports) {
        assert.ok(refusals[port], `${container} listens at ${port}, and nobody says how it refuses`);
        for (const [said, answer] of refusals[port])
          assert.match(says(`${address}:${port}`, said), answer, `${container} at ${address}`);
      }
    }
  });

  it('nobody on the host reaches clamd: it has no network, and its socket lies where only root looks', () => {
    const pid = containers().get('frostbyte-clamav-1');
    assert.ok(pid);
    const interfaces = [...readFileSync(`/proc/${pid}/net/dev`, 'utf8').matchAll(/^\s*([^\s:|]+):/gm)];
    assert.deepEqual(
      interfaces.map(([, name]) => name),
      ['lo'],
    );
    for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
      const [, ...sockets] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n');
      assert.deepEqual(sockets, [], table);
    }
    const socket = `/proc/${pid}/root/run/clamd/clamd.sock`;
    const pings = (...as: string[]) => own.onHost(...as, process.execPath, '-e', PING_SOCKET, socket).stdout;
    assert.equal(pings(), 'PONG\0', 'root gets there, so the test can fail');
    assert.equal(pings(...NOBODY), 'EACCES');
    const { uid, gid, mode } = statSync(socket);
    assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { uid: 3310, gid: 7600, mode: 0o660 });
  });
});

/** An address of a container in a network, and the ports that it listens on in all of them. */
interface Door {
  container: string;
  network: string;
  address: string;
  ports: number[];
}

/** Ports that the processes beside `pid` listen on for others than themselves; the engine's own resolver is none of them. */
function listening(pid: number): number[] {
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'latin1').split('\n').slice(1),
  );
  const open = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , state]) => state === '0A');
  const outside = open.filter(([, local]) => !/^[0-9A-F]{6}7F:|^0{24}01000000:/.test(local!));
  return [...new Set(outside.map(([, local]) => Number.parseInt(local!.split(':')[1]!, 16)))].sort((a, b) => a - b);
}

/** Asks clamd behind a socket whether it is there, and says what came of it. */
const PING_SOCKET = `
  const socket = require('node:net').connect(process.argv[1], () => socket.write('zPING\\0'));
  socket.on('error', ({ code }) => process.stdout.write(code)).pipe(process.stdout);
`;

function missing(tool: string): string | false {
  const there = spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: `${process.env.PATH}:/usr/sbin` } });
  return there.status === 0 ? false : `${tool} is not installed`;
}
