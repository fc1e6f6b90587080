/**
 * Where the only route of a box leads, when it has one: a namespace that counts every packet that comes out of the box, by
 * kind and by where it wanted to go, answers none and passes none on.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { SBIN_PATH } from '../stack/engine.ts';

export const KINDS = ['dns', 'tcp', 'udp', 'icmp', 'other'] as const;
export type Kind = (typeof KINDS)[number];

export interface Sink {
  /** The address that a box with it asks for names. */
  readonly resolver: string;
  /** How many packets of each kind came out since it was made, or since `reset`. */
  counted(): Record<Kind, number>;
  /** Where they wanted to go: address, protocol and port, one a line. For people. */
  destinations(): string[];
  reset(): void;
}

/** Addresses for documentation: nobody has them. */
const [BOX, SINK] = ['192.0.2.2', '192.0.2.1'];
const [BOX6, SINK6] = ['2001:db8::2', '2001:db8::1'];
const [OUTSIDE, INSIDE] = ['sink', 'eth0'];
const TABLE = `table inet sink {
  ${KINDS.map((kind) => `counter ${kind}_packets { }`).join('\n  ')}
  set destinations { typeof ip daddr . meta l4proto . th dport; flags dynamic; size 4096; counter; }
  set destinations6 { typeof ip6 daddr . meta l4proto . th dport; flags dynamic; size 4096; counter; }
  chain arriving {
    type filter hook prerouting priority raw; policy drop;
    iifname != "${OUTSIDE}" accept
    # How neighbours on a line find each other, which a kernel does by itself.
    icmpv6 type { 130-132, 133-137, 143 } accept
    update @destinations { ip daddr . meta l4proto . th dport }
    update @destinations6 { ip6 daddr . meta l4proto . th dport }
    meta l4proto { tcp, udp } th dport 53 counter name dns_packets drop
    meta l4proto tcp counter name tcp_packets drop
    meta l4proto udp counter name udp_packets drop
    meta l4proto { icmp, ipv6-icmp } counter name icmp_packets drop
    counter name other_packets drop
  }
}
`;

/** Makes the namespace of a box's sink. */
export function makeSink(name: string): void {
  ip('netns', 'add', name);
  inSink(name, ['nft', '--file', '-'], TABLE);
}

/** Lays the line from a box that has just been started, with a default route in both families. */
export function joinSink(name: string, init: number): void {
  // The network of a box that was ended goes a moment later, and the line with it: until then the name is taken.
  spawnSync('ip', ['-netns', name, 'link', 'delete', OUTSIDE], { env: { PATH: SBIN_PATH } });
  ip('-netns', name, 'link', 'add', OUTSIDE, 'type', 'veth', 'peer', 'name', INSIDE, 'netns', String(init));
  lay(['ip', '-netns', name], OUTSIDE, [`${SINK}/24`, `${SINK6}/64`]);
  const box = ['nsenter', `--target=${init}`, '--net', 'ip'];
  lay(box, INSIDE, [`${BOX}/24`, `${BOX6}/64`]);
  run([...box, 'route', 'add', 'default', 'via', SINK]);
  run([...box, '-6', 'route', 'add', 'default', 'via', SINK6]);
}

export function sinkOf(name: string): Sink {
  const listed = (what: readonly string[]): Item[] =>
    (JSON.parse(inSink(name, ['nft', '--json', 'list', ...what])) as { nftables: Item[] }).nftables;
  return {
    resolver: SINK,
    counted() {
      const packets = new Map(
        listed(['counters']).flatMap(({ counter }) => (counter ? [[counter.name, counter.packets] as const] : [])),
      );
      return Object.fromEntries(KINDS.map((kind) => [kind, packets.get(`${kind}_packets`)!])) as Record<Kind, number>;
    },
    destinations: () =>
      ['destinations', 'destinations6'].flatMap((set) =>
        listed(['set', 'inet', 'sink', set]).flatMap(({ set: found }) =>
          (found?.elem ?? []).map(({ elem }) => elem.val.concat.join(' ')),
        ),
      ),
    reset() {
      inSink(name, ['nft', '--file', '-'], `delete table inet sink\n${TABLE}`);
    },
  };
}

interface Item {
  counter?: { name: string; packets: number };
  set?: { elem?: { elem: { val: { concat: (string | number)[] } } }[] };
}

/** The line goes with it. */
export function endSink(name: string): void {
  spawnSync('ip', ['netns', 'delete', name], { env: { PATH: SBIN_PATH } });
}

function lay(program: readonly string[], link: string, addresses: readonly string[]): void {
  run([...program, 'link', 'set', link, 'addrgenmode', 'none']);
  run([...program, 'link', 'set', link, 'up']);
  for (const address of addresses)
    run([...program, 'address', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : [])]);
}

function inSink(name: string, words: readonly string[], input = ''): string {
  return run(['ip', 'netns', 'exec', name, ...words], input);
}

const ip = (...words: string[]) => run(['ip', ...words]);

function run([command, ...args]: readonly string[], input = ''): string {
  return execFileSync(command!, args, { env: { PATH: SBIN_PATH }, encoding: 'utf8', input });
}
