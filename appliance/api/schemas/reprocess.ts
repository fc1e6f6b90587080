import { z } from '../zod.ts';
import { BatchId, DocId, pageOf, Reason, TenantId, Timestamp, Uuid } from './common.ts';

/** Bodies of requests to run documents again (spec 2, "Ids"). */

const version = z.string().regex(/^[\w.-]{1,64}$/);

/** Which documents run again: one, those of a batch, or all whose version is older than this one. */
export const ReprocessBody = z
  .strictObject({
    from: z.enum(['parse', 'policy', 'embed']),
    reason: Reason,
    doc_id: DocId.optional(),
    batch_id: BatchId.optional(),
    /** Exactly one version; `current` stands for what this appliance makes now. */
    below: z
      .strictObject({
        stage1_parser_version: z.union([z.literal('current'), z.string().regex(/^\d+(\.\d+){0,3}$/)]).optional(),
        stage2_parser_version: z.union([z.literal('current'), z.string().regex(/^\d+(\.\d+){0,3}$/)]).optional(),
        policy_version: version.optional(),
        embed_version: version.optional(),
        config_version: z.union([z.literal('current'), z.number().int().min(1)]).optional(),
      })
      .refine(
        (bounds) => Object.values(bounds).filter((value) => value !== undefined).length === 1,
        'exactly one version',
      )
      .optional(),
  })
  .refine(
    ({ doc_id, batch_id, below }) => [doc_id, batch_id, below].filter((each) => each !== undefined).length === 1,
    'exactly one of doc_id, batch_id and below',
  )
  .openapi('ReprocessRequest');
export type ReprocessBody = z.infer<typeof ReprocessBody>;

export const ReprocessAnswer = z
  .object({
    reprocess_id: Uuid,
    tenant_id: TenantId,
    scope: z.enum(['document', 'batch', 'below']),
    doc_id: DocId.nullable(),
    batch_id: BatchId.nullable(),
    below: z.record(z.string(), z.union([z.string(), z.number()])).nullable(),
    from: z.enum(['parse', 'policy', 'embed']),
    reason: z.string(),
    requested_by: z.string(),
    requested_at: Timestamp,
    config_version: z.number().int(),
    /**
     * `completed` once every document was looked at, and none of those restarted is at work any more; `cancelled`
     * where it, or its batch, was cancelled before, and none is at work any more.
     */
    status: z.enum(['running', 'completed', 'cancelled']),
    /** When the last document was looked at, or the request was cancelled. */
    restarted_at: Timestamp.nullable(),
    cancelled_at: Timestamp.nullable(),
    documents: z.object({
      candidates: z.number().int(),
      examined: z.number().int(),
      restarted: z.number().int(),
      /** Not wanted: not below the version that was named. */
      passed_over: z.number().int(),
      /** Wanted, but malware, rejected for good, erased meanwhile, or run under a newer configuration already. */
      skipped: z.number().int(),
      processing: z.number().int(),
      indexed: z.number().int(),
      held: z.number().int(),
      quarantined: z.number().int(),
      failed: z.number().int(),
      cancelled: z.number().int(),
      /** Restarted, but taken over by a later request or erased since. */
      superseded: z.number().int(),
    }),
  })
  .openapi('Reprocess');
export type ReprocessAnswer = z.infer<typeof ReprocessAnswer>;

export const ReprocessListQuery = z.strictObject({ cursor: z.string().max(200).optional(), ...pageOf(50, 500) });
