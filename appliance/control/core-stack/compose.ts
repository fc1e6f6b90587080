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
  /** Services that have to be healthy before anything else works; the others need only be started. Default: all. */
  awaited?: readonly string[];
}

export interface Compose {
  /**
   * Makes and starts what is described and is not there, in its order, and resolves when what is awaited is healthy. On a stack
   * that is up it changes nothing. Throws `SERVICE_UNAVAILABLE` with what Compose said.
   */
  up(signal?: AbortSignal): Promise<void>;
}

/** PostgreSQL that recovers from a power cut takes its time. */
const LONGEST_UP_SECONDS = 600;
/** Lines of what Compose said, from its end. */
const MOST_LINES = 12;

export function compose({ program, files, engine, variables, awaited = [] }: ComposeOptions): Compose {
  const env = { ...variables, DOCKER_HOST: `unix://${engine}`, HOME: '/nonexistent', PATH: '/usr/bin:/bin' };
  const described = files.map((file) => `--file=${file}`);

  async function run(words: readonly string[], signal?: AbortSignal): Promise<void> {
    const child = spawn(program, [...described, '--progress=quiet', 'up', '--detach', ...words], {
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
    throw new FrostbyteError('SERVICE_UNAVAILABLE', `The core stack did not come up: ${lastLines(problems)}`, {
      retryAfter: 10,
    });
  }

  return {
    async up(signal) {
      // Whoever waits for another's health in the descriptions waits here; nobody's own first check is waited for.
      if (awaited.length > 0) await run([], signal);
      await run(['--wait', `--wait-timeout=${LONGEST_UP_SECONDS}`, ...awaited], signal);
    },
  };
}

function lastLines(said: string): string {
  return said.trim().split('\n').slice(-MOST_LINES).join(' | ');
}
