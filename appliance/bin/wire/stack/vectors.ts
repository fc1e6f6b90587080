import { existsSync } from 'node:fs';
import { access, constants, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StackStores } from '../../../api/plane/handover.ts';
import type { TenantResource } from '../../../control/provisioning/port.ts';
import { PROBE_TENANT } from '../../../control/tenants/tenant-id.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { besideCollection, besideFile, tenantNames } from '../../../kernel/names.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { QdrantCollections } from '../../../stores/vector/qdrant/collection.ts';
import { LiveTokens, tokenId } from '../../../stores/vector/qdrant/tokens.ts';
import { openQdrantVectors } from '../../../stores/vector/qdrant.ts';
import { openSqliteVectors } from '../../../stores/vector/sqlite-vec.ts';
import { checkVectors } from '../canaries.ts';

/** A tenant's vector index, and the one token that opens it (spec 3, row "Qdrant"). */
export interface StackVectors extends TenantResource {
  /** The kill-switch: the tenant's tokens are refused from the next request on. */
  disable(tenantId: string): Promise<void>;
  /** The token that the secrets file has now lives, and no other. */
  renew(tenantId: string): Promise<void>;
  /** Throws `STORE_UNAVAILABLE` unless the server answers, or the disk takes files, whether or not a tenant has any. */
  answers(): Promise<void>;
  /** Bytes that the tenant takes of the server's disk; none where its vectors are files of its own. */
  held(tenantId: string): Promise<number>;
  /** What the tenant's data plane is handed. */
  handedOver(tenantId: string): Promise<StackStores['vectors']>;
  close(): Promise<void>;
}

/** Collections on one Qdrant. `apiKey` is the administrator's. */
export function qdrantVectors(options: {
  /** As control reaches it. */
  url: string;
  /** For control and tenants alike; for `https`. */
  tls?: ServerTls | undefined;
  apiKey: string;
  /** The token in the tenant's secrets file; null where there is none (any more). */
  tokenOf(tenantId: string): Promise<string | null>;
  /** As the tenant reaches it. */
  way(tenantId: string): Promise<string>;
}): StackVectors {
  const { tls } = options;
  const address = { url: options.url, token: options.apiKey, tls };
  const collections = new QdrantCollections(address);
  const live = new LiveTokens(address);
  const token = async (tenantId: string): Promise<string> => {
    const found = await options.tokenOf(tenantId);
    if (found !== null) return found;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no token for the vector index.');
  };
  const renew = async (tenantId: string): Promise<void> => {
    // A tenant of before there were two has it from here on. The first is never made anew: empty, it would hide a loss.
    await collections.make(besideCollection(tenantNames(tenantId).collection));
    const id = tokenId(await token(tenantId));
    if (id === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'The token for the vector index is none of ours.');
    await live.only(tenantId, id);
  };
  return {
    make: async (tenantId) => {
      await collections.make(tenantNames(tenantId).collection);
      await renew(tenantId);
    },
    check: async (tenantId) => {
      const tenantAddress = { url: await options.way(tenantId), token: await token(tenantId), tls };
      for (const collection of collectionsOf(tenantId))
        await checkVectors(openQdrantVectors({ address: tenantAddress, collection }));
    },
    destroy: async (tenantId) => {
      await live.none(tenantId);
      for (const name of collectionsOf(tenantId)) await collections.drop(name);
    },
    isGone: async (tenantId) => {
      for (const name of collectionsOf(tenantId)) if (await collections.exists(name)) return false;
      return (await live.count(tenantId)) === 0;
    },
    disable: (tenantId) => live.none(tenantId),
    renew,
    answers: async () => void (await collections.exists(tenantNames(PROBE_TENANT).collection)),
    async held(tenantId) {
      let bytes = 0;
      for (const name of collectionsOf(tenantId)) bytes += await collections.held(name);
      return bytes;
    },
    handedOver: async (tenantId) => ({
      kind: 'qdrant',
      url: await options.way(tenantId),
      collection: tenantNames(tenantId).collection,
      token: await token(tenantId),
      tls,
    }),
    close: async () => {
      await Promise.all([collections.close(), live.close()]);
    },
  };
}

/** The two that a tenant has: one is served, the other is built when its model changes. */
export function collectionsOf(tenantId: string): [string, string] {
  const { collection } = tenantNames(tenantId);
  return [collection, besideCollection(collection)];
}

/** Where there is no Qdrant: a file for each tenant, which its data plane alone opens. */
export function fileVectors(options: {
  clock: Clock;
  /** As control sees the file. */
  file(tenantId: string): string;
  /** As the tenant's data plane sees it. */
  seenAs(tenantId: string): string;
}): StackVectors {
  const SUFFIXES = ['-wal', '-shm', '-journal', ''] as const;
  const pathsOf = (tenantId: string): string[] =>
    [options.file(tenantId), besideFile(options.file(tenantId))].flatMap((file) =>
      SUFFIXES.map((suffix) => file + suffix),
    );
  const open = (tenantId: string) => openSqliteVectors(options.file(tenantId), { appliedAt: options.clock.iso() });
  return {
    make: async (tenantId) => {
      await mkdir(dirname(options.file(tenantId)), { recursive: true, mode: 0o700 });
      await checkVectors(open(tenantId));
    },
    check: async (tenantId) => {
      if (!existsSync(options.file(tenantId))) {
        throw new FrostbyteError('STORE_UNAVAILABLE', 'The vector index of the tenant is missing.');
      }
      await checkVectors(open(tenantId));
    },
    destroy: async (tenantId) => {
      for (const path of pathsOf(tenantId)) await rm(path, { force: true });
    },
    isGone: async (tenantId) => pathsOf(tenantId).every((path) => !existsSync(path)),
    // Nobody but the data plane opens it, and that is stopped.
    disable: async () => undefined,
    renew: async () => undefined,
    answers: async () => {
      const folder = dirname(dirname(options.file(PROBE_TENANT)));
      try {
        // Before there is a tenant nobody has made it.
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await access(folder, constants.W_OK);
      } catch (cause) {
        throw new FrostbyteError('STORE_UNAVAILABLE', 'The folder of tenants’ vectors cannot be written to.', {
          cause,
        });
      }
    },
    held: async () => 0,
    handedOver: async (tenantId) => ({ kind: 'sqlite-vec', file: options.seenAs(tenantId) }),
    close: async () => undefined,
  };
}
