import type { Config } from '../../config/schema.ts';
import type { Control } from '../../control/create-control.ts';
import type { Tenant } from '../../control/verbs.ts';
import { writeNotices } from '../../data/inbox/outbox.ts';
import { codeFrames } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { repeat } from '../repeat.ts';
import { GOODBYE_MS, type InboxFolders } from './inbox-folders.ts';
import { within } from './planes.ts';

/** A folder that takes no notice is tried again after so long. */
const RETRY_MS = 60_000;

interface Shown {
  /** The notices that its outbox shows; null before the first look. */
  notices: string | null;
  tryAt: number;
}

/**
 * Writes what tenants are to be told into the outbox of their inbox folders, every `poll_seconds`, also while they are
 * suspended and nothing of theirs runs.
 */
export function showNotices(options: {
  settings: Config['inbox'];
  folders: InboxFolders;
  control: Pick<Control, 'notices'>;
  tenants(): AsyncIterable<Pick<Tenant, 'tenant_id' | 'state'>>;
  logger: Logger;
}): { stop(): Promise<void> } {
  const { settings, folders, control, logger } = options;
  const shown = new Map<string, Shown>();

  async function show(tenantId: string): Promise<void> {
    const known = shown.get(tenantId) ?? { notices: null, tryAt: 0 };
    shown.set(tenantId, known);
    const notices = await control.notices(tenantId);
    const now = JSON.stringify(notices);
    if (now === known.notices || folders.isSilent(tenantId) || performance.now() < known.tryAt) return;
    const written = await folders.use(tenantId, async (tenant) => {
      await writeNotices(tenant, tenantId, notices);
      return true;
    });
    if (written) known.notices = now;
    else known.tryAt = performance.now() + RETRY_MS;
  }

  const beat = repeat(
    async () => {
      for await (const { tenant_id, state } of options.tenants()) {
        if (state === 'DEPROVISIONED') shown.delete(tenant_id);
        else if (state === 'ACTIVE' || state === 'SUSPENDED') await show(tenant_id);
      }
    },
    settings.poll_seconds * 1000,
    (error) => logger.warn('the inboxes could not be told', codeFrames(error)),
  );
  return { stop: () => within(GOODBYE_MS, beat.stop()) };
}
