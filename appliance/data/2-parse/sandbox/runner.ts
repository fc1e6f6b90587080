import type { Writable } from 'node:stream';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { WrapperParts } from './command.ts';
import { childEntry } from './entry.ts';
import { checkLayers, type SandboxLayers, type SandboxPlan } from './layers.ts';
import { createNursery, type Nursery } from './nursery.ts';
import type { ParseRequest } from './protocol.ts';
import type { ParserBudget } from './resource-limits.ts';
import { runChild } from './run-child.ts';

export interface RunnerOptions {
  /** What must hold; the first of them that does. */
  modes: readonly SandboxLayers['mode'][];
  budget: ParserBudget;
  /** Another program than the parser; for tests. */
  childEntry?: string;
  /** Other programs than the host's; for tests. */
  tools?: WrapperParts;
  logger: Logger;
}

/** Runs documents in processes of their own and gives back what those said, unread. */
export interface SandboxRunner {
  /** Each layer of the sandbox, checked for real once. Never throws. */
  layers(): Promise<SandboxLayers>;
  /**
   * Gives one process the request, and the document by `send`. Throws as `Parser.parse` says of a process that ended
   * badly, what `send` throws, and the signal's reason.
   */
  run(request: ParseRequest, send: (to: Writable) => Promise<void>, signal?: AbortSignal): Promise<Uint8Array>;
  /** Ends the spare process. Documents at work are not waited for; abort them by their signal. */
  close(): Promise<void>;
}

/** Starts nothing before it is first used. */
export function createRunner(options: RunnerOptions): SandboxRunner {
  const { modes, budget, logger } = options;
  const entry = childEntry(options.childEntry);
  let plan: Promise<SandboxPlan> | undefined;
  let nursery: Nursery | undefined;
  let closed = false;

  const checked = () => (plan ??= checkLayers(modes, entry, budget, options.tools));

  const ready = async (): Promise<Nursery> => {
    const { layers, wrapper } = await checked();
    const missing = layers.layers.find((layer) => layer.required && layer.state === 'missing');
    if (missing !== undefined || wrapper === null) {
      // Looked at again next time: the mend should not need a restart.
      plan = undefined;
      const named = missing === undefined ? '' : ` (${missing.name}): ${missing.message}`;
      throw new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', `A layer of the parser's sandbox is missing${named}`);
    }
    if (closed) throw new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', 'The parser is closed.');
    nursery ??= createNursery({ wrapper, entry, budget });
    return nursery;
  };

  return {
    async layers() {
      return (await checked()).layers;
    },

    async run(request, send, signal) {
      signal?.throwIfAborted();
      const children = await ready();
      signal?.throwIfAborted();
      const child = children.take(request.media_type);
      try {
        return await runChild(child, { send, request, timeoutMs: budget.timeoutMs, signal, logger });
      } catch (error) {
        if (error instanceof FrostbyteError && error.code === 'PARSER_SANDBOX_UNAVAILABLE') {
          plan = undefined;
          nursery?.close();
          nursery = undefined;
        }
        throw error;
      } finally {
        child.kill();
      }
    },

    async close() {
      closed = true;
      await nursery?.close();
    },
  };
}
