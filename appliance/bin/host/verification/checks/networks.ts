import { fail, pass } from '../../../../bundle/preflight/check.ts';
import { networkDrift } from '../../../../control/drift/network-drift.ts';
import { nameOf, networksOf } from '../../../../control/drift/observed.ts';
import { PLANE_LABEL } from '../../../../control/engine/labels.ts';
import { type Check, listed, of } from '../check.ts';

const OURS = /^frostbyte[-_]/;

/** That every network is one that leads nowhere, and that the host keeps whoever sits in one from itself. */
export const NETWORK_CHECKS: readonly Check[] = [
  {
    name: 'networks-described',
    group: 'Networks',
    title: 'Networks there are',
    judge: ({ engine }) =>
      of(engine, ({ described, networks }) => {
        const wanted = new Set(described.networks.map(({ name }) => name));
        const there = new Set(networks.map(({ Name }) => Name));
        const missing = [...wanted].filter((name) => !there.has(name)).map((name) => `${name} is missing`);
        const strange = networks
          .filter(({ Name, Labels }) => !wanted.has(Name) && (OURS.test(Name) || Labels?.[PLANE_LABEL] !== undefined))
          .map(({ Name }) => `${Name} is nobody’s`);
        if (missing.length + strange.length === 0) return pass(`${wanted.size}, each described`);
        return fail(
          listed([...missing, ...strange]),
          'Control makes what is missing: systemctl restart frostbyte-control. One that is nobody’s: docker network rm.',
        );
      }),
  },
  {
    name: 'networks-internal',
    group: 'Networks',
    title: 'Networks lead nowhere',
    judge: ({ engine }) =>
      of(engine, ({ described, networks, containers, subnet }) => {
        const wanted = new Map(described.networks.map((network) => [network.name, network]));
        const wrong = networks.flatMap((found) => {
          const mine = wanted.get(found.Name);
          if (mine === undefined) return [];
          return networkDrift(subnet, mine, found).map(({ what, is }) => `${found.Name}: ${what} is ${is}`);
        });
        const open = networks.flatMap(({ Name, Internal }) => {
          const inside = containers.filter((one) => networksOf(one).has(Name)).map(nameOf);
          return Internal || wanted.has(Name) || inside.length === 0
            ? []
            : [`${Name} is not internal, and ${inside.join(', ')} is in it`];
        });
        if (wrong.length + open.length === 0) return pass('all internal, on interfaces that the input rule knows');
        return fail(
          listed([...open, ...wrong]),
          'Take our containers off it (docker network disconnect), and find out who attached them. One of ours that is another is made anew by control once it is removed.',
        );
      }),
  },
  {
    name: 'input-rule',
    group: 'Networks',
    title: 'The host’s input rule',
    judge: ({ input_rule }) =>
      of(input_rule, (wrong) =>
        wrong === null
          ? pass('in force, and before all others')
          : fail(wrong, '/opt/frostbyte/current/host/input-rule up'),
      ),
  },
  {
    name: 'online-opening',
    group: 'Networks',
    title: 'Relay of online mode',
    judge: ({ online }) =>
      of(online, ({ endpoint, tenants }) =>
        endpoint === null
          ? pass('absent: no endpoint is configured')
          : pass(
              tenants.length === 0
                ? `absent: nobody is online (${endpoint})`
                : `present: one process of the host speaks to ${endpoint} for ${listed(tenants)}`,
            ),
      ),
  },
];
