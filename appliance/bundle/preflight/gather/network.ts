import type { Facts } from '../facts.ts';
import type { HostPort } from '../host-port.ts';

/** Routes, addresses and listeners as the kernel lists them. Nothing is sent. */

const LISTENING = '0A';

export function gatherNetwork(host: HostPort): Facts['network'] {
  const routes = ipv4Routes(host.read('/proc/net/route') ?? '');
  const six = (host.read('/proc/net/ipv6_route') ?? '').split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    // Destination and prefix of nothing, by a device that is not loopback (where the kernel keeps its refusals).
    const isDefault =
      /^0{32}$/.test(words[0] ?? '') && words[1] === '00' && words[9] !== undefined && words[9] !== 'lo';
    return isDefault ? [words[9]!] : [];
  });
  return {
    default_routes: [
      ...new Set([...routes.filter(({ subnet }) => subnet === '0.0.0.0/0').map(deviceOf), ...six]),
    ].sort(),
    routes: routes.filter(({ subnet }) => subnet !== '0.0.0.0/0'),
    addresses: host.addresses(),
    listening: listeners(host),
    ipv6: host.exists('/proc/net/if_inet6'),
  };
}

const deviceOf = ({ device }: { device: string }) => device;

/** Interface, destination, gateway, flags, …, mask: addresses as hexadecimal numbers of the host's own byte order. */
function ipv4Routes(text: string): { subnet: string; device: string }[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [device, destination, , , , , , mask] = line.trim().split(/\s+/);
      if (device === undefined || destination === undefined || mask === undefined) return [];
      const length = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
      return [{ subnet: `${ipv4(destination)}/${length}`, device }];
    });
}

/** The bytes of a little-endian word, the lowest first. */
function ipv4(hex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function listeners(host: HostPort): Facts['network']['listening'] {
  const found = ['tcp', 'tcp6'].flatMap((table) =>
    (host.read(`/proc/net/${table}`) ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const words = line.trim().split(/\s+/);
        if (words[3] !== LISTENING) return [];
        const [address, port] = words[1]!.split(':');
        return [{ address: addressOf(address!), port: Number.parseInt(port!, 16), inode: words[9]! }];
      }),
  );
  if (found.length === 0) return [];
  const owners = socketOwners(host, new Set(found.map(({ inode }) => inode)));
  return found.map(({ address, port, inode }) => ({ address, port, process: owners.get(inode) ?? null }));
}

function addressOf(hex: string): string {
  if (hex.length === 8) return ipv4(hex);
  if (/^0{32}$/.test(hex)) return '::';
  if (hex === '00000000000000000000000001000000') return '::1';
  // An IPv4 address in IPv6's clothes.
  return hex.startsWith('0000000000000000FFFF0000') ? ipv4(hex.slice(24)) : hex.toLowerCase();
}

/** Whose a socket is: the command line of the first process that has it open. */
function socketOwners(host: HostPort, inodes: ReadonlySet<string>): Map<string, string> {
  const owners = new Map<string, string>();
  for (const pid of (host.list('/proc') ?? []).filter((name) => /^\d+$/.test(name))) {
    for (const fd of host.list(`/proc/${pid}/fd`) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(host.link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      if (inode === undefined || !inodes.has(inode) || owners.has(inode)) continue;
      // The program alone: what is behind it may be anything.
      owners.set(inode, (host.read(`/proc/${pid}/cmdline`) ?? '').split('\0')[0] || pid);
    }
  }
  return owners;
}

export async function gatherFirewall(host: HostPort): Promise<Facts['firewall']> {
  const version = async (program: string) => {
    const { status, stdout } = await host.run(program, ['--version']);
    return status === 0 ? stdout.trim().split('\n')[0]! : null;
  };
  const [iptables, ip6tables, nft] = await Promise.all(['iptables', 'ip6tables', 'nft'].map(version));
  const managers: string[] = [];
  for (const name of ['firewalld', 'ufw', 'nftables', 'netfilter-persistent']) {
    const { stdout } = await host.run('systemctl', ['is-active', name]);
    if (stdout.trim() === 'active') managers.push(name);
  }
  return { iptables: iptables ?? null, ip6tables: ip6tables ?? null, nft: nft ?? null, managers };
}
