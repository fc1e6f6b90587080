import { z } from 'zod';
import { TENANT_ID } from '../../kernel/ids.ts';
import { StackStores } from './handover.ts';

/**
 * What the isolation check in stack mode is told (spec 3): what a tenant holds, and whose things it tries to reach from
 * where a thief would sit. Credentials of others are among it for the built-in probe alone.
 */

const text = z.string().min(1);
const address = z.strictObject({ host: text, port: z.number().int().min(1).max(65_535) });
/** `is_host`: one of the host itself, whose rule drops what knocks, so that a refusal of it says that it was reached. */
const door = z.strictObject({ name: text, ...address.shape, is_host: z.boolean() });

const Target = z.strictObject({
  tenant_id: z.string().regex(TENANT_ID),
  /** The built-in probe: the only target whose things may be written, altered or deleted. */
  probe: z.boolean(),
  /** `user`: an access key, told of the probe alone. */
  objects: z.strictObject({ bucket: text, user: text.nullable() }),
  /** `password`: told of the probe alone. */
  records: z.strictObject({ database: text, role: text, password: text.nullable() }),
  vectors: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('qdrant'), collection: text }),
    /** Where they lie in files: its folder as control sees it, and what tells that folder and its files, whatever their names. */
    z.strictObject({ kind: z.literal('sqlite-vec'), folder: text, ids: z.array(text).max(10) }),
  ]),
  queue: z.strictObject({ ...address.shape, username: text, password: text.nullable(), prefix: text }),
  /** What is in its network, by a name that people know; none where it has no network of its own. */
  doors: z.array(door).max(100),
});

export const IsolationOrder = z.strictObject({
  tenant_id: z.string().regex(TENANT_ID),
  /** It runs in the tenant's own network; otherwise what the network closes is not asked. */
  inside: z.boolean(),
  own: StackStores,
  targets: z.array(Target).max(1000),
  /** Control's own database. */
  control_database: text,
  /** The proxy before the malware scanner; null where there is none. */
  scanner: address.nullable(),
  /** What nobody in the tenant's network may reach, by a name that people know. */
  closed: z.array(door).max(1000),
  /** Addresses at which a resolver might take a question from the tenant's network. */
  resolvers: z.array(text).max(100),
});
export type IsolationOrder = z.infer<typeof IsolationOrder>;
export type OrderTarget = z.infer<typeof Target>;
export type OrderDoor = z.infer<typeof door>;

/**
 * What came of a try. An own door that is shut is DENIED, and one that could not be found out about is SKIPPED, with the
 * reason; then the report does not pass.
 */
export const IsolationTry = z.strictObject({
  store: text,
  test: text,
  target: text,
  result: z.enum(['OK', 'DENIED', 'ALLOWED', 'SKIPPED']),
  reason: z.string().max(500).optional(),
});
export type IsolationTry = z.infer<typeof IsolationTry>;

/** What a check that ran elsewhere says in the end: what it found, or why it could not find out. */
export const IsolationAnswer = z.union([
  z.strictObject({ found: z.array(IsolationTry).max(1_000_000) }),
  z.strictObject({ failed: z.string().max(2000) }),
]);
export type IsolationAnswer = z.infer<typeof IsolationAnswer>;
