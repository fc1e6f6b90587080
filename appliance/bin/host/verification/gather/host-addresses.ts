import { readFileSync } from 'node:fs';

/** All IPv4 addresses of this network, also of interfaces that nothing is plugged into; loopback's aside. */
export function hostAddresses(read: () => string = () => readFileSync('/proc/net/fib_trie', 'utf8')): string[] {
  const [, local = ''] = read().split(/^Local:$/m);
  const found = new Set<string>();
  let address = '';
  for (const line of local.split('\n')) {
    address = /\|-- (\d+(?:\.\d+){3})$/.exec(line)?.[1] ?? address;
    if (/\/32 host LOCAL$/.test(line) && !address.startsWith('127.')) found.add(address);
  }
  return [...found].sort();
}

/** A line of the kernel's table of routes. */
export interface Route {
  device: string;
  subnet: string;
  gateway: string | null;
}

/** What `/proc/…/net/route` says. */
export function readRoutes(text: string): Route[] {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .flatMap(([device, to, gateway, , , , , mask]) =>
      device === undefined || to === undefined || gateway === undefined || mask === undefined
        ? []
        : [
            {
              device,
              subnet: `${dotted(to)}/${ones(mask)}`,
              gateway: /^0+$/.test(gateway) ? null : dotted(gateway),
            },
          ],
    );
}

/** As this kernel writes them on a little-endian machine: the first number last. */
const dotted = (hex: string): string => Buffer.from(hex, 'hex').reverse().join('.');

function ones(mask: string): number {
  return [...Number.parseInt(mask, 16).toString(2)].filter((digit) => digit === '1').length;
}
