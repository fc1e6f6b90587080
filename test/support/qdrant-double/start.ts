import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Certificate } from '../certificate.ts';
import { docker } from '../docker.ts';
import type { TestStack } from '../stack.ts';

export interface QdrantServer {
  url: string;
  /** The administrator's. */
  apiKey: string;
  /** `double` or `real`: tests say which of the two answered. */
  kind: 'double' | 'real';
  stop(): Promise<void>;
  /** What follows is done to a double; a real server is left alone. It hangs until it goes on. */
  hang(): void;
  goOn(): void;
  /** It is ended, by force or not, and after `awayMs` started again where it was, with all that it has answered for. */
  restart(options: { force: boolean; awayMs?: number }): Promise<void>;
}

/**
 * The server that `FROSTBYTE_TEST_QDRANT_URL` and `…_API_KEY` name, or else a double of its own: always that where it is to
 * show a certificate.
 */
export function startQdrant(tls?: Certificate): Promise<QdrantServer> {
  const { FROSTBYTE_TEST_QDRANT_URL: url, FROSTBYTE_TEST_QDRANT_API_KEY: apiKey } = process.env;
  if (tls !== undefined) return startQdrantDouble(undefined, tls);
  const alone = { stop: async () => {}, hang: () => undefined, goOn: () => undefined, restart: async () => {} };
  if (url && apiKey) return Promise.resolve({ url, apiKey, kind: 'real', ...alone });
  return startQdrantDouble();
}

/** Starts a double on a free port of the loopback. */
export async function startQdrantDouble(
  apiKey = randomBytes(32).toString('hex'),
  tls?: Certificate,
): Promise<QdrantServer> {
  const words = ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, 'main.ts')];
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-qdrant-'));
  const order = { api_key: apiKey, folder, ...(tls && { tls }) };
  let double = await running(process.execPath, words, order);
  const { port } = double;
  const ended = async (end: (child: ChildProcess) => void) => {
    const exited = once(double.child, 'exit');
    end(double.child);
    await exited;
  };
  return {
    url: `${schemeOf(tls)}://127.0.0.1:${port}`,
    apiKey,
    kind: 'double',
    hang: () => void double.child.kill('SIGSTOP'),
    goOn: () => void double.child.kill('SIGCONT'),
    async restart({ force, awayMs = 0 }) {
      await ended((child) => child.kill(force ? 'SIGKILL' : 'SIGTERM'));
      await wait(awayMs);
      double = await running(process.execPath, words, { ...order, port });
    },
    async stop() {
      await ended((child) => child.stdin!.end());
      rmSync(folder, { recursive: true });
    },
  };
}

const CONTAINER = 'frostbyte-qdrant-1';
const UID = 7620;

/** Starts a double as a container of the stack, where a real one would be: what tenants' networks are given. */
export async function startQdrantInStack(stack: TestStack, tls?: Certificate): Promise<QdrantServer> {
  const { release } = await import('../../../scripts/images/build.ts');
  const [host, port] = ['172.28.0.14', 6333];
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-qdrant-'));
  chownSync(folder, UID, UID);
  docker(
    stack,
    ...['create', '--interactive', `--name=${CONTAINER}`],
    ...['--network=frostbyte_stores', `--ip=${host}`, '--read-only', '--cap-drop=ALL', `--user=${UID}`],
    ...['--memory=512m', '--pids-limit=64', `--volume=${import.meta.dirname}:/double:ro`, `--volume=${folder}:/kept`],
    ...['--entrypoint=/opt/frostbyte/bin/node', `frostbyte.local/appliance:${release()}`],
    ...['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '/double/main.ts'],
  );
  const words = ['--host', `unix://${stack.engine.socket}`, 'start', '--attach', '--interactive', CONTAINER];
  const apiKey = randomBytes(32).toString('hex');
  const order = { api_key: apiKey, folder: '/kept', host: '0.0.0.0', port, ...(tls && { tls }) };
  let double = await running('docker', words, order);
  return {
    url: `${schemeOf(tls)}://${host}:${port}`,
    apiKey,
    kind: 'double',
    hang: () => void docker(stack, 'pause', CONTAINER),
    goOn: () => void docker(stack, 'unpause', CONTAINER),
    // The same container, so that it stays in the networks that it was attached to.
    async restart({ force, awayMs = 0 }) {
      const exited = once(double.child, 'exit');
      docker(stack, 'kill', `--signal=${force ? 'KILL' : 'TERM'}`, CONTAINER);
      await exited;
      await wait(awayMs);
      double = await running('docker', words, order);
    },
    async stop() {
      const exited = once(double.child, 'exit');
      double.child.stdin!.end();
      await exited;
      // Somebody else's appliance may have cleared it away.
      spawnSync('docker', ['--host', `unix://${stack.engine.socket}`, 'rm', '--force', CONTAINER]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** What a double is told on its first line of input. */
interface Order {
  api_key: string;
  folder: string;
  host?: string;
  port?: number;
  tls?: Certificate;
}

/** A double in a process that ends with its input, and the port that it took. */
async function running(
  program: string,
  words: readonly string[],
  order: Order,
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH } });
  child.stdin!.on('error', () => undefined);
  child.stdin!.write(`${JSON.stringify(order)}\n`);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, port: (JSON.parse(line) as { port: number }).port };
}

function schemeOf(tls: Certificate | undefined): string {
  return tls === undefined ? 'http' : 'https';
}
