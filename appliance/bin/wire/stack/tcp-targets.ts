/** The kernel's words for a socket that listens, which has no other end, and for one that is closed and only remembered. */
const NOBODY: readonly string[] = ['0A', '06'];

/**
 * What a network's table of TCP sockets (`/proc/PID/net/tcp`) is connected to, as `ADDRESS:PORT`, and by how many
 * connections: also those that are only just coming about, and those that have not said who they are. IPv4, least
 * significant byte first.
 */
export function tcpTargets(table: string): Map<string, number> {
  const targets = new Map<string, number>();
  for (const line of table.split('\n').slice(1)) {
    const [, , peer = '', state = ''] = line.trim().split(/\s+/);
    if (peer === '' || NOBODY.includes(state)) continue;
    const address = Buffer.from(peer.slice(0, 8), 'hex').reverse().join('.');
    const target = `${address}:${Number.parseInt(peer.slice(9), 16)}`;
    targets.set(target, (targets.get(target) ?? 0) + 1);
  }
  return targets;
}
