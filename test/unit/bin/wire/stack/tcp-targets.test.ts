import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { tcpPeers } from '../../../../../appliance/bin/wire/stack/tcp-peers.ts';

test('peers of a port are counted by their address, listeners, what is over and other ports left out', () => {
  const table = `  sl  local_address rem_address   st
   0: 00000000:1538 00000000:0000 0A 00000000:00000000
   1: 0A011CAC:1538 14011CAC:A0F2 01 00000000:00000000
   2: 0A011CAC:1538 14011CAC:A0F4 03 00000000:00000000
   3: 0A021CAC:1538 14021CAC:A0F2 01 00000000:00000000
   4: 0A021CAC:1538 14021CAC:A0F4 06 00000000:00000000
   5: 0A011CAC:2328 14011CAC:A0F2 01 00000000:00000000
`;
  assert.deepEqual(
    tcpPeers(table, 5432),
    new Map([
      ['172.28.1.20', 2],
      ['172.28.2.20', 1],
    ]),
  );
  assert.deepEqual(tcpPeers('', 5432), new Map());
});

test('it is how this kernel writes them', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = [1, 2, 3].map(() => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  assert.deepEqual(tcpPeers(readFileSync('/proc/self/net/tcp', 'latin1'), port), new Map([['127.0.0.1', 3]]));
});
