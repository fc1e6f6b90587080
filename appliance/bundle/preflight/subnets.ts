/** IPv4 subnets: `172.28.0.0/16`. */

const SUBNET = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

interface Range {
  from: number;
  to: number;
}

/** The addresses of a subnet; null for IPv6, and for what is none. An address with a prefix stands for its subnet. */
export function rangeOf(subnet: string): Range | null {
  const parts = SUBNET.exec(subnet)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part, at) => part > (at === 4 ? 32 : 255))) return null;
  const [a, b, c, d, length] = parts as [number, number, number, number, number];
  const size = 2 ** (32 - length);
  const address = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const from = Math.floor(address / size) * size;
  return { from, to: from + size - 1 };
}

/** Whether two subnets have an address in common. What is no IPv4 subnet overlaps with nothing. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a !== null && b !== null && a.from <= b.to && b.from <= a.to;
}

/** Whether all addresses of one are among those of the other. */
export function within(inner: string, outer: string): boolean {
  const [a, b] = [rangeOf(inner), rangeOf(outer)];
  return a !== null && b !== null && a.from >= b.from && a.to <= b.to;
}

/** The first subnet of this size, from a list of private ones, that overlaps with none of those in use. */
export function freeSubnet(busy: readonly string[]): string | null {
  const candidates = [
    ...Array.from({ length: 16 }, (_, at) => `172.${31 - at}.0.0/16`),
    ...Array.from({ length: 64 }, (_, at) => `10.${200 + (at % 56)}.0.0/16`),
  ];
  return candidates.find((candidate) => !busy.some((other) => overlap(candidate, other))) ?? null;
}
