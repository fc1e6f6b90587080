import type { Dependency } from '../../api/plane/tables.ts';
import { type EmbedderAddress, embedderStatus } from '../../models/embedder/over-socket/ask-embedder.ts';
import type { Status } from '../../models/embedder/over-socket/wire.ts';

const STATUS_MS = 5000;

/** How the embedder that listens there is; see `embedderStatus`. */
export function statusOf(at: EmbedderAddress): Promise<Status> {
  return embedderStatus(at, STATUS_MS);
}

/** Whether the embedder of a model, or of the endpoint, answers, and what keeps it from embedding. */
export async function healthOf(model: string, at: EmbedderAddress): Promise<Dependency> {
  const name = `embedder.${model}`;
  try {
    const { trouble } = await statusOf(at);
    return { name, ok: trouble === undefined, message: trouble ?? 'answers' };
  } catch {
    return { name, ok: false, message: 'does not answer; it is started again' };
  }
}
