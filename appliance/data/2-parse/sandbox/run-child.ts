import type { Writable } from 'node:stream';
import type { ErrorCode } from '../../../kernel/errors.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { type ChildEnd, holdChild, type WaitingChild } from './child-process.ts';
import { deathHash, explainEnd, timeout } from './explain-end.ts';
import type { ParseRequest } from './protocol.ts';

export interface ChildRun {
  request: ParseRequest;
  /** Sends the document and ends the pipe; what it throws is what the run throws. Settles once the pipe is destroyed. */
  send(to: Writable): Promise<void>;
  timeoutMs: number;
  signal: AbortSignal | undefined;
  logger: Logger;
}

/**
 * Gives a waiting child its request and its document and returns what it answered, unread. The child is dead when this
 * returns or throws: its whole group is killed on timeout and on abort. Throws as `Parser.parse` says.
 */
export async function runChild(child: WaitingChild, run: ChildRun): Promise<Uint8Array> {
  const release = holdChild(child);
  let stopped: { error: unknown } | undefined;
  const stop = (error: unknown) => {
    stopped ??= { error };
    child.kill();
  };
  const timer = setTimeout(() => stop(timeout()), run.timeoutMs);
  const abort = () => stop(run.signal?.reason);
  run.signal?.addEventListener('abort', abort, { once: true });
  if (run.signal?.aborted) abort();
  try {
    child.request.end(`${JSON.stringify(run.request)}\n`);
    const sending = run.send(child.document).catch(stop);
    const end = await child.ended;
    // The caller closes next what it sends from, so no read of it may still be under way.
    child.document.destroy();
    await sending;
    if (stopped !== undefined) throw stopped.error;
    const error = explainEnd(end);
    if (error === null) return end.output;
    logDeath(run, end, error.code);
    throw error;
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', abort);
    release();
  }
}

function logDeath({ request, logger }: ChildRun, end: ChildEnd, code: ErrorCode): void {
  logger.warn('a parser process died', {
    ...shaped({ tenant_id: request.tenant_id, doc_id: request.doc_id, stack_trace_hash: deathHash(end) }),
    code,
    ...(end.signal !== null && { signal: end.signal }),
  });
}
