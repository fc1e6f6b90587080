import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestStack } from '../stack.ts';

export interface QdrantServer {
  url: string;
  /** The administrator's. */
  apiKey: string;
  /** `double` or `real`: tests say which of the two answered. */
  kind: 'double' | 'real';
  stop(): Promise<void>;
}

/** The server that `FROSTBYTE_TEST_QDRANT_URL` and `…_API_KEY` name, or else a double of its own. */
export function startQdrant(): Promise<QdrantServer> {
  const { FROSTBYTE_TEST_QDRANT_URL: url, FROSTBYTE_TEST_QDRANT_API_KEY: apiKey } = process.env;
  if (url && apiKey) return Promise.resolve({ url, apiKey, kind: 'real', stop: async () => {} });
  return startQdrantDouble();
}

/** Starts a double on a free port of the loopback. */
export async function startQdrantDouble(apiKey = randomBytes(32).toString('hex')): Promise<QdrantServer> {
  const words = ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, 'main.ts')];
  return running(process.execPath, words, apiKey, {});
}

/** Starts a double as a container of the stack, where a real one would be: what tenants' networks are given. */
export async function startQdrantInStack(stack: TestStack): Promise<QdrantServer> {
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
  return { ...(await running('docker', words, apiKey, { host: '0.0.0.0', port })), url: `http://${host}:${port}` };
}

/** A double in a process that ends with its input. */
async function running(
  program: string,
  words: readonly string[],
  apiKey: string,
  listen: { host?: string; port?: number },
): Promise<QdrantServer> {
  const child: ChildProcess = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  child.stdin!.write(`${JSON.stringify({ api_key: apiKey, ...listen })}\n`);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey,
    kind: 'double',
    async stop() {
      const exited = once(child, 'exit');
      child.stdin!.end();
      await exited;
    },
  };
}
