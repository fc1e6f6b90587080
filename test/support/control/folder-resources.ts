import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  IsolationFinding,
  TenantResource,
  TenantResources,
} from '../../../appliance/control/provisioning/port.ts';

/** Every call of a resource, as `before` sees it: `records.make`, `keys.destroy`, `stop`, …. */
export type Before = (call: string, tenantId: string) => void;

/**
 * Tenant resources that are plain files below a folder, quick to make and easy to look at: a file per resource. `before`
 * runs at each call and may throw or kill.
 */
export function folderResources(folder: string, before: Before = () => undefined): TenantResources {
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
  return {
    keys: {
      ...resource('keys'),
      current: async (tenantId) => ({
        age_public_key: `age1${readFileSync(path(tenantId, 'keys'), 'utf8')}`,
        key_version: 1,
      }),
    },
    credentials: resource('credentials'),
    objects: resource('objects'),
    records: resource('records'),
    vectors: resource('vectors'),
    queue: resource('queue'),
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
    sealWithRoot: async (bytes) => Buffer.concat([Buffer.from('sealed:'), bytes]),
    openWithRoot: async (sealed) => {
      if (Buffer.from(sealed.subarray(0, 7)).toString() !== 'sealed:') throw new Error('not sealed');
      return sealed.subarray(7);
    },
  };
}
