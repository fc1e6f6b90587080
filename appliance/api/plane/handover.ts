import { z } from 'zod';
import { TENANT_ID } from '../../kernel/ids.ts';
import { TenantConfig } from '../tenant-config.ts';

/**
 * Everything that a tenant's own process gets to know when it starts: one tenant's stores, keys and configuration, and
 * nothing of anybody else. It is handed over an inherited pipe or as a file in memory, never in arguments or environment.
 */

/** A unix socket (and the user who may connect, where it is another one), or an address of the tenant's network. */
export const PlaneAddress = z.union([
  z.strictObject({ socket: z.string().min(1), owner: z.number().int().optional() }),
  z.strictObject({ host: z.string().min(1), port: z.number().int().min(0).max(65_535) }),
]);
export type PlaneAddress = z.infer<typeof PlaneAddress>;

const text = z.string().min(1);
/** `ServerTls` of the kernel: how a server is spoken to, with PEM texts. The key is as secret as a password. */
const tls = z
  .strictObject({ ca: text.optional(), servername: text.optional(), cert: text.optional(), key: text.optional() })
  .optional();
const port = z.number().int().min(1).max(65_535);
const count = z.number().int().min(1);

/** The tenant's folders and files. */
const EmbeddedStores = z.strictObject({
  kind: z.literal('embedded'),
  objects: z.string(),
  records: z.string(),
  vectors: z.string(),
  queue: z.string(),
  temporary: z.string(),
});

/** The tenant's place in each server, and the credentials that open that place alone (spec 3). */
export const StackStores = z.strictObject({
  kind: z.literal('stack'),
  objects: z.strictObject({ endpoint: z.url(), bucket: text, access_key: text, secret_key: text, tls }),
  records: z.strictObject({
    ...{ host: text, port, database: text, user: text, password: text, tls },
    /** Sessions at most: of the data plane itself, and of each of its workers. */
    connections: z.strictObject({ plane: count, worker: count }),
  }),
  vectors: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('qdrant'), url: z.url(), collection: text, token: text, tls }),
    /** Where there is no Qdrant: a file that the tenant's data plane alone has. */
    z.strictObject({ kind: z.literal('sqlite-vec'), file: text }),
  ]),
  queue: z.strictObject({ host: text, port, username: text, password: text, prefix: text, tls }),
  temporary: z.string(),
});
export type StackStores = z.infer<typeof StackStores>;

export const PlaneStores = z.discriminatedUnion('kind', [EmbeddedStores, StackStores]);
export type PlaneStores = z.infer<typeof PlaneStores>;
export type EmbeddedStores = z.infer<typeof EmbeddedStores>;

/** As the key ring gives them. */
export const StorageKeys = z.strictObject({
  recipient: z.string(),
  identities: z.array(z.string()).min(1).max(1000),
  recipients: z.array(z.string()).min(1).max(1000),
});

export const PlaneHandover = z.strictObject({
  tenant_id: z.string().regex(TENANT_ID),
  listen: PlaneAddress,
  stores: PlaneStores,
  /** Opens what is at rest: the newest recipient, and every identity that something is still sealed for. */
  storage_keys: StorageKeys,
  /** Public keys, SPKI in PEM: whose assertions count. Gateways by the id of their key. */
  control_key: z.string(),
  gateway_keys: z.record(z.string().max(64), z.string()),
  config: TenantConfig,
  config_version: z.number().int(),
  /** False while the tenant is being provisioned: nothing is taken from its inbox before control says so. */
  is_open: z.boolean(),
  /** How far time was (milliseconds since the epoch): it does not run backwards for this process either. */
  clock_floor: z.number().int(),
  /** The settings of the appliance that concern a tenant's process; read again there. */
  settings: z.record(z.string(), z.unknown()),
});
export type PlaneHandover = z.infer<typeof PlaneHandover>;
