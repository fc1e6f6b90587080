import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkTenantId } from '../../../kernel/ids.ts';
import { syncFolder, writeSecret } from '../../../secrets/secret-file.ts';

/**
 * Which tenants' credentials were ended by the kill-switch, durable: until a tenant gets new ones its old ones stay dead,
 * whenever control dies. `ending`: perhaps not in every store yet.
 */
export interface Endings {
  of(tenantId: string): 'ending' | 'ended' | null;
  set(tenantId: string, state: 'ending' | 'ended'): Promise<void>;
  clear(tenantId: string): Promise<void>;
  /** Tenants whose credentials may still live somewhere. */
  open(): string[];
}

export function endings(folder: string): Endings {
  const file = (tenantId: string) => join(folder, checkTenantId(tenantId));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const of = (tenantId: string): 'ending' | 'ended' | null => {
    if (!existsSync(file(tenantId))) return null;
    return readFileSync(file(tenantId), 'utf8') === 'ended' ? 'ended' : 'ending';
  };
  return {
    of,
    async set(tenantId, state) {
      if (of(tenantId) !== state) await writeSecret(file(tenantId), Buffer.from(state), { replace: true });
    },
    async clear(tenantId) {
      rmSync(file(tenantId), { force: true });
      await syncFolder(folder);
    },
    open: () => readdirSync(folder).filter((name) => !name.startsWith('.') && of(name) === 'ending'),
  };
}
