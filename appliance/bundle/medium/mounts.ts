import { readFileSync, realpathSync } from 'node:fs';
import { FrostbyteError } from '../../kernel/errors.ts';

/** A medium as it is mounted. */
export interface Mounted {
  /** What it is mounted at. */
  at: string;
  device: string;
  /** As the kernel calls the file system: `vfat`, `exfat`, `fuseblk`. */
  type: string;
}

/**
 * Where a medium is mounted, by its device or by the folder that it is mounted at. A whole stick (`/dev/sdb`) is taken for its
 * one partition. Throws `VALIDATION_ERROR` for a folder that is no medium's, so that nothing is written to the disk of the
 * host by mistake, and for a device that is not mounted, or mounted in part only.
 */
export function mountedMedium(named: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): Mounted {
  const path = realpath(named);
  const all = mountinfo.split('\n').filter(Boolean).map(readLine);
  const found = path.startsWith('/dev/')
    ? all.filter(({ device }) => device === path || isPartOf(device, path))
    : all.filter(({ at }) => at === path && path !== '/');
  const places = new Set(found.map(({ device }) => device));
  const isOwn = found.some(({ at }) => at === '/');
  if (places.size === 1 && !isOwn) return found.at(-1)!;
  const what = isOwn
    ? 'this host runs from it'
    : path.startsWith('/dev/')
      ? places.size > 1
        ? 'several of its partitions are mounted; name one'
        : 'it is not mounted'
      : 'nothing is mounted there';
  throw new FrostbyteError('VALIDATION_ERROR', `${named} is no medium to write to: ${what}.`, {
    details: [{ field: 'medium', value: named, constraint: 'a mounted medium, by its device or its folder' }],
  });
}

function isPartOf(device: string, whole: string): boolean {
  return device.startsWith(whole) && /^p?\d+$/.test(device.slice(whole.length));
}

/** proc(5): number, parent, device numbers, root, place, options, optional words, `-`, type, source, options. */
function readLine(line: string): Mounted {
  const words = line.split(' ');
  const behind = words.indexOf('-');
  return { at: unescaped(words[4]!), type: words[behind + 1]!, device: unescaped(words[behind + 2]!) };
}

/** The kernel writes white space and backslashes as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function realpath(named: string): string {
  try {
    return realpathSync(named);
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `There is no ${named}.`, {
      cause,
      details: [{ field: 'medium', value: named, constraint: 'a device or a folder that is there' }],
    });
  }
}
