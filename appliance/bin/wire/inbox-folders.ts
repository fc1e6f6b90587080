import type { FileHandle } from 'node:fs/promises';
import type { Config } from '../../config/schema.ts';
import { closeFile, ensureFolder, errnoOf, openRoot } from '../../data/inbox/handles.ts';
import { INBOX_PATIENCE, ShareSilent } from '../../data/inbox/patience.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';

/** How long the end of the process waits for a folder that may never answer. */
export const GOODBYE_MS = 2000;

/** The tenants' folders of the inbox, as this process knows them. */
export interface InboxFolders {
  /** Does something in a tenant's folder; null where it cannot be used, which is said once, or does not answer. */
  use<T>(tenantId: string, work: (tenant: FileHandle) => Promise<T>): Promise<T | null>;
  /** Why a tenant's folder could not be used when it was tried last (EROFS, ETIMEDOUT …), or null. */
  trouble(tenantId: string): string | null;
  /** A call into the folder hangs: it is left alone until that comes back. */
  isSilent(tenantId: string): boolean;
  /** How many tenants' folders do not answer. */
  silent(): number;
}

/** Null where the configuration names no inbox. */
export function inboxFolders(settings: Config['inbox'], logger: Logger): InboxFolders | null {
  const { folder: root } = settings;
  if (root === null) return null;
  INBOX_PATIENCE.patienceMs = settings.patience_seconds * 1000;
  const troubles = new Map<string, string>();
  const silent = new Set<string>();

  function leaveAlone(tenantId: string, { back }: ShareSilent): void {
    silent.add(tenantId);
    void back.then(() => {
      silent.delete(tenantId);
      logger.info('an inbox folder answers again', shaped({ tenant_id: tenantId }));
    });
  }

  return {
    async use(tenantId, work) {
      if (silent.has(tenantId)) return null;
      try {
        const top = await openRoot(root);
        try {
          const tenant = await ensureFolder(top, tenantId);
          try {
            const done = await work(tenant);
            troubles.delete(tenantId);
            return done;
          } finally {
            await closeFile(tenant);
          }
        } finally {
          await closeFile(top);
        }
      } catch (error) {
        const code = error instanceof ShareSilent ? 'ETIMEDOUT' : errnoOf(error);
        if (code === undefined) throw error;
        if (error instanceof ShareSilent) leaveAlone(tenantId, error);
        if (troubles.get(tenantId) !== code)
          logger.warn('the inbox folder of a tenant cannot be used', {
            ...shaped({ tenant_id: tenantId }),
            code: asCode(code),
          });
        troubles.set(tenantId, code);
        return null;
      }
    },
    trouble: (tenantId) => troubles.get(tenantId) ?? null,
    isSilent: (tenantId) => silent.has(tenantId),
    silent: () => silent.size,
  };
}
