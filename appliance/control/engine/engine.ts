import type { IncomingMessage } from 'node:http';
import { type HttpWay, httpWay } from '../../api/rpc/http-way.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/** What control needs of the Docker Engine, and nothing more: each verb one request (Engine API 1.41 and later). */
export interface Engine {
  /** The network's id and who is attached at which address; null where there is none of that name. */
  network(name: string): Promise<EngineNetwork | null>;
  createNetwork(network: NewNetwork): Promise<void>;
  /** A missing one is no error. Throws where something is still attached. */
  removeNetwork(name: string): Promise<void>;
  /** Attaches a container at a fixed address. */
  connect(network: string, container: string, address: string): Promise<void>;
  /** One that is not attached is no error. */
  disconnect(network: string, container: string): Promise<void>;
  /** Null where there is none of that name. */
  container(name: string): Promise<EngineContainer | null>;
  /** Names of containers, running or not, with this label. */
  containers(label: string): Promise<string[]>;
  createContainer(name: string, spec: object): Promise<void>;
  /** One that runs is no error. */
  start(name: string): Promise<void>;
  /** Asks it to end, and ends it after so many seconds. One that does not run, or is not there, is no error. */
  stop(name: string, seconds: number): Promise<void>;
  /** Ends it at once and removes it with its anonymous volumes. A missing one is no error. */
  remove(name: string): Promise<void>;
  /** Resolves when it has ended; at once where it is not there. */
  ended(name: string): Promise<void>;
  close(): void;
}

export interface NewNetwork {
  name: string;
  subnet: string;
  gateway: string;
  labels: Record<string, string>;
}

export interface EngineNetwork {
  id: string;
  internal: boolean;
  subnet: string | null;
  labels: Record<string, string>;
  /** Addresses by the name of the container, without their prefix length. */
  attached: Map<string, string>;
}

export interface EngineContainer {
  id: string;
  running: boolean;
  image: string;
  startedAt: string;
  labels: Record<string, string>;
  /** The networks that it is attached to. */
  networks: string[];
}

/** The newest version of the API that we speak. */
const NEWEST = '1.47';
const ANSWER_MS = 30_000;
/** Answers are small; a longer one is not what was asked for. */
const MOST_BYTES = 16 << 20;

