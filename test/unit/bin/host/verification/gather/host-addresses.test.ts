import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { hostAddresses, readRoutes } from '../../../../../../appliance/bin/host/verification/gather/host-addresses.ts';
import { readUnits } from '../../../../../../appliance/bin/host/verification/gather/services.ts';

const TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 172.28.0.0
        /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 172.28.0.0/24 2 0 2
        |-- 172.28.0.0
           /24 link UNICAST
        |-- 172.28.0.1
           /32 host LOCAL
        |-- 172.28.0.255
           /32 link BROADCAST
     |-- 198.51.100.7
        /32 host LOCAL
`;
const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t01001CAC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t00001CAC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;

describe('what the kernel says of a network', () => {
  it('has the host’s own addresses, loopback’s and those of others aside', () => {
    assert.deepEqual(
      hostAddresses(() => TRIE),
      ['172.28.0.1', '198.51.100.7'],
    );
    const seen = Object.values(networkInterfaces()).flatMap((all = []) =>
      all.flatMap(({ family, address, internal }) => (family === 'IPv4' && !internal ? [address] : [])),
    );
    for (const address of seen) assert.ok(hostAddresses().includes(address), address);
  });

  it('has routes, with and without a gateway, and none where there is no table', () => {
    assert.deepEqual(readRoutes(ROUTES), [
      { device: 'eth0', subnet: '0.0.0.0/0', gateway: '172.28.0.1' },
      { device: 'eth0', subnet: '172.28.0.0/24', gateway: null },
    ]);
    assert.deepEqual(readRoutes(ROUTES.split('\n')[0]!), []);
  });

  it('has units, with what somebody put beside them', () => {
    const said = [
      'Id=a.service\nActiveState=active\nUnitFileState=enabled\nDropInPaths=\nNeedDaemonReload=no',
      'Id=b.service\nActiveState=failed\nUnitFileState=disabled\nDropInPaths=/etc/x=y.conf\nNeedDaemonReload=yes',
    ].join('\n\n');
    assert.deepEqual(readUnits(`${said}\n`), [
      { name: 'a.service', active: 'active', enabled: 'enabled', drop_ins: '', reload: false },
      { name: 'b.service', active: 'failed', enabled: 'disabled', drop_ins: '/etc/x=y.conf', reload: true },
    ]);
  });
});
