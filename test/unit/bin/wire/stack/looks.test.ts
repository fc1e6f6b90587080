import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { planeLooks } from '../../../../../appliance/bin/wire/stack/looks.ts';
import { embedderPorts } from '../../../../../appliance/bin/wire/stack/servers.ts';
import type { Engine } from '../../../../../appliance/control/engine/engine.ts';
import { TENANT_LABEL } from '../../../../../appliance/control/engine/labels.ts';
import type { TenantNetworks } from '../../../../../appliance/control/networks/port.ts';

const PLANE = 'frostbyte-acme-data-plane';
const LIMITS = { memoryMb: 256, cpus: 1, processes: 100, openFiles: 1024, scratchMb: 64 };

/** An engine whose one plane is this process. */
function engineOfThis(): Engine {
  const usage = { id: 'one', received: 0, processes: 10 };
  const running = (name: string) => ({ name, running: true, pid: process.pid, labels: { [TENANT_LABEL]: 'acme' } });
  return {
    containers: async () => [running(PLANE)],
    container: async (name: string) => (name === PLANE ? running(name) : null),
    usage: async () => usage,
  } as unknown as Engine;
}

test('connections to the embedder count as those to any server that all share', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(embedderPorts()[0]!.port, '127.0.0.1');
  await once(server, 'listening');
  const networks = { of: async () => ({ address: () => '127.0.0.1' }) } as unknown as TenantNetworks;
  const look = planeLooks({ engine: engineOfThis(), networks, limits: LIMITS });
  const connections = async () => (await look())[0]!.connections;
  const sockets: ReturnType<typeof connect>[] = [];
  const open = async (count: number) => {
    const more = Array.from({ length: count }, () => connect(embedderPorts()[0]!.port, '127.0.0.1'));
    sockets.push(...more);
    await Promise.all(more.map((socket) => once(socket, 'connect')));
  };
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await open(24);
  assert.equal(await connections(), 0.5, 'work needs no more than this');
  await open(36);
  assert.ok((await connections()) > 1, 'what one tenant is let have shows');
});
