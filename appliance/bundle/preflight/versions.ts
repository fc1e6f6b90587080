/** Versions as programs tell them: `20.10.24+dfsg1`, `v2.29.1`, `6.1.0-28-amd64`. */

const NUMBERS = /\d+(?:\.\d+)*/;

/** Its numbers; null where there are none. */
export function numbersOf(version: string): number[] | null {
  return NUMBERS.exec(version)?.[0].split('.').map(Number) ?? null;
}

/** Less than 0 where `a` is older, more where it is newer; what one does not say counts as 0. What is no version is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a) ?? [-1], numbersOf(b) ?? [-1]];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const isAtLeast = (version: string, least: string): boolean => compareVersions(version, least) >= 0;
