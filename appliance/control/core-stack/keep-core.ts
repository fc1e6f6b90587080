import { setTimeout as wait } from 'node:timers/promises';
import type { Dependency } from '../../api/plane/tables.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import type { Engine } from '../engine/engine.ts';
import { coreContainer } from '../stack/addresses.ts';
import type { CoreService } from '../stack/core-services.ts';
import type { Compose } from './compose.ts';

export interface KeepCoreOptions {
  compose: Compose;
  /** Those that are to run. */
  services: readonly Pick<CoreService, 'name'>[];
  /** Those of them that have to work before anything else does; the others need only run. */
  awaited: readonly CoreService['name'][];
  engine: Pick<Engine, 'container' | 'start' | 'isWell'>;
  /** Puts what the stack is given where it looks for it: secrets, who may come in. Repeated before each start. */
  prepare(): Promise<void>;
  logger: Logger;
  /** Is told why it cannot come up, in the words of Compose: the log, which takes no text, has a code alone. */
  tell(why: string): void;
  /** How often it is looked whether all of it runs. */
  everyMs?: number;
}

export interface KeptCore {
  /** In `/ready`. */
  health(): Dependency;
  stop(): Promise<void>;
}

const EVERY_MS = 5000;
const LONGEST_WAIT_MS = 60_000;
/** PostgreSQL that recovers from a power cut takes its time. */
const LONGEST_UP_MS = 600_000;
const WELL_EVERY_MS = 100;

/**
 * Brings the core stack up, and up again whenever a part of it does not run: the engine does not, since after a boot the
 * secrets are not there yet (spec 7, "Compose"). Compose makes what is described; all of it is started at once, and asked by
 * its own check at once, which the engine does only seconds later: while it comes up, nobody is served. Resolves once it is up
 * for the first time; what is described and cannot come up is tried again, longer and longer apart. What runs is left alone,
 * and stays when this is stopped.
 */
export async function keepCore(options: KeepCoreOptions): Promise<KeptCore> {
  const { compose, services, awaited, engine, prepare, logger, tell, everyMs = EVERY_MS } = options;
  const names = services.map(({ name }) => name);
  const closing = new AbortController();
  let trouble: string | null = null;

  async function look(): Promise<readonly string[]> {
    const found = await Promise.all(names.map((name) => engine.container(coreContainer(name))));
    return names.filter((_, at) => found[at]?.running !== true);
  }

  async function bringUp(): Promise<void> {
    for (let rest = everyMs; !closing.signal.aborted; rest = Math.min(rest * 2, LONGEST_WAIT_MS)) {
      try {
        await prepare();
        await compose.create(closing.signal);
        await Promise.all(names.map((name) => engine.start(coreContainer(name))));
        await Promise.all(awaited.map(untilWell));
        trouble = null;
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        trouble = error instanceof FrostbyteError ? error.message : 'The core stack could not be brought up.';
        logger.error('the core stack could not be brought up yet', codeFrames(error));
        tell(trouble);
        await pause(rest);
      }
    }
  }

  async function untilWell(name: string): Promise<void> {
    const container = coreContainer(name);
    for (const began = performance.now(); !closing.signal.aborted; await pause(WELL_EVERY_MS)) {
      if (await engine.isWell(container)) return;
      if ((await engine.container(container))?.running !== true) throw notUp(name, 'ended as soon as it was started');
      if (performance.now() - began > LONGEST_UP_MS)
        throw notUp(name, `does not work ${LONGEST_UP_MS / 1000} s after its start`);
    }
  }

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      await pause(everyMs);
      if (closing.signal.aborted) return;
      // An engine that does not answer is waited for: what runs on it may go on.
      const missing = await look().catch(() => []);
      if (missing.length === 0) continue;
      trouble = `These services do not run: ${missing.join(', ')}.`;
      logger.warn('a part of the core stack does not run, starting it again', { count: missing.length });
      await bringUp();
    }
  }

  const pause = (ms: number) => wait(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  await bringUp();
  const watching = watch();
  return {
    health: () => ({ name: 'core stack', ok: trouble === null, message: trouble ?? `${names.length} services run` }),
    async stop() {
      closing.abort();
      await watching;
    },
  };
}

function notUp(name: string, what: string): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    `The core stack did not come up: ${name} ${what}. docker logs ${coreContainer(name)} says why.`,
    { retryAfter: 10, details: [{ field: 'service', value: name, constraint: 'works by its own check' }] },
  );
}
