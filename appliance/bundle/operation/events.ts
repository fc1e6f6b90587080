import { z } from 'zod';
import type { Json } from './phase.ts';

/** What a journal holds: the plan, then one event a line, in order. */

const JsonValue: z.ZodType<Json> = z.json();
const phase = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);
const text = z.string().max(10_000);

/** Who ran a command on the host: the user that it runs as, and the one that logged in, which `sudo` does not change. */
export const Actor = z.strictObject({
  user: z.string().max(256),
  uid: z.number().int().min(0),
  login: z.string().max(256).nullable(),
});
export type Actor = z.infer<typeof Actor>;

const PlannedPhase = z.strictObject({
  name: phase,
  title: text,
  seconds: z.number().min(0),
  reversible: z.boolean(),
});

const Plan = z.strictObject({
  event: z.literal('planned'),
  operation: z.string().regex(/^[0-9]{8}T[0-9]{6}Z-[a-z-]{1,40}(?:-\d{1,4})?$/),
  kind: z.string().regex(/^[a-z][a-z-]{0,39}$/),
  title: text,
  parameters: z.record(z.string(), JsonValue),
  /** The release whose program made the plan, and alone can go on with it. */
  version: z.string().max(100),
  on_failure: z.enum(['wait', 'roll-back']),
  phases: z.array(PlannedPhase).min(1).max(200),
  by: Actor,
});
export type Plan = z.infer<typeof Plan>;

const Happened = z.discriminatedUnion('event', [
  Plan,
  /** Written before `do`: from here on the phase may have changed something. `before` is null when it begins again. */
  z.strictObject({ event: z.literal('begun'), phase, again: z.boolean(), before: JsonValue }),
  /** `found`: its check said so, and nothing was done. */
  z.strictObject({ event: z.literal('done'), phase, found: z.boolean() }),
  z.strictObject({ event: z.literal('noted'), phase, text }),
  z.strictObject({ event: z.literal('failed'), phase, code: z.string().max(100), message: text }),
  z.strictObject({ event: z.literal('resumed'), by: Actor, version: z.string().max(100) }),
  /** The operator stopped it between two phases, or within one. */
  z.strictObject({ event: z.literal('stopped') }),
  z.strictObject({ event: z.literal('rolling-back'), because: text, by: Actor }),
  z.strictObject({ event: z.literal('undoing'), phase }),
  z.strictObject({ event: z.literal('undone'), phase }),
  z.strictObject({ event: z.literal('finished'), result: z.enum(['done', 'rolled-back']) }),
]);
const Stamp = z.strictObject({ n: z.number().int().min(0), at: z.iso.datetime({ precision: 3 }) });

/** What happened, without when. */
export type Happened = z.infer<typeof Happened>;

/** An event as it stands in a journal. */
export type JournalEvent = Happened & { readonly n: number; readonly at: string };

/** An event held against the format; null for anything else. */
export function readEvent({ n, at, ...happened }: Record<string, unknown>): JournalEvent | null {
  const parsed = Happened.safeParse(happened);
  const when = Stamp.safeParse({ n, at });
  return parsed.success && when.success ? { ...parsed.data, ...when.data } : null;
}
