import { dirname } from 'node:path';
import type { Disk, Facts } from '../facts.ts';
import type { HostPort } from '../host-port.ts';
import { meminfo } from './system.ts';

/** Where things are to lie, on which disk that is, and whether that disk is encrypted. */

interface Mount {
  at: string;
  numbers: string;
  type: string;
  device: string;
  options: string[];
}

const KIB = 1024;

/** proc(5): number, parent, device numbers, root, place, options, optional words, `-`, type, source, options. */
export function mountsOf(host: HostPort): Mount[] {
  return (host.read('/proc/self/mountinfo') ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const words = line.split(' ');
      const behind = words.indexOf('-');
      return {
        at: unescaped(words[4]!),
        numbers: words[2]!,
        type: words[behind + 1]!,
        device: unescaped(words[behind + 2]!),
        options: words[5]!.split(','),
      };
    });
}

/** The disk of each path; of the nearest folder that is there, where the path itself is not yet. */
export function gatherDisks(host: HostPort, paths: readonly string[]): Disk[] {
  const mounts = mountsOf(host);
  return paths.flatMap((path) => {
    const mount = mountOf(mounts, path);
    const disk = mount === null ? null : host.disk(nearest(host, path));
    if (mount === null || disk === null) return [];
    return {
      path,
      mount: mount.at,
      device: mount.device,
      type: mount.type,
      options: mount.options.filter((option) => ['ro', 'noexec', 'nosuid', 'nodev'].includes(option)),
      total_bytes: disk.total_bytes,
      free_bytes: disk.free_bytes,
      free_inodes: disk.inodes === 0 ? null : disk.free_inodes,
      encrypted: isEncrypted(host, mount),
    };
  });
}

/** The type of what a path lies on. */
export function typeOf(host: HostPort, path: string): string | null {
  return mountOf(mountsOf(host), path)?.type ?? null;
}

export function gatherMemory(host: HostPort): Facts['memory'] {
  const lines = (host.read('/proc/swaps') ?? '').split('\n').slice(1).filter(Boolean);
  const mounts = mountsOf(host);
  const swaps = lines.map((line) => {
    const [name = '', type, size] = line.split(/\s+/);
    const isMemory = /^\/dev\/zram\d+$/.test(name);
    const encrypted =
      type === 'file'
        ? isEncrypted(host, mountOf(mounts, name))
        : chainIsEncrypted(host, blockName(host, name), new Set());
    return {
      name,
      bytes: Number(size) * KIB,
      kind: isMemory ? ('memory' as const) : ('disk' as const),
      encrypted: isMemory ? null : encrypted,
    };
  });
  return { ...meminfo(host), swaps };
}

/** The last of those mounted deepest: what is mounted over another hides it. */
function mountOf(mounts: readonly Mount[], path: string): Mount | null {
  const holds = (at: string) => at === '/' || path === at || path.startsWith(`${at}/`);
  let found: Mount | null = null;
  for (const mount of mounts) if (holds(mount.at) && mount.at.length >= (found?.at.length ?? 0)) found = mount;
  return found;
}

function nearest(host: HostPort, path: string): string {
  for (let at = path; ; at = dirname(at)) if (at === '/' || host.exists(at)) return at;
}

/** Null where it cannot be told: memory, network, file systems with devices of their own. */
function isEncrypted(host: HostPort, mount: Mount | null): boolean | null {
  if (mount === null) return null;
  const name = host.link(`/sys/dev/block/${mount.numbers}`)?.split('/').at(-1) ?? blockName(host, mount.device);
  return chainIsEncrypted(host, name, new Set());
}

/** The kernel's name of a device: `/dev/mapper/vg-data` is a link to `../dm-2`. */
function blockName(host: HostPort, device: string): string | null {
  if (!device.startsWith('/dev/')) return null;
  return (host.link(device) ?? device).split('/').at(-1)!;
}

/** A device, or all of those that it lies on, are of dm-crypt. */
function chainIsEncrypted(host: HostPort, name: string | null, seen: Set<string>): boolean | null {
  if (name === null || seen.has(name)) return null;
  seen.add(name);
  if (host.read(`/sys/class/block/${name}/dm/uuid`)?.startsWith('CRYPT-')) return true;
  const below = host.list(`/sys/class/block/${name}/slaves`) ?? [];
  if (below.length > 0) return below.every((one) => chainIsEncrypted(host, one, seen) === true);
  return host.exists(`/sys/class/block/${name}`) ? false : null;
}

/** The kernel writes white space and backslashes as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
