import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pointsIn } from '../../../isolation/seen-folders.ts';

/**
 * Whether two folders lie on one mounted file system, by their names alone: neither is touched, since one may be on a share
 * that hangs.
 */
export function onSameMount(
  one: string,
  other: string,
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): boolean {
  const points = pointsIn(mountinfo);
  return mountOf(points, one) === mountOf(points, other);
}

function mountOf(points: readonly string[], folder: string): string {
  const path = resolve(folder);
  const above = points.filter((point) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`));
  return above.reduce((longest, point) => (point.length > longest.length ? point : longest), '');
}
