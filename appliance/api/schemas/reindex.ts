import { MODEL_NAME } from '../../kernel/model-name.ts';
import { z } from '../zod.ts';
import { pageOf, Reason, TenantId, Timestamp, Uuid } from './common.ts';

/** Bodies of building a tenant's vector index anew by another model (spec 2 E). */

export const ReindexBody = z
  .strictObject({
    /** As `frostbyte model list` names it, `lexical`, or as the endpoint calls its own; left out: the one that the tenant is pinned to, or the appliance's choice. */
    model: z.string().regex(MODEL_NAME).optional(),
    reason: Reason,
  })
  .openapi('ReindexRequest');
export type ReindexBody = z.infer<typeof ReindexBody>;

export const ReindexAnswer = z
  .object({
    reindex_id: Uuid,
    tenant_id: TenantId,
    embed_model: z.string(),
    embed_version: z.string(),
    reason: z.string(),
    requested_by: z.string(),
    requested_at: Timestamp,
    /** `switched`: the new index is what searches read. `cancelled`: what was served before it still is. */
    status: z.enum(['building', 'switched', 'cancelled']),
    ended_at: Timestamp.nullable(),
    ended_by: z.string().nullable(),
    /** When the index that is not served any more was emptied. */
    dropped_at: Timestamp.nullable(),
    /** Of the new index: documents that it is to have, which grow with what arrives, and those that it has. */
    documents: z.object({ total: z.number().int(), done: z.number().int() }),
    chunks_done: z.number().int(),
    /** Why it does not come on at present, or why it was given up. */
    error_code: z.string().nullable(),
  })
  .openapi('Reindex');
export type ReindexAnswer = z.infer<typeof ReindexAnswer>;

export const ReindexListQuery = z.strictObject({ cursor: z.string().max(200).optional(), ...pageOf(50, 500) });
