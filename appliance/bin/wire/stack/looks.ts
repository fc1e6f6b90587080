import { readFile } from 'node:fs/promises';
import type { ContainerUsage } from '../../../control/engine/answers.ts';
import type { Engine } from '../../../control/engine/engine.ts';
import { containerName, ROLE_LABEL, TENANT_LABEL } from '../../../control/engine/labels.ts';
import type { Takes } from '../../../control/neighbours/watch.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import { coreContainer, PORTS } from '../../../control/stack/addresses.ts';
import type { ContainerLimits } from '../../../control/stack/confinement.ts';
import { tenantNames } from '../../../kernel/names.ts';
import { type Demand, demandBetween, demandOf } from './demand.ts';
import { sessionMemory } from './session-memory.ts';
import { tcpPeers } from './tcp-peers.ts';

const DATABASE = coreContainer('postgres');

/**
 * Connections that a data plane has at most: to the database its share (`connections.ts`), twice while it is replaced, and
 * those that are refused since there is no place; to the object store and the scanner as many as files that move.
 */
const MOST: Readonly<Record<string, { port: number; connections: number }>> = Object.freeze({
  [DATABASE]: { port: PORTS.postgres, connections: 40 },
  [coreContainer('objects')]: { port: PORTS.objects, connections: 512 },
  [coreContainer('qdrant')]: { port: PORTS.qdrant, connections: 256 },
  [coreContainer('scanner')]: { port: PORTS.scanner, connections: 128 },
});

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

/** What the tenants' data planes take, by the engine and by the sockets of the servers that all share. */
export function planeLooks({ engine, networks, limits }: LooksOptions): () => Promise<Takes[]> {
  let before = new Map<string, Look>();

  async function connections(): Promise<Map<string, number>> {
    const shares = new Map<string, number>();
    for (const [name, { port, connections: most }] of Object.entries(MOST)) {
      const container = await engine.container(name);
      if (!container?.running) continue;
      const table = await readFile(`/proc/${container.pid}/net/tcp`, 'latin1').catch(() => '');
      for (const [peer, count] of tcpPeers(table, port)) {
        shares.set(peer, Math.max(shares.get(peer) ?? 0, count / most));
      }
    }
    return shares;
  }

  return async () => {
    const planes = (await engine.containers(`${ROLE_LABEL}=data-plane`)).filter(({ running }) => running);
    if (planes.length === 0) return [];
    const shares = await connections();
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
        connections: shares.get((await networks.of(tenantId)).address('plane')) ?? 0,
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
