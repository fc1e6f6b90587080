import { z } from '../zod.ts';
import { BatchId, Timestamp } from './common.ts';

/** Bodies of the inbox's status (spec 2 A, "Inbox"). */

export const INBOX_STATES = ['waiting', 'refused', 'taken'] as const;

export const InboxQuery = z.strictObject({
  state: z.enum(INBOX_STATES).optional(),
  /** The last folder of the page before. */
  cursor: z.string().max(255).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type InboxQuery = z.infer<typeof InboxQuery>;

export const InboxStatus = z
  .object({
    /** False where this appliance has no inbox. */
    watched: z.boolean(),
    /** Why the tenant's folder cannot be used (an errno name), or null. */
    trouble: z.string().nullable(),
    /** There are more folders than are looked at. */
    crowded: z.boolean(),
    last_round_at: Timestamp.nullable(),
    poll_seconds: z.number().int().nullable(),
    stable_seconds: z.number().int().nullable(),
    counts: z.object({ waiting: z.number().int(), refused: z.number().int(), taken: z.number().int() }),
    folders: z.array(
      z.object({
        /** Its name; `.` for the tenant's own folder. */
        folder: z.string(),
        state: z.enum(INBOX_STATES),
        batch_id: BatchId.nullable(),
        since: Timestamp,
        /** Why it is not taken; null once it is. */
        reason: z.string().nullable(),
        /** What stands in the way: the code of a refusal, of a trouble, or an errno name. */
        code: z.string().nullable(),
        message: z.string().nullable(),
        remediation: z.string().nullable(),
        missing_count: z.number().int(),
        missing: z.array(
          z.object({
            file_id: z.string(),
            filename: z.string(),
            expected_bytes: z.number().int(),
            actual_bytes: z.number().int().nullable(),
          }),
        ),
        /** What lies beside the manifest: nothing yet, all there is to say, or that the folder cannot be written. */
        results: z.enum(['none', 'pending', 'written', 'unwritable']),
        results_code: z.string().nullable(),
      }),
    ),
    cursor: z.string().nullable(),
  })
  .openapi('InboxStatus');
export type InboxStatus = z.infer<typeof InboxStatus>;
