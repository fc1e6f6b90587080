import { connect, type Socket } from 'node:net';
import type { PoolClient } from 'pg';
import { isLost, ServerHangs } from './errors.ts';

export interface HangWatchOptions {
  host: string;
  port: number;
  /** How long a connection may be in use before somebody looks whether the server still answers, in milliseconds. */
  afterMs?: number;
  /** How long the server has for one knock. */
  knockMs?: number;
}

/** A statement of a search takes a hundredth of it; what takes longer is looked after every so often. */
const AFTER_MS = 2_000;
/** A server on the same box says who it is within milliseconds, on a starved one within a second. */
const KNOCK_MS = 3_000;
/** A process that was busy itself may have missed the answer to the first. */
const KNOCKS = 2;
/** The protocol's question whether there is TLS (`SSLRequest`): answered by one byte, before anybody says who they are. */
const QUESTION = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface HangWatch {
  /** Does work that waits for the server; one that hangs meanwhile is found out. */
  during<Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result>;
  /** Whether the server answers anybody. Never throws. */
  answers(): Promise<boolean>;
}

/**
 * Tells a server that hangs from a statement that takes long, which a limit of time alone cannot: while a connection is in
 * use, the server is asked something beside it every so often. As long as it answers, the work may take as long as it takes.
 * Where it does not, the connection is broken off, and what waits for it throws `ServerHangs`. A knock takes no session and
 * no password; callers that wait at the same time share it.
 */
export function hangWatch({ host, port, afterMs = AFTER_MS, knockMs = KNOCK_MS }: HangWatchOptions): HangWatch {
  let asked: Promise<boolean> | null = null;
  const answers = (): Promise<boolean> => {
    asked ??= knocks(host, port, knockMs).finally(() => {
      asked = null;
    });
    return asked;
  };

  return {
    answers,
    async during(client, work) {
      let isOver = false;
      let hung: ServerHangs | null = null;
      let timer: NodeJS.Timeout | undefined;
      const look = async (): Promise<void> => {
        const isThere = await answers();
        if (isOver) return;
        if (isThere) return later();
        hung = new ServerHangs();
        streamOf(client).destroy(hung);
      };
      const later = (): void => {
        timer = setTimeout(look, afterMs);
      };
      later();
      try {
        return await work();
      } catch (error) {
        // What was asked behind the break says only that there is no connection any more.
        throw hung !== null && isLost(error) ? hung : error;
      } finally {
        isOver = true;
        clearTimeout(timer);
      }
    },
  };
}

async function knocks(host: string, port: number, knockMs: number): Promise<boolean> {
  for (let knock = 0; knock < KNOCKS; knock++) if (await saysSomething(host, port, knockMs)) return true;
  return false;
}

/** Whether one byte comes back. Never throws. */
function saysSomething(host: string, port: number, knockMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const timer = setTimeout(() => end(false), knockMs);
    const end = (isThere: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isThere);
    };
    socket.on('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', () => end(true));
    socket.write(QUESTION);
  });
}

/** The client shows no way to break a connection off without a word to the server, which would wait for an answer. */
function streamOf(client: PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
