import { spawn } from 'node:child_process';
import type { Box } from '../../../scripts/box/box.ts';
import { KINDS, type Kind } from '../../../scripts/box/sink.ts';
import { until } from '../faults/until.ts';

/** A packet of a protocol that is none of the usual ones. */
const raw = (family: 'PF_INET' | 'PF_INET6', to: string) => [
  'perl',
  '-MSocket=:all',
  '-e',
  `socket(my $s, ${family}, SOCK_RAW, 99) or die $!; send($s, 'x', 0, ${to}) or die $!`,
];
const bash = (words: string) => ['bash', '-c', words];
/** One attempt in each family, to where nobody is. */
const ATTEMPTS: Readonly<Record<Kind, readonly string[][]>> = {
  dns: [bash('echo x >/dev/udp/198.51.100.1/53'), bash('echo x >/dev/udp/2001:db8:1::1/53')],
  tcp: [bash('echo x >/dev/tcp/198.51.100.1/443'), bash('echo x >/dev/tcp/2001:db8:1::1/443')],
  udp: [bash('echo x >/dev/udp/198.51.100.1/123'), bash('echo x >/dev/udp/2001:db8:1::1/123')],
  icmp: [
    ['ping', '-c', '1', '198.51.100.1'],
    ['ping', '-c', '1', '2001:db8:1::1'],
  ],
  other: [
    raw('PF_INET', 'sockaddr_in(0, inet_aton("198.51.100.1"))'),
    raw('PF_INET6', 'sockaddr_in6(0, inet_pton(AF_INET6, "2001:db8:1::1"))'),
  ],
};

/**
 * Proves that what counts does: a packet of each kind, sent on purpose by programs of this host in the box's network, is
 * counted as what it is. What was counted before is forgotten, and so is this.
 */
export async function proveSink(box: Box): Promise<void> {
  const sink = box.sink!;
  sink.reset();
  for (const kind of KINDS) {
    const wanted = sink.counted()[kind] + ATTEMPTS[kind].length;
    const sending = ATTEMPTS[kind].map((words) => {
      const [command, ...args] = box.inNetwork(words);
      return spawn(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    try {
      await until(`${kind} to be counted`, () => sink.counted()[kind] >= wanted, {
        seconds: 10,
        about: () => JSON.stringify(sink.counted()),
      });
    } finally {
      // What nobody answers is tried for minutes.
      for (const each of sending) each.kill('SIGKILL');
    }
  }
  sink.reset();
}
