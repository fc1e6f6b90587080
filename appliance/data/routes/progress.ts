import { toHttpError } from '../../api/errors.ts';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { ProgressCursor } from './progress-cursor.ts';

/** How often the state is read while something is under way, and how often a silent line shows that it lives. */
const POLL_MS = 250;
const HEARTBEAT_MS = 15_000;
/** A reading of a large batch is not repeated before this many times what it took: a stream costs 4 % of a core at most. */
const COST = 25;

export interface ProgressSource {
  status(): Promise<BatchStatus>;
  /** The id of the last event that the client saw. */
  lastEventId: string | null;
  signal: AbortSignal;
}

/**
 * Progress of a batch as server-sent events (spec 4): `file` with a file's stages whenever they change, `summary` after
 * each round of changes, `done` when the batch is settled, then the stream ends. An event's id says what the client has
 * been told up to it, so one that comes back with `Last-Event-ID` is told what it misses; events carry states, not
 * steps, so that one told twice does no harm.
 */
export function progressStream({ status, lastEventId, signal }: ProgressSource): Response {
  const encoder = new TextEncoder();
  const cursor = new ProgressCursor();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let first = true;
      let silentSince = performance.now();
      const send = (event: string, data: unknown) => {
        const told = event === 'error' ? '' : `id: ${cursor.id()}\n`;
        controller.enqueue(encoder.encode(`event: ${event}\n${told}data: ${JSON.stringify(data)}\n\n`));
        silentSince = performance.now();
      };
      const round = async (): Promise<void> => {
        if (stopped) return;
        const began = performance.now();
        try {
          const now = await status();
          if (first) cursor.resume(lastEventId, now.files);
          first = false;
          const summary = { batch_id: now.batch_id, status: now.status, summary: now.summary };
          let changed = false;
          for (const [at, file] of now.files.entries()) {
            if (!cursor.isNews(file)) continue;
            cursor.tell(file, at);
            send('file', file);
            changed = true;
          }
          if (changed) send('summary', summary);
          if (now.status === 'completed' || now.status === 'held' || now.status === 'cancelled') {
            send('done', summary);
            stop();
            controller.close();
            return;
          }
          if (performance.now() - silentSince > HEARTBEAT_MS) {
            controller.enqueue(encoder.encode(': alive\n\n'));
            silentSince = performance.now();
          }
          timer = setTimeout(round, Math.max(POLL_MS, (performance.now() - began) * COST));
        } catch (error) {
          breakOff(error);
        }
      };
      // The tenant may have been suspended meanwhile: the client is told so and asks again, which answers properly.
      const breakOff = (error: unknown) => {
        if (stopped) return;
        stop();
        send('error', { code: toHttpError(error, '').code });
        controller.close();
      };
      const ended = () => breakOff(new FrostbyteError('SERVICE_UNAVAILABLE', 'The stream was ended.'));
      signal.addEventListener('abort', ended, { once: true });
      if (signal.aborted) return ended();
      void round();
    },
    cancel: stop,
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}
