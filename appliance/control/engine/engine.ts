import { setTimeout as wait } from 'node:timers/promises';
import { FrostbyteError } from '../../kernel/errors.ts';
import { BRIDGE_OPTION, NETWORK } from '../stack/addresses.ts';
import {
  type ContainerUsage,
  checkOf,
  type EngineContainer,
  type EngineNetwork,
  type RawContainer,
  type RawNetwork,
  type RawStats,
  readContainer,
  readNetwork,
  readUsage,
} from './answers.ts';
import { bodyOf, type NewContainer } from './new-container.ts';
import { engineRequests } from './requests.ts';

/**
 * What control needs of the Docker Engine, and nothing more. Every verb may be repeated. Each throws
 * `SERVICE_UNAVAILABLE`: kind `later` where the engine does not answer or has trouble of its own, `never` where it refuses
 * what was asked.
 */
export interface Engine {
  /** Null where there is none of that name. */
  network(name: string): Promise<EngineNetwork | null>;
  /** Names of networks with this label (`key=value`). */
  networks(label: string): Promise<string[]>;
  /** An internal network with one subnet; there is no other kind. */
  createNetwork(network: NewNetwork): Promise<void>;
  /** A missing one is no error. Throws while something is attached. */
  removeNetwork(name: string): Promise<void>;
  /** Attaches a container at a fixed address. */
  connect(network: string, container: string, address: string): Promise<void>;
  /** Takes a container off, also one that does not run. One that is not attached, or not there, is no error. */
  disconnect(network: string, container: string): Promise<void>;

  /** The folder of the host that it keeps images, containers and volumes in. */
  root(): Promise<string>;
  /** By name or id; null where there is none. */
  container(name: string): Promise<EngineContainer | null>;
  /**
   * Whether it runs and works, by the check that it brings: one that the engine made, or one that is made now. One without a
   * check works where it runs.
   */
  isWell(container: string): Promise<boolean>;
  /** What it has taken since it was started; null where it does not run, or is not there. */
  usage(name: string): Promise<ContainerUsage | null>;
  /** Containers with this label (`key=value`), running or not. */
  containers(label: string): Promise<{ name: string; running: boolean; labels: Record<string, string> }[]>;
  /** The id of an image; null where the engine has none of that name. */
  image(name: string): Promise<string | null>;
  /** Makes a container that is held to what every one is held to, and gives its id. It does not run yet. */
  createContainer(container: NewContainer): Promise<string>;
  /** One that runs is no error. */
  start(container: string): Promise<void>;
  /** Asks it to end, and ends it after so many seconds. One that does not run, or is not there, is no error. */
  stop(container: string, seconds: number): Promise<void>;
  /** Ends it at once. One that does not run, or is not there, is no error. */
  kill(container: string): Promise<void>;
  /** Ends it at once and removes it. A missing one is no error. */
  remove(container: string): Promise<void>;
  /**
   * Resolves once it does not run: at once where it is not there. Outlasts a restart of the engine, and resolves also
   * when nobody needs to know any more (`signal`).
   */
  ended(container: string, signal?: AbortSignal): Promise<void>;
}

export interface NewNetwork {
  name: string;
  subnet: string;
  gateway: string;
  /** The name of its interface on the host, 15 characters at most: what the host's input rule knows it by. */
  bridge: string;
  labels: Record<string, string>;
}

/** How long it is until an engine that does not answer is asked again whether a container has ended. */
const SILENT_MS = 500;
/** How often it is looked whether a check that is being made is over. */
const CHECKING_MS = 25;
/** A check that takes longer found nothing that works. */
const LONGEST_CHECK_MS = 10_000;

