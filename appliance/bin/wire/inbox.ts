import type { InboxQuery, InboxStatus } from '../../api/schemas/inbox.ts';
import type { Config } from '../../config/schema.ts';
import type { Tenant } from '../../control/verbs.ts';
import { InboxMemory } from '../../data/inbox/memory.ts';
import { inboxRound } from '../../data/inbox/round.ts';
import { inboxStatus } from '../../data/inbox/status.ts';
import type { DataPlane } from '../../data/plane.ts';
import { codeFrames } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { repeat } from '../repeat.ts';
import { GOODBYE_MS, type InboxFolders } from './inbox-folders.ts';
import { within } from './planes.ts';

/** Inboxes at work at the same time: a large batch of one tenant does not stop the others. */
const AT_WORK = 4;

export interface Inboxes {
  start(): void;
  status(tenantId: string, query: InboxQuery): InboxStatus;
  /** Begins nothing more, gives up what is being taken; resolves when quiet, or when a folder holds it up for too long. */
  stop(): Promise<void>;
}

export interface InboxesOptions {
  settings: Config['inbox'];
  folders: InboxFolders;
  /** Runs `work` on a tenant's plane. */
  use<T>(tenantId: string, work: (plane: DataPlane) => Promise<T>): Promise<T>;
  isSuspended(tenantId: string): boolean;
  tenants(): AsyncIterable<Pick<Tenant, 'tenant_id' | 'state'>>;
  wake(): void;
  logger: Logger;
}

interface Watched {
  memory: InboxMemory;
  atWork: Promise<void> | null;
}

/**
 * Watches the inbox folders of all tenants, every `poll_seconds`: what lies in those of ACTIVE tenants is taken, those of
 * others rest.
 */
export function watchInboxes(options: InboxesOptions): Inboxes {
  const { settings, folders, logger } = options;
  const watched = new Map<string, Watched>();
  const elapsed = () => performance.now();
  let stopping = false;
  let beat: { stop(): Promise<void> } | undefined;
  /** Whose turn comes first, so that places at work go round. */
  let turn = 0;

  async function look(): Promise<void> {
    const active: string[] = [];
    for await (const { tenant_id, state } of options.tenants()) {
      if (state === 'DEPROVISIONED') watched.delete(tenant_id);
      else if (state === 'ACTIVE') active.push(tenant_id);
    }
    turn++;
    for (let at = 0; at < active.length; at++) begin(active[(turn + at) % active.length]!);
  }

  function begin(tenantId: string): void {
    const inbox = of(tenantId);
    const busy = [...watched.values()].filter(({ atWork }) => atWork !== null).length;
    if (inbox.atWork !== null || folders.isSilent(tenantId) || busy >= AT_WORK || halted(tenantId)) return;
    inbox.atWork = rounds(tenantId, inbox.memory)
      .catch((error: unknown) => {
        if (!halted(tenantId))
          logger.warn('an inbox could not be looked after', {
            ...shaped({ tenant_id: tenantId }),
            ...codeFrames(error),
          });
      })
      .finally(() => {
        inbox.atWork = null;
      });
  }

  async function rounds(tenantId: string, memory: InboxMemory): Promise<void> {
    for (let more = true; more && !halted(tenantId); ) {
      more = await options.use(tenantId, async (plane) => {
        const done = await folders.use(tenantId, async (tenant) => {
          const { config, config_version } = await plane.config();
          return inboxRound({
            plane,
            tenant,
            memory,
            settings: {
              stableMs: settings.stable_seconds * 1000,
              waitingMs: settings.waiting_minutes * 60_000,
              takenFiles: settings.taken_files,
            },
            current: { max_batch_size: config.max_batch_size, config_version },
            halted: () => halted(tenantId),
            wake: options.wake,
            elapsed,
          });
        });
        return done?.more ?? false;
      });
    }
  }

  function of(tenantId: string): Watched {
    const known = watched.get(tenantId) ?? { memory: new InboxMemory(), atWork: null };
    watched.set(tenantId, known);
    return known;
  }

  const halted = (tenantId: string) => stopping || options.isSuspended(tenantId);

  return {
    start() {
      beat = repeat(look, settings.poll_seconds * 1000, (error) =>
        logger.warn('the inboxes could not be looked at', codeFrames(error)),
      );
    },
    status(tenantId, query) {
      const memory = watched.get(tenantId)?.memory ?? null;
      if (memory) memory.trouble = folders.trouble(tenantId);
      return inboxStatus(memory, settings, query);
    },
    async stop() {
      stopping = true;
      await within(GOODBYE_MS, Promise.all([beat?.stop(), ...[...watched.values()].map(({ atWork }) => atWork)]));
    },
  };
}
