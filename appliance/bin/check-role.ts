import { statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { line, MOST_LINE_BYTES, Said } from '../data/2-parse/over-socket/wire.ts';
import { Incoming } from '../kernel/incoming.ts';
import { readHandover } from './read-handover.ts';
import { ALIVE_MS, aliveFile, PARSER_SOCKET } from './where.ts';
import { statusOf } from './wire/embedder-health.ts';
import { readOrder } from './wire/embedder-order.ts';

/** Whether a role does its work, asked the way in which it is used; for the health check of its container (spec 7). */
type Check = (options: Readonly<Record<string, string>>, pid: number) => Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = Object.freeze({
  async parser({ socket = PARSER_SOCKET }) {
    const said = Said.parse(JSON.parse(await answerOf(connect(socket), line({ ask: 'layers' }), '\n')));
    if (said.say !== 'layers') throw new Error('it does not know its sandbox');
    const missing = said.layers.layers.find(({ required, state }) => required && state === 'missing');
    if (missing !== undefined) throw new Error(`${missing.name}: ${missing.message}`);
  },

  async scanner({ listen = '' }) {
    const [host, port] = hostAndPort(listen);
    if ((await answerOf(connect({ host, port }), 'zPING\0', '\0')) !== 'PONG') throw new Error('clamd does not answer');
  },

  async 'data-plane'({ tenant = '', handover = '' }) {
    const { listen } = (await readHandover(handover, tenant)).handover;
    const where = 'socket' in listen ? { socketPath: listen.socket } : listen;
    await new Promise<void>((resolve, reject) => {
      // Whatever it answers to who has no assertion, it answers.
      const asking = request({ ...where, path: '/health', agent: false }, (response) => {
        response.resume();
        resolve();
      });
      asking.on('error', reject).end();
    });
  },

  async embedder({ order = '' }) {
    const { models, home } = readOrder(order);
    for (const { port } of models) await statusOf({ host: home, port });
  },

  async worker(_options, pid) {
    const silentMs = Date.now() - statSync(aliveFile(pid)).mtimeMs;
    if (silentMs > 4 * ALIVE_MS) throw new Error(`it has not moved for ${Math.round(silentMs / 1000)} s`);
  },
});

/** Resolves where the role with this command line is well. Throws an error that says what is wrong, without secrets. */
export async function checkRole(commandLine: readonly string[], pid: number): Promise<void> {
  const options: Record<string, string> = {};
  for (const [at, word] of commandLine.entries()) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined) options[name] = value ?? commandLine[at + 1] ?? '';
  }
  const check = Object.hasOwn(CHECKS, options.role ?? '') ? CHECKS[options.role!] : undefined;
  if (check === undefined) throw new Error('it runs no role that can be asked');
  await check(options, pid);
}

async function answerOf(socket: ReturnType<typeof connect>, words: string, end: '\n' | '\0'): Promise<string> {
  const incoming = new Incoming(socket);
  socket.write(words);
  const parts: Buffer[] = [];
  for (let size = 0; size < MOST_LINE_BYTES; ) {
    const part = await incoming.bytes(MOST_LINE_BYTES);
    if (part === null) break;
    parts.push(part);
    size += part.length;
    if (part.includes(end)) break;
  }
  socket.destroy();
  const text = Buffer.concat(parts).toString('utf8');
  if (!text.includes(end)) throw new Error('it does not answer');
  return text.slice(0, text.indexOf(end));
}

/** One that listens everywhere is asked by loopback. */
function hostAndPort(listen: string): [string, number] {
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(listen) ?? [];
  return [host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, Number(port)];
}
