import { spawnSync } from 'node:child_process';

/** A TCP or UDP socket of a process, with who is at its other end. */
export interface Socket {
  local: string;
  peer: string;
  state: string;
}

export interface Sockets {
  internet: Socket[];
  /**
   * What is at the other end of each of its unix sockets: the path that the other end is bound to, `process N` where it has
   * none, or what the socket itself listens on.
   */
  unix: string[];
}

/** One line of `ss`: kind, state, two queues, two addresses with their ports, whose it is. */
interface Row {
  kind: string;
  state: string;
  local: string;
  localPort: string;
  peer: string;
  peerPort: string;
  /** By process: under which numbers it has it open. */
  held: Map<number, number[]>;
}

/** Where a process finds what it was started with: its input, output and complaints. */
const STANDARD = [0, 1, 2];

/** Every socket that a process has opened, as the kernel knows it, in the network namespace of who asks. */
export function socketsOf(pid: number): Sockets {
  const isIts = ({ held }: Row) => (held.get(pid) ?? []).some((fd) => !STANDARD.includes(fd));
  const internet = rows('--tcp', '--udp', '--raw', '--sctp').filter(isIts);
  const unix = rows('--unix');
  const byNumber = new Map(unix.map((row) => [row.localPort, row]));
  return {
    internet: internet.map(({ local, localPort, peer, peerPort, state }) => ({
      local: `${local}:${localPort}`,
      peer: `${peer}:${peerPort}`,
      state,
    })),
    unix: unix.filter(isIts).map(({ state, local, peerPort }) => {
      if (state === 'LISTEN') return `listens on ${local}`;
      const other = byNumber.get(peerPort);
      if (other === undefined) return `socket ${peerPort}`;
      return other.local !== '*' ? other.local : `process ${[...other.held.keys()].join(', ')}`;
    }),
  };
}

function rows(...kinds: string[]): Row[] {
  const { status, stdout, stderr } = spawnSync('ss', ['--no-header', '--numeric', '--all', '--processes', ...kinds], {
    encoding: 'utf8',
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (status !== 0) throw new Error(`ss: ${stderr.trim()}`);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [kind = '', state = '', , , ...rest] = line.trim().split(/\s+/);
      const held = new Map<number, number[]>();
      for (const [, pid, fd] of line.matchAll(/pid=(\d+),fd=(\d+)/g))
        held.set(Number(pid), [...(held.get(Number(pid)) ?? []), Number(fd)]);
      // Unix sockets have address and number apart, the others joined by a colon.
      const [local = '', localPort = '', peer = '', peerPort = ''] = kind.startsWith('u_')
        ? rest
        : rest.slice(0, 2).flatMap((one) => [one.slice(0, one.lastIndexOf(':')), one.slice(one.lastIndexOf(':') + 1)]);
      return { kind, state, local, localPort, peer, peerPort, held };
    });
}
