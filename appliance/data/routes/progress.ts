import type { BatchStatus, FileStatus } from '../../api/schemas/ingest.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';

/** How often the state is read while something is under way, and how often a silent line shows that it lives. */
const POLL_MS = 250;
const HEARTBEAT_MS = 15_000;
/** A reading of a large batch is not repeated before this many times what it took: a stream costs 4 % of a core at most. */
const COST = 25;

export interface ProgressSource {
  status(): Promise<BatchStatus>;
  /** The id of the last event the client saw; with the same state nothing is sent twice. */
  lastEventId: string | null;
  signal: AbortSignal;
}

/**
 * Progress of a batch as server-sent events (spec 4): `file` with a file's stages whenever they change, `summary` after
 * each round of changes, `done` when the batch is settled, then the stream ends. An event's id names the batch's whole
 * state, so a client that comes back with `Last-Event-ID` gets what changed since, or everything when that is unknown.
 */
export function progressStream({ status, lastEventId, signal }: ProgressSource): Response {
  const encoder = new TextEncoder();
  const known = new Map<string, string>();
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
      const send = (event: string, id: string, data: unknown) => {
        controller.enqueue(encoder.encode(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`));
        silentSince = performance.now();
      };
      const round = async (): Promise<void> => {
        if (stopped) return;
        const began = performance.now();
        try {
          const now = await status();
          const id = stateId(now);
          if (first && lastEventId === id) for (const file of now.files) known.set(file.file_id, key(file));
          first = false;
          const changed = now.files.filter((file) => known.get(file.file_id) !== key(file));
          for (const file of changed) {
            known.set(file.file_id, key(file));
            send('file', id, file);
          }
          if (changed.length > 0)
            send('summary', id, { batch_id: now.batch_id, status: now.status, summary: now.summary });
          if (now.status === 'completed' || now.status === 'held' || now.status === 'cancelled') {
            send('done', id, { batch_id: now.batch_id, status: now.status, summary: now.summary });
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
          if (stopped) return;
          stop();
          // The tenant may have been suspended meanwhile: the client is told so and asks again, which answers properly.
          send('error', 'none', { code: isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR' });
          controller.close();
        }
      };
      signal.addEventListener('abort', stop, { once: true });
      void round();
    },
    cancel: stop,
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}

function key({ stages, state, error }: FileStatus): string {
  return JSON.stringify([stages, state, error]);
}

function stateId({ status, files }: BatchStatus): string {
  return sha256Hex(canonicalJson([status, files.map((file) => [file.file_id, file.stages, file.state])])).slice(0, 16);
}
