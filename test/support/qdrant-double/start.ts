import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificate } from '../certificate.ts';
import type { TestStack } from '../stack.ts';

export interface QdrantServer {
  url: string;
  /** The administrator's. */
  apiKey: string;
  /** `double` or `real`: tests say which of the two answered. */
  kind: 'double' | 'real';
  stop(): Promise<void>;
  /** To the double's own process, where it is one of this host; a real server is left alone. */
  signal(name: NodeJS.Signals): void;
}

/**
 * The server that `FROSTBYTE_TEST_QDRANT_URL` and `…_API_KEY` name, or else a double of its own: always that where it is to
 * show a certificate.
 */
export function startQdrant(tls?: Certificate): Promise<QdrantServer> {
  const { FROSTBYTE_TEST_QDRANT_URL: url, FROSTBYTE_TEST_QDRANT_API_KEY: apiKey } = process.env;
  if (tls !== undefined) return startQdrantDouble(undefined, tls);
  if (url && apiKey)
    return Promise.resolve({ url, apiKey, kind: 'real', stop: async () => {}, signal: () => undefined });
  return startQdrantDouble();
}

/** Starts a double on a free port of the loopback. */
export async function startQdrantDouble(
  apiKey = randomBytes(32).toString('hex'),
  tls?: Certificate,
): Promise<QdrantServer> {
  const words = ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, 'main.ts')];
  return running(process.execPath, words, apiKey, { tls });
}

/** Starts a double as a container of the stack, where a real one would be: what tenants' networks are given. */
export async function startQdrantInStack(stack: TestStack, tls?: Certificate): Promise<QdrantServer> {
  const { release } = await import('../../../scripts/images/build.ts');
  const [host, port] = ['172.28.0.14', 6333];
  const words = [
    ...['--host', `unix://${stack.engine.socket}`, 'run', '--rm', '--interactive', '--name=frostbyte-qdrant-1'],
    ...['--network=frostbyte_stores', `--ip=${host}`, '--read-only', '--cap-drop=ALL', '--user=7620'],
    ...['--memory=512m', '--pids-limit=64', `--volume=${import.meta.dirname}:/double:ro`],
    ...['--entrypoint=/opt/frostbyte/bin/node', `frostbyte.local/appliance:${release()}`],
    ...['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '/double/main.ts'],
  ];
  const apiKey = randomBytes(32).toString('hex');
  const double = await running('docker', words, apiKey, { host: '0.0.0.0', port, tls });
  return { ...double, url: `${schemeOf(tls)}://${host}:${port}` };
}

/** A double in a process that ends with its input. */
async function running(
  program: string,
  words: readonly string[],
  apiKey: string,
  listen: { host?: string; port?: number; tls?: Certificate | undefined },
): Promise<QdrantServer> {
  const child: ChildProcess = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  child.stdin!.write(`${JSON.stringify({ api_key: apiKey, ...listen })}\n`);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    url: `${schemeOf(listen.tls)}://127.0.0.1:${port}`,
    apiKey,
    kind: 'double',
    signal: (name) => void child.kill(name),
    async stop() {
      const exited = once(child, 'exit');
      child.stdin!.end();
      await exited;
    },
  };
}

function schemeOf(tls: Certificate | undefined): string {
  return tls === undefined ? 'http' : 'https';
}
