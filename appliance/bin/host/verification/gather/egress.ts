import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { sideBySide } from '../../../../kernel/side-by-side.ts';
import type { DescribedStack } from '../../../wire/stack/described.ts';
import type { EgressFacts, ProbedContainer } from '../facts.ts';
import type { ProbeAnswer, ProbeTry } from '../probe-tries.ts';
import { hostAddresses, readRoutes } from './host-addresses.ts';
import { type Listener, listenOnHost } from './listener.ts';
import { probeFrom } from './probe.ts';

/** A container that runs: its process on the host, and its address in each of its networks. */
export interface Runs {
  name: string;
  pid: number;
  networks: ReadonlyMap<string, string>;
}

export interface EgressOptions {
  containers: readonly Runs[];
  /** The host's address in each of our networks, by its name. */
  gateways: ReadonlyMap<string, string>;
  listening: DescribedStack['listening'];
  /** The containers once more, when all was tried: whoever was started anew meanwhile proved nothing. */
  again(): Promise<ReadonlyMap<string, number>>;
  progress(done: number, total: number): void;
}

/** Set aside for documentation: nobody has it, and what is sent there is sent out. */
const OUTSIDE = '192.0.2.1';
const OUTSIDE_PORTS = { tcp: 443, udp: 53 };
/** The engine's own resolver in each container, and whoever would listen on the container's loopback. */
const INSIDE_RESOLVERS = ['127.0.0.11', '127.0.0.1'];
const HOST_LOOPBACK = '127.0.0.1';
/** Networks of others that are tried from one; the rest are alike. */
const MOST_OTHERS = 4;
/** Probes wait more than they work. */
const AT_ONCE = 6;

/**
 * Tries from every container's own network to get out: to this host, to what lies beyond it, to our other networks. This host
 * listens meanwhile, and is shown before and after that it hears what is sent by each way. Throws `OPERATION_FAILED` where it
 * could not be tried.
 */
export async function egressFacts(options: EgressOptions): Promise<EgressFacts> {
  const { containers, gateways, listening, again, progress } = options;
  const addresses = hostAddresses();
  const ours = new Set(gateways.values());
  const others = addresses.filter((address) => !ours.has(address));
  const beyond = readRoutes(readFileSync('/proc/net/route', 'utf8')).flatMap(({ gateway }) => gateway ?? []);
  const resolvers = [HOST_LOOPBACK, ...addresses.filter((address) => ours.has(address))];
  const listener = await listenOnHost(resolvers);
  try {
    const proven = [await provenBy(listener, [...addresses], resolvers)];
    const doors = await openDoors(listening);
    const probed: ProbedContainer[] = [];
    await sideBySide([...containers], AT_ONCE, async (container) => {
      const own = [...container.networks.keys()].flatMap((name) => gateways.get(name) ?? []);
      const foreign = [...ours].find((address) => !own.includes(address));
      const hosts = [...own, ...others, ...(foreign === undefined ? [] : [foreign])];
      const tries = [
        ...hosts.flatMap((host) => triesAt(host, listener.port)),
        ...[...INSIDE_RESOLVERS, ...hosts.slice(0, 2)].map(question),
        ...[...new Set(beyond), OUTSIDE].flatMap(triesOutside),
        ...elsewhere(container, doors),
      ];
      probed.push(await probedBy(container, tries, listener, addresses));
      progress(probed.length, containers.length);
    });
    // Behind all of them on each of its sockets: whatever was under way has come.
    proven.push(await provenBy(listener, [...addresses], resolvers));
    const now = await again();
    for (const each of probed) {
      for (const answer of each.answers) answer.reached ||= listener.heard(answer.token);
      const { pid } = containers.find(({ name }) => name === each.container)!;
      if (now.get(each.container) !== pid) each.error ??= 'it was started anew or ended meanwhile';
    }
    return {
      probed: probed.sort((a, b) => (a.container < b.container ? -1 : 1)),
      proven: proven.flat(),
      deaf: [...listener.deaf].map(([address, why]) => ({ address, why })),
      doors: doors.length,
    };
  } finally {
    listener.close();
  }
}

