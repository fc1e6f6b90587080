import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { connect } from 'node:net';
import type { ProbeAnswer, ProbeTry } from './host/verification/probe-tries.ts';

/**
 * Tries from the network that it was started in to reach what it is told, all at once, and prints what came of each. It is run
 * as root in the network namespace of a container: which way a packet can go is decided there and on the host, and neither by
 * the container's files nor by its user, who may do less than this.
 */

const { tries, patience_ms: patience } = JSON.parse(process.argv[2] ?? '') as {
  tries: ProbeTry[];
  patience_ms: number;
};

type Came = Pick<ProbeAnswer, 'reached' | 'said'>;

const WAYS: Readonly<Record<ProbeTry['way'], (one: ProbeTry) => Promise<Came>>> = { tcp, udp, dns: name, icmp };

function tcp({ host, port, token }: ProbeTry): Promise<Came> {
  return within((came) => {
    const socket = connect(port, host);
    socket.once('connect', () => socket.end(token, () => came({ reached: true, said: 'connected' })));
    socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => came({ reached: false, said: code }));
  });
}

function udp({ host, port, token }: ProbeTry): Promise<Came> {
  return within((came) => {
    const socket = createSocket('udp4');
    const failed = ({ code = 'error' }: NodeJS.ErrnoException) => came({ reached: false, said: code });
    socket.on('error', failed).once('message', () => came({ reached: true, said: 'answered' }));
    // Connected, so that a refusal from there is heard of too.
    socket.connect(port, host, (refused?: NodeJS.ErrnoException) => {
      if (refused) return failed(refused);
      socket.send(token, (error) => error && failed(error));
    });
  });
}

/** Asks a resolver for a name that nobody has. Whether it left shows where it is heard, and not here. */
async function name({ host, token }: ProbeTry): Promise<Came> {
  const resolver = new dns.Resolver({ timeout: patience, tries: 1 });
  resolver.setServers([host]);
  const said = await within((came) => {
    resolver.resolve4(token).then(
      () => came({ reached: false, said: 'answered' }),
      // The engine's own resolver answers too, and asks nobody.
      ({ code = 'error' }: NodeJS.ErrnoException) => came({ reached: false, said: code }),
    );
  });
  resolver.cancel();
  return said;
}

/** By the host's own ping, or by Perl, which every Debian has: Node cannot send one. */
async function icmp({ host }: ProbeTry): Promise<Came> {
  const seconds = String(Math.ceil(patience / 1000));
  const pinged = await exitOf('ping', ['-n', '-c', '1', '-W', seconds, host]);
  if (pinged !== null) return pinged === 0 ? { reached: true, said: 'answered' } : { reached: false, said: 'silent' };
  const sent = await exitOf('perl', ['-e', ECHO, host, seconds]);
  if (sent === 0) return { reached: true, said: 'answered' };
  return { reached: false, said: sent === null ? 'NO_TOOL' : 'silent' };
}

function exitOf(program: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], { stdio: 'ignore' });
    child.once('error', () => resolve(null)).once('exit', (code) => resolve(code ?? -1));
  });
}

/** One echo request and its answer: RFC 792, by a raw socket. */
const ECHO = `
use Socket;
my ($host, $seconds) = @ARGV;
my $id = $$ & 0xffff;
socket(my $socket, PF_INET, SOCK_RAW, 1) or exit 2;
my $ask = sub { pack('C2 n3 a8', 8, 0, $_[0], $id, 1, 'frosbyte') };
my $sum = 0;
$sum += $_ for unpack('n*', $ask->(0));
$sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
send($socket, $ask->(~$sum & 0xffff), 0, sockaddr_in(0, inet_aton($host))) or exit 1;
my $until = time + $seconds;
while (time <= $until) {
  my $ready = '';
  vec($ready, fileno($socket), 1) = 1;
  select($ready, undef, undef, 0.2) or next;
  recv($socket, my $packet, 1500, 0);
  my ($type, $code, $check, $whose) = unpack('C2 n2', substr($packet, (ord($packet) & 15) * 4));
  exit 0 if $type == 0 && $whose == $id;
}
exit 1;
`;

/** What came first: an answer, or the end of patience. */
function within(start: (came: (what: Came) => void) => void): Promise<Came> {
  return new Promise((resolve) => {
    setTimeout(() => resolve({ reached: false, said: 'silent' }), patience).unref();
    start(resolve);
  });
}

// A socket that waits keeps nothing alive, and the last try is to be told all the same.
const waiting = setTimeout(() => undefined, patience * 2 + 1000);
const answers = await Promise.all(
  tries.map(async (one): Promise<ProbeAnswer> => ({ ...one, ...(await WAYS[one.way](one)) })),
);
clearTimeout(waiting);
process.stdout.write(JSON.stringify(answers), () => process.exit());
