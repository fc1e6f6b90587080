import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { type Config, defaultConfig } from '../../config/schema.ts';
import { parserServer } from '../../data/2-parse/over-socket/serve-parser.ts';
import type { ParserBudget } from '../../data/2-parse/sandbox/resource-limits.ts';
import { createRunner, type SandboxRunner } from '../../data/2-parse/sandbox/runner.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { createLogger } from '../../observability/logger.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';

/**
 * The role `parser`: documents of one tenant come over a unix socket, each into a sandboxed process of its own, and what
 * that says goes back. It has no network, no secrets, no settings and no files: limits come with each document.
 */

/** Documents at work at once, whatever the workers ask for. */
const AT_ONCE = 8;
const SILENCE_MS = 60_000;
/** Before a document came: what a document may take where nothing else is set. */
const USUAL_BUDGET: ParserBudget = budgetOf(defaultConfig().parser);
/** For the owner and the group of the folder: in a shared folder that is the data plane's. */
const SOCKET_MASK = 0o117;

/** Runs until SIGTERM or SIGINT. */
export async function serveParser(socket: string): Promise<void> {
  await runUntilTold(await startParser({ socket }));
  // Documents at work are given up: they are asked for again.
  process.exit(0);
}

export function startParser(options: { socket: string; childEntry?: string }): Promise<Running> {
  const { socket, childEntry } = options;
  return acquiring(async (undo) => {
    const logger = createLogger({ level: 'info' }).child('parser', { pid: process.pid });
    let known: { budget: ParserBudget; runner: SandboxRunner } | undefined;
    undo.push(() => known?.runner.close());
    /** All workers of a tenant have the same settings, so a new budget takes the place of the last. */
    const runner = (budget = known?.budget ?? USUAL_BUDGET): SandboxRunner => {
      const same = known?.budget.memoryLimitMb === budget.memoryLimitMb && known.budget.timeoutMs === budget.timeoutMs;
      if (known !== undefined && same) return known.runner;
      void known?.runner.close();
      const made = createRunner({ modes: ['full', 'contained'], budget, logger, ...(childEntry && { childEntry }) });
      known = { budget, runner: made };
      return made;
    };
    const server = parserServer({ runner, atOnce: AT_ONCE, silenceMs: SILENCE_MS, logger });
    await listen(server, socket);
    undo.push(() => void server.close());
    logger.info('parser listening', { version: PIPELINE_VERSION });
    return { says: `frostbyte ${PIPELINE_VERSION} parses at ${socket}`, stop: () => undo.run() };
  });
}

function budgetOf({ memory_mb, timeout_seconds }: Config['parser']): ParserBudget {
  return { memoryLimitMb: memory_mb, timeoutMs: timeout_seconds * 1000 };
}

/** Listens where only the folder's owner and group come in. What an earlier parser left at the path goes. */
async function listen(server: ReturnType<typeof parserServer>, path: string): Promise<void> {
  const folder = dirname(path);
  if (!existsSync(folder) || (statSync(folder).mode & 0o002) !== 0) {
    throw new FrostbyteError(
      'CONFIG_INVALID',
      `The folder of the parser's socket, ${folder}, must be there, and others may not write to it.`,
    );
  }
  rmSync(path, { force: true });
  const before = process.umask(SOCKET_MASK);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw new FrostbyteError('CONFIG_INVALID', `The parser cannot listen at ${path}.`, { cause });
  } finally {
    process.umask(before);
  }
}
