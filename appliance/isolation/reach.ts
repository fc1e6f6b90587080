import { connect } from 'node:net';
import type { Answer } from './attempt.ts';

/** How long a connection may take that should not come about. In the own network it takes a few milliseconds. */
export const REACH_MS = 1000;

export interface ReachOptions {
  withinMs?: number;
  /** What it says that nobody listens there: by default that no network leads there, or nothing that stands there. */
  refused?: Answer;
}

/** Whether an address takes a TCP connection. Dropping what knocks and having no way there are both a closed door. */
export function reaches(host: string, port: number, options: ReachOptions = {}): Promise<Answer> {
  const { withinMs = REACH_MS, refused = 'denied' } = options;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end('denied'), withinMs);
    socket.once('connect', () => end('allowed'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED' ? refused : 'denied'));
  });
}

/** The codes by which a network says that there is no way: what a foreign server may answer with. */
export function isUnreachable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    typeof code === 'string' &&
    ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES', 'EPERM'].includes(code)
  );
}
