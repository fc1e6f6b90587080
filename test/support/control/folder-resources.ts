import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  IsolationFinding,
  TenantKey,
  TenantResource,
  TenantResources,
} from '../../../appliance/control/provisioning/port.ts';

/** Every call of a resource, as `before` sees it: `records.make`, `keys.destroy`, `stop`, …. */
export type Before = (call: string, tenantId: string) => void;

/**
 * Tenant resources that are plain files below a folder, quick to make and easy to look at: a file per resource. `before`
 * runs at each call and may throw or kill. `contained`: with those that only tenants in containers have.
 */
export function folderResources(
  folder: string,
  before: Before = () => undefined,
  { contained = false } = {},
): TenantResources {
  const path = (tenantId: string, name: string) => join(folder, 'made', tenantId, name);
  const resource = (name: string): TenantResource => ({
    make: async (tenantId) => {
      before(`${name}.make`, tenantId);
      mkdirSync(join(folder, 'made', tenantId), { recursive: true });
      if (!existsSync(path(tenantId, name))) writeFileSync(path(tenantId, name), randomBytes(16).toString('hex'));
      before(`${name}.made`, tenantId);
    },
    check: async (tenantId) => {
      before(`${name}.check`, tenantId);
      readFileSync(path(tenantId, name));
    },
    destroy: async (tenantId) => {
      before(`${name}.destroy`, tenantId);
      rmSync(path(tenantId, name), { force: true });
      before(`${name}.destroyed`, tenantId);
    },
    isGone: async (tenantId) => !existsSync(path(tenantId, name)),
  });
  /** The keys as they were made (a text) or as a rotation left them (JSON). */
  const keysOf = (tenantId: string): TenantKey => {
    const text = readFileSync(path(tenantId, 'keys'), 'utf8');
    const { identity, version, storage } = text.startsWith('{')
      ? (JSON.parse(text) as { identity: string; version: number; storage: number })
      : { identity: text, version: 1, storage: 1 };
    return {
      age_public_key: `age1${identity}`,
      key_version: version,
      storage: Array.from({ length: storage }, (_, at) => ({
        storage_version: storage - at,
        age_public_key: `age1storage${storage - at}`,
      })),
    };
  };
  return {
    keys: {
      ...resource('keys'),
      current: async (tenantId) => keysOf(tenantId),
      addIdentity: async (tenantId, version) => {
        before('keys.addIdentity', tenantId);
        writeFileSync(path(tenantId, `identity-${version}`), randomBytes(16).toString('hex'));
      },
      rewrap: async (tenantId, version) => {
        before('keys.rewrap', tenantId);
        const identity = readFileSync(path(tenantId, `identity-${version}`), 'utf8');
        const { storage } = keysOf(tenantId);
        writeFileSync(path(tenantId, 'keys'), JSON.stringify({ identity, version, storage: storage.length }));
      },
      addStorage: async (tenantId, version) => {
        before('keys.addStorage', tenantId);
        const { key_version, age_public_key } = keysOf(tenantId);
        const identity = age_public_key.slice(4);
        writeFileSync(path(tenantId, 'keys'), JSON.stringify({ identity, version: key_version, storage: version }));
      },
      purge: async (tenantId, kind, version) => {
        before('keys.purge', tenantId);
        rmSync(path(tenantId, `${kind}-${version}`), { force: true });
      },
      escrow: async () => null,
      copyEscrow: async () => null,
    },
    credentials: {
      ...resource('credentials'),
      renew: async (tenantId) => {
        before('credentials.renew', tenantId);
        writeFileSync(path(tenantId, 'credentials'), randomBytes(16).toString('hex'));
      },
    },
    objects: {
      ...resource('objects'),
      async *reseal() {},
      needStorage: async () => false,
    },
    records: resource('records'),
    vectors: resource('vectors'),
    queue: resource('queue'),
    ...(contained ? { network: resource('network'), containers: resource('containers') } : {}),
    stop: async (tenantId) => before('stop', tenantId),
    outbox: async () => null,
    // What is named for it is there; tests that need more say so themselves.
    presence: async (_tenantId, _kind, id) => (/missing|_0{16}$/.test(id) ? 'missing' : 'there'),
    isolation: async (tenantId, targets) => {
      before('isolation', tenantId);
      const own: IsolationFinding = { store: 'objects', test: 'own access', target: tenantId, result: 'OK' };
      return [
        own,
        ...targets.map(({ tenant_id }) => ({ ...own, test: 'read', target: tenant_id, result: 'DENIED' as const })),
      ];
    },
    isolated: { own: ['objects'], foreign: ['objects'] },
    sealWithRoot: async (bytes) => Buffer.concat([Buffer.from('sealed:'), bytes]),
    openWithRoot: async (sealed) => {
      if (Buffer.from(sealed.subarray(0, 7)).toString() !== 'sealed:') throw new Error('not sealed');
      return sealed.subarray(7);
    },
    recovery: {
      status: async () => ({ recipient: null, proven_at: null, pending: null, challenge_expires_at: null }),
      name: () => Promise.reject(new Error('not here')),
      challenge: () => Promise.reject(new Error('not here')),
      prove: () => Promise.reject(new Error('not here')),
    },
  };
}
