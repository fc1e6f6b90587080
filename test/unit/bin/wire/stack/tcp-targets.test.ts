import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { tcpTargets } from '../../../../../appliance/bin/wire/stack/tcp-targets.ts';

test('connections are counted by what they lead to, listeners and what is over left out', () => {
  const table = `  sl  local_address rem_address   st
   0: 00000000:1DB0 00000000:0000 0A 00000000:00000000
   1: 14011CAC:A0F2 0A011CAC:1538 01 00000000:00000000
   2: 14011CAC:A0F4 0A011CAC:1538 02 00000000:00000000
   3: 14011CAC:A0F6 0B011CAC:2328 01 00000000:00000000
   4: 14011CAC:A0F8 0A011CAC:1538 06 00000000:00000000
   5: 14011CAC:A0FA 0A011CAC:2328 01 00000000:00000000
`;
  assert.deepEqual(
    tcpTargets(table),
    new Map([
      ['172.28.1.10:5432', 2],
      ['172.28.1.11:9000', 1],
      ['172.28.1.10:9000', 1],
    ]),
  );
  assert.deepEqual(tcpTargets(''), new Map());
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
  assert.equal(tcpTargets(readFileSync('/proc/self/net/tcp', 'latin1')).get(`127.0.0.1:${port}`), 3);
});
