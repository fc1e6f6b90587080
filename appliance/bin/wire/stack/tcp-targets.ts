/** The kernel's words for a socket that listens, which has no peer, and for one that is closed and only remembered. */
const NOBODY: readonly string[] = ['0A', '06'];

/**
 * Who is connected to a port, and by how many connections, of a network's table of TCP sockets (`/proc/PID/net/tcp`): also
 * those that are only just coming about, and those that have not said who they are. IPv4, least significant byte first.
 */
export function tcpPeers(table: string, port: number): Map<string, number> {
  const peers = new Map<string, number>();
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of table.split('\n').slice(1)) {
    const [, own = '', peer = '', state = ''] = line.trim().split(/\s+/);
    if (!own.endsWith(local) || NOBODY.includes(state)) continue;
    const address = Buffer.from(peer.slice(0, 8), 'hex').reverse().join('.');
    peers.set(address, (peers.get(address) ?? 0) + 1);
  }
  return peers;
}
