import { codeFrames } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { ClaimedJob } from '../../stores/queue/port.ts';
import type { DataPlane } from '../plane.ts';
import { matchVectors } from '../served-vectors.ts';
import { isStoreTrouble } from './trouble.ts';

/**
 * After a run that was overtaken or has failed: its vectors go, the served version's are there again. Before the job
 * is finished, so that a worker that dies in between leaves it to the next. Throws where a store is in trouble.
 */
export async function putVectorsRight(plane: DataPlane, { doc_id, stage }: ClaimedJob): Promise<void> {
  try {
    await matchVectors(plane, doc_id);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    const { tenant_id, logger } = plane;
    logger.error('the vectors of a served version could not be put back', {
      ...shaped({ tenant_id, doc_id }),
      stage,
      ...codeFrames(error),
    });
  }
}
