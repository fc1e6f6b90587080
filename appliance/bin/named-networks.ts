import { BlockList, isIP, type Server, type Socket } from 'node:net';

/**
 * Hangs up on whoever comes from a network that nobody named, before a word of TLS or HTTP is read. Loopback is always let in:
 * it has a door of its own. The host's own packet filter is not relied on, nor replaced.
 */
export function admitNamed(server: Server, networks: readonly string[]): void {
  const named = networksOf(networks);
  server.prependListener('connection', (socket: Socket) => {
    // A client of the older kind on a socket for both.
    const from = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const family = isIP(from);
    if (family === 0 || !named.check(from, family === 4 ? 'ipv4' : 'ipv6')) socket.destroy();
  });
}

function networksOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string];
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
