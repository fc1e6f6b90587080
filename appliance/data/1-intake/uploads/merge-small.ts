import { randomBytes } from 'node:crypto';
import { codeFrames } from '../../../kernel/errors.ts';
import { giveBack } from '../../../kernel/give-back.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import type { UploadSegment } from '../../../stores/record/port.ts';
import { segmentKey } from '../../keys.ts';
import type { UploadLimits, UploadPlane } from './limits.ts';
import { segmentContent } from './read-upload.ts';

/** A merge takes at least this many of the last segments, whatever their sizes, so that it is worth its syncs. */
const LEAST = 16;

/**
 * Merges the last segments of an upload where it has too many small ones: thousands of tiny requests must not leave
 * thousands of files. A segment is joined to those behind it once they are half its size together, so each byte is
 * rewritten O(log) times. Never throws: an upload with many segments is as good as one with few. O(bytes merged).
 */
export async function mergeSmall(plane: UploadPlane, uploadId: string, limits: UploadLimits): Promise<void> {
  const { tenant_id, objects, records, logger } = plane;
  try {
    const segments = await records.uploadSegments(uploadId);
    if (segments.filter(({ bytes }) => bytes < limits.segmentBytes).length <= limits.mostSmall) return;
    const run = lastSmall(segments, limits);
    const [first] = run;
    if (first === undefined || run.length < 2) return;
    const bytes = run.reduce((sum, segment) => sum + segment.bytes, 0);
    const object_key = segmentKey(tenant_id, uploadId, first.start, randomBytes(8).toString('hex'));
    const draft = await objects.begin();
    try {
      for (const segment of run)
        for await (const chunk of segmentContent(objects, segment)) await draft.write(chunk, giveBack);
      await draft.commit(object_key);
    } catch (error) {
      await draft.abort();
      throw error;
    }
    const merged = await records.mergeSegments(uploadId, { start: first.start, bytes, object_key });
    for (const key of merged ? run.map((segment) => segment.object_key) : [object_key]) await objects.delete(key);
  } catch (error) {
    logger.warn('segments of an upload were not merged', { ...shaped({ tenant_id }), ...codeFrames(error) });
  }
}

/** The last segments that belong together, in order. */
function lastSmall(segments: readonly UploadSegment[], { segmentBytes }: UploadLimits): UploadSegment[] {
  const run: UploadSegment[] = [];
  let behind = 0;
  for (const segment of segments.toReversed()) {
    if (segment.bytes >= segmentBytes || (run.length >= LEAST && segment.bytes > 2 * behind)) break;
    run.unshift(segment);
    behind += segment.bytes;
  }
  return run;
}