/** The engine behind a socket. Nothing is asked before it is needed. */
export function openEngine(socket: string): Engine {
  const { ask, until } = engineRequests(socket);
  const get = (path: string) => ask('GET', path, { fine: [404] });
  const named = (name: string) => encodeURIComponent(name);
  const labelled = (label: string) => named(JSON.stringify({ label: [label] }));

  const engine: Engine = {
    async network(name) {
      const found = (await get(`/networks/${named(name)}`)) as RawNetwork | null;
      // The engine takes the beginning of an id for a name.
      return found === null || found.Name !== name ? null : readNetwork(found);
    },
    networks: async (label) =>
      ((await ask('GET', `/networks?filters=${labelled(label)}`)) as RawNetwork[]).map(({ Name }) => Name),
    createNetwork: async ({ name, subnet, gateway, bridge, labels }) => {
      const body = {
        Name: name,
        CheckDuplicate: true,
        Driver: NETWORK.driver,
        Internal: NETWORK.internal,
        EnableIPv6: NETWORK.ipv6,
        IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
        Options: { [BRIDGE_OPTION]: bridge },
        Labels: labels,
      };
      await ask('POST', '/networks/create', { body });
    },
    removeNetwork: async (name) => void (await ask('DELETE', `/networks/${named(name)}`, { fine: [404] })),
    connect: async (network, container, address) => {
      const body = { Container: container, EndpointConfig: { IPAMConfig: { IPv4Address: address } } };
      await ask('POST', `/networks/${named(network)}/connect`, { body });
    },
    disconnect: async (network, container) => {
      const body = { Container: container, Force: true };
      // That it is not attached is an error of the engine's own, without a status of its own.
      await ask('POST', `/networks/${named(network)}/disconnect`, {
        body,
        fine: [404],
        fineText: /is not connected to/,
      });
    },

    async root() {
      const { DockerRootDir: root } = (await ask('GET', '/info')) as { DockerRootDir?: string };
      if (root) return root;
      throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The container engine does not say where its root is.');
    },
    async container(name) {
      const found = (await get(`/containers/${named(name)}/json`)) as RawContainer | null;
      return found === null ? null : readContainer(found);
    },
    async isWell(name) {
      const found = (await get(`/containers/${named(name)}/json`)) as RawContainer | null;
      if (found === null || !found.State.Running) return false;
      const check = checkOf(found);
      if (check === null || found.State.Health?.Status === 'healthy') return true;
      // 409: it has ended since.
      const made = await ask('POST', `/containers/${found.Id}/exec`, { body: { Cmd: check }, fine: [404, 409] });
      if (made === null) return false;
      const { Id } = made as { Id: string };
      // One that ends at this very moment is a trouble of the runtime’s, in its words.
      const hasEnded = { fine: [404, 409], fineText: /runtime exec failed|is not running|in a stopped state/ };
      await ask('POST', `/exec/${Id}/start`, { body: { Detach: true }, ...hasEnded });
      const ended = async () => (await get(`/exec/${Id}/json`)) as { Running: boolean; ExitCode: number | null } | null;
      let now = await ended();
      for (const began = performance.now(); now?.Running; now = await ended()) {
        if (performance.now() - began > LONGEST_CHECK_MS) return false;
        await wait(CHECKING_MS);
      }
      return now?.ExitCode === 0;
    },
    async usage(name) {
      const found = (await get(`/containers/${named(name)}/stats?stream=false&one-shot=true`)) as RawStats | null;
      return found === null ? null : readUsage(found);
    },
    async containers(label) {
      const found = (await ask('GET', `/containers/json?all=true&filters=${labelled(label)}`)) as {
        Names: string[];
        State: string;
        Labels: Record<string, string> | null;
      }[];
      return found.map(({ Names, State, Labels }) => ({
        name: (Names[0] ?? '').replace(/^\//, ''),
        running: State === 'running',
        labels: Labels ?? {},
      }));
    },
    image: async (name) => ((await get(`/images/${name}/json`)) as { Id: string } | null)?.Id ?? null,
    createContainer: async (container) => {
      const path = `/containers/create?name=${named(container.name)}`;
      return ((await ask('POST', path, { body: bodyOf(container) })) as { Id: string }).Id;
    },
    start: async (name) => void (await ask('POST', `/containers/${named(name)}/start`, { fine: [304] })),
    stop: async (name, seconds) =>
      void (await ask('POST', `/containers/${named(name)}/stop?t=${seconds}`, { fine: [304, 404], lasts: seconds })),
    kill: async (name) => void (await ask('POST', `/containers/${named(name)}/kill`, { fine: [404, 409] })),
    remove: async (name) =>
      // 409: somebody else is at it.
      void (await ask('DELETE', `/containers/${named(name)}?force=true&v=true`, { fine: [404, 409] })),
    async ended(name, signal) {
      while (!signal?.aborted) {
        try {
          await until(`/containers/${named(name)}/wait?condition=not-running`, signal);
          return;
        } catch (error) {
          if (signal?.aborted) return;
          if (!(error instanceof FrostbyteError && error.kind === 'later')) throw error;
          await wait(SILENT_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
        }
      }
    },
  };
  return engine;
}
