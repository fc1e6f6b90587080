import { z } from 'zod';
import type { Verb, VerbTable } from '../rpc/verbs.ts';
import { TenantConfig } from '../tenant-config.ts';
import { StorageKeys } from './handover.ts';

/**
 * What control and a tenant's data plane ask of each other. Control dials in, always: a data plane reaches nothing. What
 * control asks is a request to the plane's address; what the plane asks goes back over a connection that control opened
 * (`CHANNEL_PATH`) and holds open. The tenant is never an argument: it is whom control dialled.
 */

export const INTERNAL_PREFIX = '/internal';
export const CHANNEL_PATH = `${INTERNAL_PREFIX}/channel`;
export const CHANNEL_PROTOCOL = 'frostbyte-channel';

const verb = (args: z.ZodType[], seconds = 10): Verb => ({
  args: z.tuple(args as [z.ZodType, ...z.ZodType[]]),
  answer: 'value',
  seconds,
});
const id = z.string().max(2000);
const most = z.number().int().min(1).max(1000);

/** What control asks of a plane. */
export const PLANE_TABLE = Object.freeze({
  /** Whether it lives: answered at once, whatever else it does. */
  alive: verb([], 30),
  /** The configuration from now on; an older one than the plane has changes nothing. */
  configure: verb([TenantConfig, z.number().int()]),
  /** The keys of its objects from now on: a rotation added or purged one. */
  rekey: verb([StorageKeys]),
  /** Seals its objects behind this one for the newest key, and says of each what was done. */
  reseal: { ...verb([id.nullable()], 120), answer: 'items' } as Verb,
  /** Whether some object is opened by none of the keys with these recipients. */
  needsAnother: verb([z.array(id).max(1000)], 600),
  /** One more gateway whose assertions count: key id, SPKI in PEM. */
  trust: verb([z.string().max(64), z.string().max(1000)]),
  /** Takes nothing new, ends what is in flight within so many milliseconds, and exits. */
  drain: verb([z.number().int().min(0).max(600_000)]),
  pendingEvents: verb([most], 30),
  markRelayed: verb(
    [z.array(z.strictObject({ seq: z.number().int(), event_id: id, log_index: z.number().int() })).max(1000)],
    30,
  ),
  presence: verb([z.enum(['batch', 'document']), id]),
  usage: verb([], 30),
  health: verb([], 30),
  measures: verb([]),
} satisfies VerbTable);
export type PlaneTable = typeof PLANE_TABLE;

/** What a plane asks of control. */
export const QUESTION_TABLE = Object.freeze({
  /** Scopes of the legal holds on a document that came with these batches. */
  holdsOn: verb([id, z.array(id).max(100_000)]),
  /** Whether the host's clock can be trusted to say that a document's time is over. */
  isClockTrusted: verb([]),
  /** Bytes that may still be written to the disk of the server stores; null where control sees no disk. */
  room: verb([]),
  /** What no restore may undo, of this tenant. */
  ledger: verb([z.strictObject({ after: z.number().int().min(0), limit: most })]),
} satisfies VerbTable);
export type QuestionTable = typeof QUESTION_TABLE;

/** A dependency of a plane, by name, without ids or secrets. */
export interface Dependency {
  name: string;
  ok: boolean;
  message: string;
}
