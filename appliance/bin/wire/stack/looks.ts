import { readFile } from 'node:fs/promises';
import type { ContainerUsage } from '../../../control/engine/answers.ts';
import type { Engine } from '../../../control/engine/engine.ts';
import { containerName, ROLE_LABEL, TENANT_LABEL } from '../../../control/engine/labels.ts';
import type { Takes } from '../../../control/neighbours/watch.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import { coreContainer, PORTS, type Service } from '../../../control/stack/addresses.ts';
import type { ContainerLimits } from '../../../control/stack/confinement.ts';
import { tenantNames } from '../../../kernel/names.ts';
import { type Demand, demandBetween, demandOf } from './demand.ts';
import { embedderPorts } from './servers.ts';
import { sessionMemory } from './session-memory.ts';
import { tcpTargets } from './tcp-targets.ts';

const DATABASE = coreContainer('postgres');

interface Most {
  service: Service;
  ports: readonly number[];
  connections: number;
}

/**
 * Connections that a data plane has at most: to the database its share (`connections.ts`), twice while it is replaced, and
 * those that are refused since there is no place; to the object store and the scanner as many as files that move; to the
 * embedder as many questions as its workers and searches have under way, and fewer than that lets one tenant have.
 */
const MOST: readonly Most[] = Object.freeze([
  { service: 'postgres', ports: [PORTS.postgres], connections: 40 },
  { service: 'objects', ports: [PORTS.objects], connections: 512 },
  { service: 'qdrant', ports: [PORTS.qdrant], connections: 256 },
  { service: 'scanner', ports: [PORTS.scanner], connections: 128 },
  { service: 'embedder', ports: embedderPorts().map(({ port }) => port), connections: 48 },
]);

export interface LooksOptions {
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  limits: ContainerLimits;
}

/**
 * Memory that a tenant's sessions at the database hold together at most: one writes a batch at a time, the largest in some
 * 160 MB, and each keeps some 40 MB behind it.
 */
const MOST_SESSION_MEMORY = 768 * 1024 ** 2;

/** What was seen of a data plane at a moment. */
interface Look {
  usage: ContainerUsage;
  demand: ReadonlyMap<string, Demand>;
  at: number;
}

/** What the tenants' data planes take, by the engine and by the sockets of their own networks. */
export function planeLooks({ engine, networks, limits }: LooksOptions): () => Promise<Takes[]> {
  let before = new Map<string, Look>();

  /**
   * Counted where they begin: at a server's end those of a container that was stopped are seen for a while yet, and its
   * tenant would be suspended again as soon as it is resumed.
   */
  async function connections(tenantId: string, pid: number): Promise<number> {
    const targets = tcpTargets(await readFile(`/proc/${pid}/net/tcp`, 'latin1').catch(() => ''));
    const { address } = await networks.of(tenantId);
    const shares = MOST.map(({ service, ports, connections: most }) => {
      const counts = ports.map((port) => targets.get(`${address(service)}:${port}`) ?? 0);
      return counts.reduce((sum, count) => sum + count, 0) / most;
    });
    return Math.max(...shares);
  }

  return async () => {
    const planes = (await engine.containers(`${ROLE_LABEL}=data-plane`)).filter(({ running }) => running);
    if (planes.length === 0) return [];
    const database = await engine.container(DATABASE);
    const memory = database?.running ? await sessionMemory(database.pid) : new Map<string, number>();
    const now = new Map<string, Look>();
    const looks: Takes[] = [];
    for (const { labels } of planes) {
      const tenantId = labels[TENANT_LABEL] ?? '';
      const name = containerName(tenantId, 'data-plane');
      const [container, usage] = [await engine.container(name), await engine.usage(name)];
      if (usage === null || !container?.running) continue;
      const [demand, at] = [await demandOf(container.pid), performance.now()];
      now.set(tenantId, { usage, demand, at });
      const last = before.get(tenantId);
      const ms = last === undefined || last.usage.id !== usage.id ? null : at - last.at;
      looks.push({
        tenant_id: tenantId,
        processor: ms === null ? null : ofAll(demandBetween(last!.demand, demand), ms * limits.cpus),
        received: ms === null ? null : ((usage.received - last!.usage.received) / ms) * 1000,
        processes: usage.processes / limits.processes,
        connections: await connections(tenantId, container.pid),
        memory: (memory.get(tenantNames(tenantId).role) ?? 0) / MOST_SESSION_MEMORY,
      });
    }
    before = now;
    return looks;
  };
}

function ofAll({ got, asked }: Demand, all: number): Demand {
  return { got: got / all, asked: asked / all };
}
