import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PlaneHandover } from '../../api/plane/handover.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { Turns } from '../../kernel/turns.ts';
import type { Engine } from '../engine/engine.ts';
import { containerName, ROLE_LABEL, type TenantRole } from '../engine/labels.ts';
import type { NewContainer } from '../engine/new-container.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { settleContainer } from '../engine/settle-container.ts';
import type { TenantNetworks } from '../networks/port.ts';
import {
  HANDOVER_NAME,
  PLANE_PORT,
  type PlaneContainerOptions,
  parserContainer,
  planeContainer,
  planePlaces,
} from './container-specs.ts';
import type { PlaneHost, RunningPlane } from './port.ts';

export interface ContainersOptions extends PlaneContainerOptions {
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  /** Folder on memory for handovers and for the sockets between planes and parsers; it belongs to this alone. */
  folder: string;
  logger: Logger;
}

/** Also what provisioning takes away in the end. */
export interface PlaneContainers extends PlaneHost {
  /** Ends and removes a tenant's containers, and what they were handed. Nothing there is no error. */
  destroy(tenantId: string): Promise<void>;
  isGone(tenantId: string): Promise<boolean>;
  /** Folders in which the planes that live look for their way to the endpoint, by tenant. */
  relayFolders(): Map<string, string>;
}

const ROLES: readonly TenantRole[] = ['data-plane', 'parser'];
/** How long it is until something that failed is tried again. */
const AGAIN_MS = 500;
/** How long a parser that ended rests before it is started again. */
const REST_MS = 1000;
/** The longest that closing waits for an engine. */
const CLOSE_MS = 10_000;

/**
 * Data planes as containers on their tenants' networks, each with a parser beside it that has no network at all. The
 * handover is a file on memory that the plane's user alone reads, gone when the plane is. A container that has ended
 * stays, with its log, until the next one takes its place.
 */
export function planeContainers(options: ContainersOptions): PlaneContainers {
  const { engine, networks, folder, logger } = options;
  const turns = new Turns();
  const closing = new AbortController();
  const living = new Map<string, { kill(): void; ended: Promise<void>; relay: string | null }>();
  // Whatever an earlier control left knows another control's key, and its tenant may be suspended by now.
  const cleared = clear();

  async function clear(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        for (const role of ROLES)
          for (const { name } of await engine.containers(`${ROLE_LABEL}=${role}`)) await engine.remove(name);
        rmSync(folder, { recursive: true, force: true });
        return;
      } catch (error) {
        logger.warn('containers that an earlier start left could not be removed yet', codeFrames(error));
        await pause(AGAIN_MS);
      }
    }
  }
  const pause = (ms: number) => wait(ms, undefined, { signal: closing.signal }).catch(() => undefined);

  async function remove(tenantId: string): Promise<void> {
    for (const role of ROLES) await engine.remove(containerName(tenantId, role));
    rmSync(planePlaces(folder, tenantId, options).place, { recursive: true, force: true });
  }

  async function run(spec: NewContainer): Promise<string> {
    const id = await settleContainer(engine, spec);
    await engine.start(id);
    return id;
  }

  /** Keeps the parser for as long as its plane lives: one that dies over a document is started again. */
  async function keepParser(tenantId: string, spec: NewContainer, first: string, planeEnded: AbortSignal) {
    let id = first;
    while (!planeEnded.aborted) {
      await engine.ended(id, planeEnded);
      if (planeEnded.aborted) break;
      logger.warn('the parser of a tenant ended, starting it again', shaped({ tenant_id: tenantId }));
      await wait(REST_MS, undefined, { signal: planeEnded }).catch(() => undefined);
      // Where it could not be started it counts as ended once more.
      if (!planeEnded.aborted) id = await run(spec).catch(() => id);
    }
    await engine.kill(id).catch(() => undefined);
  }

  async function start(handover: PlaneHandover): Promise<RunningPlane> {
    const { tenant_id: tenantId } = handover;
    await cleared;
    if (closing.signal.aborted) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The appliance is being stopped.');
    const network = await networks.of(tenantId);
    await remove(tenantId);
    const { place, handed, parsing, relay } = planePlaces(folder, tenantId, options);
    await writeSecretFile(join(handed, HANDOVER_NAME), JSON.stringify(handover), options.planeUid);
    makeParserFolder(parsing, options);
    if (relay !== null) makeRelayFolder(relay, options);
    const parser = parserContainer(options, tenantId, parsing);
    const plane = planeContainer(options, tenantId, network, { handed, parsing, relay });
    // Beside each other: the plane asks its parser only when there is something to parse.
    const both = await Promise.allSettled([run(parser), run(plane)]);
    const [parserId, id] = both.map((one) => (one.status === 'fulfilled' ? one.value : null));
    if (!parserId || !id) {
      await remove(tenantId).catch(() => undefined);
      throw both.find((one) => one.status === 'rejected')!.reason;
    }

    const over = new AbortController();
    const ended = engine.ended(id, closing.signal).then(() => {
      rmSync(place, { recursive: true, force: true });
      living.delete(tenantId);
      over.abort();
    });
    void keepParser(tenantId, parser, parserId, over.signal);
    const running = { ended, kill: () => void killUntilEnded(tenantId, id, over.signal) };
    living.set(tenantId, { ...running, relay });
    return { address: handover.listen, alive: () => !over.signal.aborted, ...running };
  }

  /** An engine that does not answer now may do so later. */
  async function killUntilEnded(tenantId: string, id: string, ended: AbortSignal): Promise<void> {
    while (!ended.aborted && !closing.signal.aborted) {
      await engine.kill(id).catch((error: unknown) =>
        logger.warn('the data plane of a tenant could not be ended yet', {
          ...shaped({ tenant_id: tenantId }),
          ...codeFrames(error),
        }),
      );
      await wait(AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  return {
    addressFor: async (tenantId) => ({ host: (await networks.of(tenantId)).address('plane'), port: PLANE_PORT }),
    start: (handover) => turns.take(handover.tenant_id, () => start(handover)),
    destroy: (tenantId) => turns.take(tenantId, () => remove(tenantId)),
    isGone: async (tenantId) => {
      for (const role of ROLES) if ((await engine.container(containerName(tenantId, role))) !== null) return false;
      return true;
    },
    relayFolders: () => new Map([...living].flatMap(([id, { relay }]) => (relay === null ? [] : [[id, relay]]))),
    async close() {
      const all = [...living.values()];
      for (const { kill } of all) kill();
      // A timer that nobody waits for any more must not hold up the end of the process.
      await Promise.race([Promise.all(all.map(({ ended }) => ended)), wait(CLOSE_MS, undefined, { ref: false })]);
      // What is not gone by now is removed by the next start.
      closing.abort();
    },
  };
}

/** The parser makes its socket in it, and the plane's group, which the socket gets from the folder, may connect. */
function makeParserFolder(path: string, { parserUid, planeUid }: PlaneContainerOptions): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chownSync(path, parserUid, planeUid);
  chmodSync(path, 0o2750);
}

/** Whoever speaks to the endpoint makes a socket in it, which has the plane's group from it; the plane alone sees it. */
function makeRelayFolder(path: string, { planeUid }: PlaneContainerOptions): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chownSync(path, -1, planeUid);
  chmodSync(path, 0o2750);
}
