import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stackCertificates } from '../../../../../appliance/bin/wire/stack/certificates.ts';
import { doorsOf } from '../../../../../appliance/bin/wire/stack/isolation-order.ts';
import { stackServers } from '../../../../../appliance/bin/wire/stack/servers.ts';
import { loadConfig } from '../../../../../appliance/config/load.ts';
import { LAST, networkPlan, PORTS } from '../../../../../appliance/control/stack/addresses.ts';

const { address } = networkPlan('172.28', 3);
const network = { address: (service: keyof typeof LAST) => address(LAST[service]) };

/** Where the doors lead that are tried in a tenant's network. */
const inTenants = (hasQdrant: boolean) => doorsOf(network, hasQdrant).map(({ host, port }) => `${host}:${port}`);
/** And in the core's own networks. */
const inCore = (variables: Record<string, string>) => {
  const config = loadConfig({ variables: { FROSTBYTE_MODE: 'stack', FROSTBYTE_STORES_TLS: 'off', ...variables } });
  const nobody = () => Promise.reject(new Error('no network is asked for'));
  return stackServers(config, { of: nobody }, stackCertificates(config)).core.map(
    ({ host, port }) => `${host}:${port}`,
  );
};

test('Qdrant’s door is tried in each tenant’s network and in the stores’, where it is one of the core', () => {
  assert.ok(inTenants(true).includes(`172.28.3.${LAST.qdrant}:${PORTS.qdrant}`));
  assert.deepEqual(
    inTenants(true).filter((door) => !inTenants(false).includes(door)),
    [`172.28.3.${LAST.qdrant}:${PORTS.qdrant}`],
  );
  const own = inCore({ FROSTBYTE_VECTORS: 'qdrant' });
  assert.ok(own.includes(`172.28.0.${LAST.qdrant}:${PORTS.qdrant}`), String(own));
  const elsewhere: Record<string, string> = { FROSTBYTE_VECTORS: 'qdrant', FROSTBYTE_QDRANT: 'http://127.0.0.1:6333' };
  for (const variables of [{ FROSTBYTE_VECTORS: 'sqlite-vec' }, elsewhere]) {
    const without = inCore(variables);
    assert.deepEqual(
      own.filter((door) => !without.includes(door)),
      [`172.28.0.${LAST.qdrant}:${PORTS.qdrant}`],
    );
  }
});

test('every service that a tenant’s network is given has a door that is tried, and the host’s alone are the host’s', () => {
  const doors = doorsOf(network, true);
  const last = new Set(doors.map(({ host }) => Number(host.split('.').at(-1))));
  // Its Redis server is tried with the queue, and the thief is the check itself.
  const tried = Object.entries(LAST).filter(([name]) => !['redis', 'thief'].includes(name));
  assert.deepEqual([...last].sort(), tried.map(([, number]) => number).sort());
  assert.deepEqual(
    doors.filter(({ is_host }) => is_host).map(({ host }) => host),
    [address(LAST.host)],
  );
});
