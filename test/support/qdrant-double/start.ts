import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

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
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, 'main.ts')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: {} },
  );
  child.stdin!.write(`${JSON.stringify({ api_key: apiKey })}\n`);
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
