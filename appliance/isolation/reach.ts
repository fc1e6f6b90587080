import { connect } from 'node:net';
import type { Answer } from './attempt.ts';

/** How long a connection may take that should not come about. In the own network it takes a few milliseconds. */
export const REACH_MS = 1000;

/** Whether an address takes a TCP connection. Refusing it, dropping it and having no way there are all a closed door. */
export function reaches(host: string, port: number, withinMs = REACH_MS): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end('denied'), withinMs);
    socket.once('connect', () => end('allowed'));
    socket.once('error', () => end('denied'));
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
