import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Mount points that are the kernel's own: no folder of the host is behind them. */
const OF_THE_KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/;

/** Every place at which something is mounted where this process stands. One read of `/proc/self/mountinfo`. */
export async function mountPoints(): Promise<string[]> {
  return pointsIn(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The mount points of a `mountinfo`, but for the kernel's own. */
export function pointsIn(mountinfo: string): string[] {
  const points = mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined && point !== '')
    .map((point) => point!.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))));
  return [...new Set(points)].filter((point) => !OF_THE_KERNEL.test(point));
}

/**
 * Where a folder of the host would be seen if it, or anything above it, were mounted at one of these points: behind each
 * point every end of its path. O(points × depth), and no folder is walked through.
 */
export function wouldBeSeenAt(points: readonly string[], folder: string): string[] {
  const names = folder.split('/').filter((name) => name !== '');
  const ends = names.map((_, at) => names.slice(at).join('/'));
  return [...new Set(points.flatMap((point) => [point, ...ends.map((end) => join(point, end))]))];
}