/** The engine behind a socket. Nothing is asked before it is needed. Throws `SERVICE_UNAVAILABLE` where it does not answer. */
export function openEngine(socket: string): Engine {
  const way = httpWay({ socket }, 32);
  let version: Promise<string> | null = null;

  const raw = async (asked: Parameters<HttpWay['send']>[0]): Promise<{ status: number; body: string }> => {
    try {
      const answer = await way.send(asked);
      return { status: answer.statusCode ?? 0, body: await textOf(answer) };
    } catch (cause) {
      throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The container engine does not answer. See whether it runs.', {
        retryAfter: 5,
        cause,
      });
    }
  };
  const spoken = (): Promise<string> => {
    version ??= raw({ method: 'GET', path: '/version', headers: HOST, body: null, silenceMs: ANSWER_MS }).then(
      ({ body }) => older((JSON.parse(body) as { ApiVersion: string }).ApiVersion, NEWEST),
    );
    version.catch(() => {
      version = null;
    });
    return version;
  };
  /** One request; `fine` are statuses beside success that mean that there is nothing (more) to do. */
  const ask = async (
    method: string,
    path: string,
    { body, fine = [], silenceMs = ANSWER_MS }: { body?: object; fine?: number[]; silenceMs?: number } = {},
  ): Promise<unknown> => {
    const answer = await raw({
      method,
      path: `/v${await spoken()}${path}`,
      headers: { ...HOST, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
      silenceMs,
    });
    if (fine.includes(answer.status)) return null;
    if (answer.status >= 200 && answer.status < 300) return answer.body === '' ? null : JSON.parse(answer.body);
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      `The container engine refused (${answer.status}): ${messageOf(answer.body)}`,
    );
  };

  return {
    async network(name) {
      const found = (await ask('GET', `/networks/${encodeURIComponent(name)}`, { fine: [404] })) as RawNetwork | null;
      // Names that begin alike are found by their beginning.
      return found === null || found.Name !== name ? null : networkOf(found);
    },
    createNetwork: async ({ name, subnet, gateway, labels }) => {
      const body = {
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: true,
        Labels: labels,
        IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
        Options: { 'com.docker.network.bridge.enable_icc': 'true' },
      };
      await ask('POST', '/networks/create', { body });
    },
    removeNetwork: async (name) => void (await ask('DELETE', `/networks/${encodeURIComponent(name)}`, { fine: [404] })),
    connect: async (network, container, address) => {
      const body = { Container: container, EndpointConfig: { IPAMConfig: { IPv4Address: address } } };
      await ask('POST', `/networks/${encodeURIComponent(network)}/connect`, { body });
    },
    disconnect: async (network, container) => {
      const body = { Container: container, Force: true };
      // Not attached, or gone: both are what was wanted.
      await ask('POST', `/networks/${encodeURIComponent(network)}/disconnect`, { body, fine: [404, 500] });
    },
    async container(name) {
      const found = (await ask('GET', `/containers/${name}/json`, { fine: [404] })) as RawContainer | null;
      return found === null ? null : containerOf(found);
    },
    async containers(label) {
      const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
      const found = (await ask('GET', `/containers/json?all=true&filters=${filters}`)) as { Names: string[] }[];
      return found.flatMap(({ Names }) => Names.slice(0, 1).map((name) => name.replace(/^\//, '')));
    },
    createContainer: async (name, spec) =>
      void (await ask('POST', `/containers/create?name=${encodeURIComponent(name)}`, { body: spec })),
    start: async (name) => void (await ask('POST', `/containers/${name}/start`, { fine: [304] })),
    stop: async (name, seconds) =>
      void (await ask('POST', `/containers/${name}/stop?t=${seconds}`, {
        fine: [304, 404],
        silenceMs: ANSWER_MS + seconds * 1000,
      })),
    remove: async (name) => void (await ask('DELETE', `/containers/${name}?force=true&v=true`, { fine: [404] })),
    ended: async (name) => {
      // Waits for as long as it lives.
      await ask('POST', `/containers/${name}/wait?condition=not-running`, { fine: [404], silenceMs: 0 });
    },
    close: () => way.destroy(),
  };
}

const HOST = { host: 'engine' };

interface RawNetwork {
  Id: string;
  Name: string;
  Internal: boolean;
  Labels: Record<string, string> | null;
  IPAM: { Config: { Subnet?: string }[] | null };
  Containers: Record<string, { Name: string; IPv4Address: string }> | null;
}

function networkOf({ Id, Internal, Labels, IPAM, Containers }: RawNetwork): EngineNetwork {
  return {
    id: Id,
    internal: Internal,
    subnet: IPAM.Config?.[0]?.Subnet ?? null,
    labels: Labels ?? {},
    attached: new Map(
      Object.values(Containers ?? {}).map(({ Name, IPv4Address }) => [Name, IPv4Address.replace(/\/.*$/, '')]),
    ),
  };
}

interface RawContainer {
  Id: string;
  Image: string;
  State: { Running: boolean; StartedAt: string };
  Config: { Labels: Record<string, string> | null };
  NetworkSettings: { Networks: Record<string, unknown> | null };
}

function containerOf({ Id, Image, State, Config, NetworkSettings }: RawContainer): EngineContainer {
  return {
    id: Id,
    image: Image,
    running: State.Running,
    startedAt: State.StartedAt,
    labels: Config.Labels ?? {},
    networks: Object.keys(NetworkSettings.Networks ?? {}),
  };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += chunk as string;
    if (text.length > MOST_BYTES) throw new Error('the answer is too long');
  }
  return text;
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message ?? '').slice(0, 300);
  } catch {
    return 'no reason given';
  }
}

/** The older of two versions such as `1.41`. */
function older(a: string, b: string): string {
  const [major, minor] = a.split('.').map(Number) as [number, number];
  const [otherMajor, otherMinor] = b.split('.').map(Number) as [number, number];
  return major < otherMajor || (major === otherMajor && minor < otherMinor) ? a : b;
}
