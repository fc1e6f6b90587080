import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { BucketOptions } from '../../../appliance/stores/object/minio/bucket.ts';
import { BucketKeeper } from '../../../appliance/stores/object/minio/tenant-bucket.ts';
import { freePort } from '../free-port.ts';
import { until } from './until.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../.cache/go/bin/minio');
const RECIPE = resolve(import.meta.dirname, '../../../images/objects/recipe.yaml');
const ROOT = { accessKey: 'rootaccesskey', secretKey: 'root-secret-of-a-test' };

/** Why no object server can be run here, or false when one can. */
export function noObjectServer(): string | false {
  return existsSync(PROGRAM) ? false : 'the object server is not compiled (scripts/go-program minio)';
}

/** An object server of a test's own, on loopback, with one bucket: it can be killed and started again. */
export interface ObjectServer {
  options: BucketOptions;
  /** Ends it without a warning; returns when it is dead. */
  kill(): Promise<void>;
  /** Starts it again on the same folder and port, and waits until it answers. */
  start(): Promise<void>;
}

/** Starts a server that keeps its things below `folder`. */
export async function objectServer(folder: string): Promise<ObjectServer> {
  const port = await freePort();
  const options: BucketOptions = { endpoint: `http://127.0.0.1:${port}`, ...ROOT, bucket: 'tenant-acme-bucket' };
  const data = join(folder, 'objects');
  mkdirSync(data, { recursive: true });
  let child: ChildProcess | null = null;

  const server: ObjectServer = {
    options,
    async kill() {
      const killed = child;
      child = null;
      // One that lost its disk may have ended by itself, and does not end again.
      if (killed === null || killed.exitCode !== null || killed.signalCode !== null) return;
      const ended = once(killed, 'exit');
      killed.kill('SIGKILL');
      await ended;
    },
    async start() {
      const started = spawn(PROGRAM, ['server', '--quiet', `--address=127.0.0.1:${port}`, data], {
        stdio: 'ignore',
        env: { ...settings(), HOME: folder, MINIO_ROOT_USER: ROOT.accessKey, MINIO_ROOT_PASSWORD: ROOT.secretKey },
      });
      child = started;
      await until('the object server to answer', async () => {
        if (started.exitCode !== null) throw new Error(`the object server ended with ${started.exitCode}`);
        const answer = await fetch(`${options.endpoint}/minio/health/ready`).catch(() => null);
        await answer?.body?.cancel();
        return answer?.status === 200;
      });
    },
  };
  const keeper = new BucketKeeper(options);
  try {
    await server.start();
    // It says that it is ready before it knows its users.
    const made = () =>
      keeper.make().then(
        () => true,
        () => false,
      );
    await until('the object server to make a bucket', made);
  } catch (error) {
    await server.kill();
    throw error;
  } finally {
    keeper.close();
  }
  return server;
}

/** What the image says to the server, so that what a test finds holds for the image; where secrets lie is the test's. */
function settings(): Record<string, string> {
  const recipe = parse(readFileSync(RECIPE, 'utf8')) as { env: Record<string, string> };
  return Object.fromEntries(Object.entries(recipe.env).filter(([name]) => !name.endsWith('_FILE')));
}