async function probedBy(
  { name, pid }: Runs,
  tries: readonly ProbeTry[],
  listener: Listener,
  addresses: readonly string[],
): Promise<ProbedContainer> {
  const place = placeOf(pid);
  try {
    const answers = await probeFrom(pid, tries);
    for (const answer of answers) answer.reached ||= listener.heard(answer.token) || isRefusedBeyond(answer, addresses);
    return { container: name, answers, error: null, ...place };
  } catch (error) {
    return { container: name, answers: [], error: (error as Error).message, ...place };
  }
}

/** Whoever refuses is there: a no from beyond this host came back from where nothing should have gone. */
function isRefusedBeyond({ host, said }: ProbeAnswer, addresses: readonly string[]): boolean {
  return ['ECONNREFUSED', 'ECONNRESET'].includes(said) && isBeyond(host, addresses);
}

const isBeyond = (host: string, addresses: readonly string[]): boolean =>
  !host.startsWith('127.') && !addresses.includes(host);

/** The same program from this host's own network: what it sends here must be heard. */
async function provenBy(listener: Listener, addresses: string[], resolvers: readonly string[]): Promise<ProbeAnswer[]> {
  const tries = [
    ...addresses.flatMap((host) => triesAt(host, listener.port)),
    ...resolvers.filter((address) => !listener.deaf.has(address)).map(question),
  ];
  const answers = await probeFrom(null, tries);
  // An echo is answered by the kernel; all else shows at who listens.
  for (const answer of answers) if (answer.way !== 'icmp') answer.reached = listener.heard(answer.token);
  return answers;
}

/** Those of our services that this host reaches, so that reaching them from a network that they are not in would show. */
async function openDoors(listening: DescribedStack['listening']): Promise<DescribedStack['listening']> {
  const tries = listening.map(({ address, port }) => made('tcp', address, port));
  const answers = await probeFrom(null, tries);
  return listening.filter((_, at) => answers[at]?.reached === true);
}

/** A few of the doors of networks that a container is not in; the core's are all among them. */
function elsewhere({ networks }: Runs, doors: DescribedStack['listening']): ProbeTry[] {
  const foreign = doors.filter(({ network }) => !networks.has(network));
  const names = [...new Set(foreign.map(({ network }) => network))].slice(0, MOST_OTHERS);
  return foreign
    .filter(({ network }) => names.includes(network))
    .map(({ address, port }) => made('tcp', address, port));
}

function placeOf(pid: number): Pick<ProbedContainer, 'routes' | 'devices' | 'six'> {
  const read = (file: string) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8');
  try {
    const devices = [...read('dev').matchAll(/^\s*([^\s:|]+):/gm)].map(([, device]) => device!);
    // A kernel without IPv6 has no such file.
    const six = existsSync('/proc/net/if_inet6') ? read('if_inet6').trim().split('\n') : [];
    return {
      routes: readRoutes(read('route')),
      devices: devices.filter((device) => device !== 'lo'),
      six: six.flatMap((line) => line.split(/\s+/).at(-1) || []).filter((device) => device !== 'lo'),
    };
  } catch {
    // It has ended.
    return { routes: null, devices: [], six: [] };
  }
}

const made = (way: ProbeTry['way'], host: string, port: number): ProbeTry => ({
  ...{ way, host, port },
  token: `${randomBytes(12).toString('hex')}.frostbyte-verify.invalid`,
});
const triesAt = (host: string, port: number): ProbeTry[] => [
  made('tcp', host, port),
  made('udp', host, port),
  made('icmp', host, 0),
];
const triesOutside = (host: string): ProbeTry[] => [
  made('tcp', host, OUTSIDE_PORTS.tcp),
  made('udp', host, OUTSIDE_PORTS.udp),
  made('icmp', host, 0),
];
const question = (resolver: string): ProbeTry => made('dns', resolver, 53);
