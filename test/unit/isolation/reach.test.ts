import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsolationOrder } from '../../../appliance/api/plane/isolation-order.ts';
import { triesOf } from '../../../appliance/isolation/attempt.ts';
import { tryNetwork } from '../../../appliance/isolation/try-network.ts';
import { freePort } from '../../support/free-port.ts';
import { mortalServer } from '../../support/isolation/mortal-server.ts';

test('a host that refuses was reached, whoever listens there; of a container that is a closed door', async (t) => {
  const { port } = await mortalServer(t, (socket) => socket.destroy());
  const nobody = await freePort();
  const door = (name: string, at: number, is_host: boolean) => ({ name, host: '127.0.0.1', port: at, is_host });
  const doors = (port: number, what: string) => [
    door(`a container ${what}`, port, false),
    door(`the host ${what}`, port, true),
  ];
  const all = triesOf('network', 'acme', { againMs: [] });
  await tryNetwork(
    {
      tenant_id: 'acme',
      targets: [{ tenant_id: 'globex', probe: false, doors: doors(nobody, 'where nobody listens') }],
      closed: doors(port, 'where somebody listens'),
      resolvers: [],
    } as unknown as IsolationOrder,
    all,
  );
  assert.deepEqual(Object.fromEntries(all.found.map(({ test: name, result }) => [name, result])), {
    'reach a container where nobody listens': 'DENIED',
    'reach the host where nobody listens': 'ALLOWED',
    'reach a container where somebody listens': 'ALLOWED',
    'reach the host where somebody listens': 'ALLOWED',
  });
});
