import { createHmac } from 'node:crypto';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import { pointId } from '../../../kernel/ids.ts';
import { type QdrantAddress, QdrantConnection, type QdrantLimits } from './connection.ts';

/** The collection of token ids that live; a token whose row is gone is refused with its next request. */
const LIVE = 'frostbyte_tokens';

/**
 * A token that opens a tenant's collections for reading and writing, for as long as its id lives (spec 3, "Qdrant tokens"): HS256
 * under the administrator's key. It always names a collection: one without `access` would be an administrator's.
 */
export function collectionToken(
  apiKey: string,
  { collections, id }: { collections: readonly [string, ...string[]]; id: string },
): string {
  if (!collections.every((name) => /^[a-z][a-z0-9_]{0,62}$/.test(name)))
    throw new RangeError('not a name of a collection of ours');
  return signed(apiKey, {
    subject: collections[0],
    access: collections.map((collection) => ({ collection, access: 'rw' })),
    value_exists: { collection: LIVE, matches: [{ key: 'jti', value: id }] },
  });
}

/** The id of a token of ours; null where it is none. */
export function tokenId(token: string): string | null {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims;
    const [match] = claims.value_exists.matches;
    return typeof match?.value === 'string' ? match.value : null;
  } catch {
    return null;
  }
}

interface Claims {
  value_exists: { matches: { value?: unknown }[] };
}

function signed(key: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

/** Which tokens live: what only the administrator may say. Each verb may be repeated. */
export class LiveTokens {
  readonly #connection: QdrantConnection;

  constructor(address: QdrantAddress, limits?: QdrantLimits) {
    this.#connection = new QdrantConnection(address, limits);
  }

  /** Lets this token of a tenant live, and no other of it. */
  async only(tenantId: string, id: string): Promise<void> {
    await this.#make();
    const point = { id: pointId(id), vector: {}, payload: { jti: id, tenant_id: tenantId } };
    await this.#connection.ask((api, init) =>
      api.upsertPoints({ collection_name: LIVE, wait: true, points: [point] }, init),
    );
    const others = { must: [ofTenant(tenantId)], must_not: [{ key: 'jti', match: { value: id } }] };
    await this.#connection.ask((api, init) =>
      api.deletePoints({ collection_name: LIVE, wait: true, filter: others }, init),
    );
  }

  /** Ends all tokens of a tenant. */
  async none(tenantId: string): Promise<void> {
    await this.#make();
    await this.#connection.ask((api, init) =>
      api.deletePoints({ collection_name: LIVE, wait: true, filter: { must: [ofTenant(tenantId)] } }, init),
    );
  }

  /** How many of a tenant live. */
  async count(tenantId: string): Promise<number> {
    await this.#make();
    const { count } = await this.#connection.ask((api, init) =>
      api.countPoints({ collection_name: LIVE, exact: true, filter: { must: [ofTenant(tenantId)] } }, init),
    );
    return count;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #make(): Promise<void> {
    const exists = async () =>
      (await this.#connection.ask((api, init) => api.collectionExists({ collection_name: LIVE }, init))).exists;
    if (await exists()) return;
    try {
      await this.#connection.ask((api, init) => api.createCollection({ collection_name: LIVE, vectors: {} }, init));
    } catch (error) {
      // Made by the attempt whose answer was lost, or by somebody else.
      if (!isFrostbyteError(error, 'INTERNAL_ERROR') || !(await exists())) throw error;
    }
  }
}

const ofTenant = (tenantId: string) => ({ key: 'tenant_id', match: { value: tenantId } });
