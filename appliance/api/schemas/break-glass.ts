import { z } from '../zod.ts';
import { pageOf, Reason, TenantId, Timestamp, Uuid } from './common.ts';

/** Bodies of break-glass and of the notices that tenants get (spec 3, 4). */

/** What the longest grant may last; a site may allow less. */
const MOST_MINUTES = 60;

export const OpenBreakGlassBody = z
  .strictObject({ reason: Reason, minutes: z.number().int().min(1).max(MOST_MINUTES).optional() })
  .openapi('OpenBreakGlass');

export const BreakGlassAnswer = z
  .object({
    grant_id: Uuid,
    tenant_id: TenantId,
    subject: z.string(),
    role: z.string(),
    reason: z.string(),
    opened_at: Timestamp,
    expires_at: Timestamp,
    state: z.enum(['open', 'closed', 'expired']),
    closed_at: Timestamp.nullable(),
    closed_by: z.string().nullable(),
  })
  .openapi('BreakGlassGrant');

export const BreakGlassListQuery = z.strictObject({ cursor: Uuid.optional(), ...pageOf(50, 500) });

export const NOTICE_KINDS = ['suspended', 'break_glass'] as const;

export const NoticeAnswer = z
  .object({
    notice_id: Uuid,
    tenant_id: TenantId,
    kind: z.enum(NOTICE_KINDS),
    created_at: Timestamp,
    actor: z.string().nullable(),
    role: z.string().nullable(),
    reason: z.string().nullable(),
    until: Timestamp.nullable(),
    grant_id: Uuid.nullable(),
    withdrawn_at: Timestamp.nullable(),
    acknowledged_at: Timestamp.nullable(),
    acknowledged_by: z.string().nullable(),
  })
  .openapi('Notice');

export const NoticeListQuery = z.strictObject({
  /** Only those that hold and that nobody has acknowledged. */
  unread: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  cursor: Uuid.optional(),
  ...pageOf(50, 500),
});
