import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { FrostbyteError } from '../../kernel/errors.ts';

/** What Compose is told to run. No secret is among it: those are files that the description names. */
export interface ComposeOptions {
  /** The program `docker-compose`, as the package brings it. */
  program: string;
  /** The descriptions, one upon the other. */
  files: readonly string[];
  /** The engine's socket. */
  engine: string;
  /** What the descriptions ask for. */
  variables: Readonly<Record<string, string>>;
}

export interface Compose {
  /**
   * Makes what is described and is not there, or there as something else, and starts none of it. On a stack that is as
   * described it changes nothing. Throws `SERVICE_UNAVAILABLE` with what Compose said.
   */
  create(signal?: AbortSignal): Promise<void>;
}

/** Lines of what Compose said, from its end. */
const MOST_LINES = 12;

export function compose({ program, files, engine, variables }: ComposeOptions): Compose {
  const env = { ...variables, DOCKER_HOST: `unix://${engine}`, HOME: '/nonexistent', PATH: '/usr/bin:/bin' };
  const described = files.map((file) => `--file=${file}`);

  return {
    async create(signal) {
      const child = spawn(program, [...described, '--progress=quiet', 'create'], {
        env,
        cwd: '/',
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(signal && { signal }),
      });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      const [problems, status] = await Promise.all([text(child.stderr), ended]).catch((cause: unknown) => {
        throw new FrostbyteError('SERVICE_UNAVAILABLE', `Compose cannot be run from ${program}.`, { cause });
      });
      if (status === 0) return;
      throw new FrostbyteError('SERVICE_UNAVAILABLE', `The core stack could not be made: ${lastLines(problems)}`, {
        retryAfter: 10,
      });
    },
  };
}

function lastLines(said: string): string {
  return said.trim().split('\n').slice(-MOST_LINES).join(' | ');
}
