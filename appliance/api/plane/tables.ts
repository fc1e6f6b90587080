import { z } from 'zod';
import { RESOURCE_TYPES } from '../../kernel/audit-event.ts';
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

const verb = (args: z.ZodType[], seconds = 10, gives?: z.ZodType): Verb => ({
  args: z.tuple(args as [z.ZodType, ...z.ZodType[]]),
  answer: 'value',
  seconds,
  ...(gives && { gives }),
});
const id = z.string().max(2000);
const most = z.number().int().min(1).max(1000);
const count = z.number().int().min(0);

/*
 * What a plane answers: whoever took it over may say anything, and control serves all tenants. An event's words are held
 * against its log.
 */
const Waiting = z.strictObject({
  seq: count,
  event: z.object({
    event_id: z.string().max(64),
    tenant_id: z.string().max(32),
    event_type: z.string().max(64),
    timestamp: z.string().max(64),
    actor: id,
    resource_type: z.enum(RESOURCE_TYPES),
    resource_id: id,
    details: z.record(z.string(), z.unknown()),
    previous_event_id: z.string().max(64).nullable(),
  }),
  references: z.array(z.strictObject({ name: id, salt: id, value: z.string() })).max(100),
});
const Usage = z.strictObject({
  storage_used_gb: z.number().min(0),
  documents_count: count,
  chunks_count: count,
  batches_count: count,
});
const Health = z.strictObject({
  name: z.string().regex(/^(?:workers|inbox|scanner|(?:tenants|parser)\.[a-z0-9_]{1,40})$/),
  ok: z.boolean(),
  message: z.string().transform((text) => text.slice(0, 1000)),
});
const Resealed = z.strictObject({
  key: id,
  bytes: count,
  outcome: z.enum(['moved', 'current', 'gone', 'failed']),
});

/** What control asks of a plane. */
export const PLANE_TABLE = Object.freeze({
  /** Whether it lives: answered at once, whatever else it does. */
  alive: verb([], 30),
  /** The configuration from now on; an older one than the plane has changes nothing. */
  configure: verb([TenantConfig, z.number().int()]),
  /** The keys of its objects from now on: a rotation added or purged one. */
  rekey: verb([StorageKeys]),
  /** Seals its objects behind this one for the newest key, and says of each what was done. */
  reseal: { ...verb([id.nullable()], 120, Resealed), answer: 'items' } as Verb,
  /** Whether some object is opened by none of the keys with these recipients. */
  needsAnother: verb([z.array(id).max(1000)], 600, z.boolean()),
  /** One more gateway whose assertions count: key id, SPKI in PEM. */
  trust: verb([z.string().max(64), z.string().max(1000)]),
  /** The tenant is provisioned: from now on its inbox is looked after. */
  open: verb([]),
  /** Takes nothing new, ends what is in flight within so many milliseconds, and exits. */
  drain: verb([z.number().int().min(0).max(600_000)]),
  pendingEvents: verb([most], 30, z.array(Waiting).max(1000)),
  markRelayed: verb(
    [z.array(z.strictObject({ seq: z.number().int(), event_id: id, log_index: z.number().int() })).max(1000)],
    30,
  ),
  presence: verb([z.enum(['batch', 'document']), id], 10, z.enum(['there', 'going', 'missing'])),
  usage: verb([], 30, Usage),
  health: verb([], 30, z.array(Health).max(100)),
  /** The same of its own stores alone: nothing that all tenants share is asked. */
  stores: verb([], 30, z.array(Health).max(10)),
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
