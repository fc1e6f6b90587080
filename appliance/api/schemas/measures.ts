import { z } from '../zod.ts';
import { TenantId, Timestamp } from './common.ts';

/** What the box keeps of its metrics, and the alerts that it finds in them (spec 6). */

export const MeasuresQuery = z.strictObject({
  /** Without it: the whole box. */
  tenant_id: TenantId.optional(),
  /** How far back; a month at most. */
  hours: z.coerce.number().int().min(1).max(744).default(6),
});

export const MeasuresAnswer = z
  .object({
    from: Timestamp,
    to: Timestamp,
    /** How far apart the samples are that it was made of. */
    step_seconds: z.number().int(),
    /** Where each point of a line ends. */
    times: z.array(Timestamp),
    plots: z.array(
      z.object({
        plot: z.string(),
        unit: z.enum(['count', 'bytes', 'seconds']),
        lines: z.array(z.object({ line: z.string(), points: z.array(z.number().nullable()) })),
      }),
    ),
  })
  .openapi('Measures');

const severity = z.enum(['critical', 'high', 'medium', 'low']);

export const AlertsAnswer = z
  .object({
    evaluated_at: Timestamp.nullable(),
    alerts: z.array(
      z.object({
        rule: z.string(),
        severity,
        tenant_id: TenantId,
        value: z.number(),
        above: z.number(),
        since: Timestamp,
        summary: z.string(),
        mend: z.string(),
      }),
    ),
    rules: z.array(z.object({ rule: z.string(), severity, summary: z.string() })),
  })
  .openapi('Alerts');
