import { type Check, fail, pass, warn } from '../check.ts';
import { freeSubnet, overlap, within } from '../subnets.ts';

/** Ours are known by their names. */
const OUR_BRIDGE = /^frost/;

/** Where it wants to be, and what else is there. */
export const NETWORK_CHECKS: readonly Check[] = [
  {
    name: 'subnet',
    group: 'Network',
    title: 'Addresses of containers',
    strict: true,
    judge({ network, docker }, { subnet }) {
      const ours = new Set(
        (docker.engine?.networks ?? []).filter(({ ours: is }) => is).flatMap(({ subnets }) => subnets),
      );
      const others = [
        ...network.routes.map((route) => ({ ...route, what: `the route by ${route.device}` })),
        ...network.addresses.map((address) => ({ ...address, what: `the address of ${address.device}` })),
        ...(docker.engine?.networks ?? []).flatMap(({ name, subnets, ours: is }) =>
          is ? [] : subnets.map((its) => ({ subnet: its, device: '', what: `Docker’s network ${name}` })),
        ),
      ].filter(({ subnet: its, device }) => !OUR_BRIDGE.test(device) && ![...ours].some((own) => within(its, own)));
      const clash = others.find((other) => overlap(other.subnet, subnet));
      if (clash === undefined) return pass(subnet);
      const free = freeSubnet(others.map((other) => other.subnet));
      return fail(
        `${subnet} is taken: ${clash.what} (${clash.subnet})`,
        free === null
          ? 'Choose one that is free: stack.subnet.'
          : `Choose another, such as --subnet ${free.replace('.0.0/16', '')} (stack.subnet).`,
      );
    },
  },
  {
    name: 'port',
    group: 'Network',
    title: 'Port of the gateway',
    strict: true,
    judge({ network: { listening } }, { port }) {
      const there = listening.find((one) => one.port === port);
      if (there === undefined) return pass(`${port}`);
      if (there.process?.startsWith('/opt/frostbyte/')) return pass(`${port}, which ours has`);
      return fail(
        `${port} is taken${there.process === null ? '' : ` by ${there.process}`}`,
        'End that program, or choose another: --port (listen.port).',
      );
    },
  },
  {
    name: 'packet-filter',
    group: 'Network',
    title: 'Packet filter',
    strict: true,
    judge({ firewall: { iptables, ip6tables, nft }, network: { ipv6 }, docker: { client, socket } }, needs) {
      if (iptables === null && nft === null) {
        if (needs.brings_packet_filter && client === null && !socket)
          return pass('none; iptables is installed with the bundle’s engine');
        return fail(
          'neither iptables nor nft',
          'Install iptables: without it containers reach the host’s own addresses.',
        );
      }
      if (iptables !== null && ipv6 && ip6tables === null && nft === null) {
        return fail('iptables without ip6tables', 'Install ip6tables: this host speaks IPv6.');
      }
      return pass(iptables?.replace(/^iptables v/, 'iptables ') ?? nft!.replace(/^nftables v(\S+).*/, 'nft $1'));
    },
  },
  {
    name: 'firewall-manager',
    group: 'Network',
    title: 'Manager of the filter',
    strict: false,
    judge: ({ firewall: { managers } }) =>
      managers.length === 0
        ? pass('none')
        : warn(
            managers.join(', '),
            'When it loads its rules anew, ours may go: control puts them back; frostbyte verify shows it.',
          ),
  },
  {
    name: 'default-route',
    group: 'Network',
    title: 'Way out of the host',
    strict: false,
    judge: ({ network: { default_routes: routes } }) =>
      routes.length === 0
        ? pass('none')
        : warn(
            `a default route by ${routes.join(', ')}`,
            'Nothing of ours uses it. Where the host is to be sealed: ip route del default',
          ),
  },
];
