import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { InboxQuery, InboxStatus } from '../../api/schemas/inbox.ts';
import type { Config } from '../../config/schema.ts';
import type { Tenant } from '../../control/verbs.ts';
import { closeFile, ensureFolder, errnoOf, openRoot } from '../../data/inbox/handles.ts';
import { InboxMemory } from '../../data/inbox/memory.ts';
import { writeNotices } from '../../data/inbox/outbox.ts';
import { INBOX_PATIENCE, ShareSilent } from '../../data/inbox/patience.ts';
import { inboxRound } from '../../data/inbox/round.ts';
import { inboxStatus } from '../../data/inbox/status.ts';
import { codeFrames } from '../../kernel/errors.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { repeat } from '../repeat.ts';
import type { Embedded } from './embedded.ts';

/** Inboxes at work at the same time: a large batch of one tenant does not stop the others. */
const AT_WORK = 4;
/** A folder that takes no notice is tried again after so long. */
const NOTICE_RETRY_MS = 60_000;
/** How long the end of the process waits for a folder that may never answer. */
const GOODBYE_MS = 2000;

export interface Inboxes {
  start(): void;
  status(tenantId: string, query: InboxQuery): InboxStatus;
  /** How many tenants' folders do not answer. */
  silent(): number;
  /** Begins nothing more, gives up what is being taken; resolves when quiet, or when a folder holds it up for too long. */
  stop(): Promise<void>;
}

export interface InboxesOptions {
  settings: Config['inbox'];
  embedded: Pick<Embedded, 'control' | 'planes' | 'isSuspended'>;
  tenants(): AsyncIterable<Pick<Tenant, 'tenant_id' | 'state'>>;
  wake(): void;
  logger: Logger;
}

interface Watched {
  memory: InboxMemory;
  atWork: Promise<void> | null;
  /** A call into its folder hangs: it is left alone until that comes back. */
  silent: boolean;
  /** The notices that its outbox shows; null before the first look. */
  notices: string | null;
  noticesAt: number;
}

/**
 * Watches the inbox folders of all tenants, every `poll_seconds`: what lies in those of ACTIVE tenants is taken, those of
 * others rest; notices go into the outbox of each. Null where the configuration names no inbox.
 */
export function watchInboxes(options: InboxesOptions): Inboxes | null {
  const { settings, embedded, logger } = options;
  const root = settings.folder;
  if (root === null) return null;
  INBOX_PATIENCE.patienceMs = settings.patience_seconds * 1000;
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
      else if (state === 'ACTIVE' || state === 'SUSPENDED') {
        await notify(tenant_id);
        if (state === 'ACTIVE') active.push(tenant_id);
      }
    }
    turn++;
    for (let at = 0; at < active.length; at++) begin(active[(turn + at) % active.length]!);
  }

  function begin(tenantId: string): void {
    const inbox = of(tenantId);
    const busy = [...watched.values()].filter(({ atWork }) => atWork !== null).length;
    if (inbox.atWork !== null || inbox.silent || busy >= AT_WORK || halted(tenantId)) return;
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
      more = await embedded.planes.use(tenantId, async (plane) => {
        const done = await inFolder(tenantId, async (tenant) => {
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

  /** Does something in a tenant's folder, or remembers, and says once, why it cannot be used. */
  async function inFolder<T>(tenantId: string, use: (tenant: FileHandle) => Promise<T>): Promise<T | null> {
    const { memory } = of(tenantId);
    try {
      const top = await openRoot(root!);
      try {
        const tenant = await ensureFolder(top, tenantId);
        try {
          const done = await use(tenant);
          memory.trouble = null;
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
      if (memory.trouble !== code)
        logger.warn('the inbox folder of a tenant cannot be used', {
          ...shaped({ tenant_id: tenantId }),
          code: asCode(code),
        });
      memory.trouble = code;
      return null;
    }
  }

  function leaveAlone(tenantId: string, { back }: ShareSilent): void {
    const inbox = of(tenantId);
    inbox.silent = true;
    void back.then(() => {
      inbox.silent = false;
      logger.info('an inbox folder answers again', shaped({ tenant_id: tenantId }));
    });
  }

  async function notify(tenantId: string): Promise<void> {
    const inbox = of(tenantId);
    const notices = await embedded.control.notices(tenantId);
    const now = JSON.stringify(notices);
    if (now === inbox.notices || inbox.silent || elapsed() < inbox.noticesAt) return;
    const written = await inFolder(tenantId, async (tenant) => {
      await writeNotices(tenant, tenantId, notices);
      return true;
    });
    if (written) inbox.notices = now;
    else inbox.noticesAt = elapsed() + NOTICE_RETRY_MS;
  }

  function of(tenantId: string): Watched {
    const known = watched.get(tenantId) ?? {
      memory: new InboxMemory(),
      atWork: null,
      silent: false,
      notices: null,
      noticesAt: 0,
    };
    watched.set(tenantId, known);
    return known;
  }

  const halted = (tenantId: string) => stopping || embedded.isSuspended(tenantId);

  return {
    start() {
      beat = repeat(look, settings.poll_seconds * 1000, (error) =>
        logger.warn('the inboxes could not be looked at', codeFrames(error)),
      );
    },
    status: (tenantId, query) => inboxStatus(watched.get(tenantId)?.memory ?? null, settings, query),
    silent: () => [...watched.values()].filter(({ silent }) => silent).length,
    async stop() {
      stopping = true;
      const quiet = Promise.all([beat?.stop(), ...[...watched.values()].map(({ atWork }) => atWork)]);
      await Promise.race([quiet, wait(GOODBYE_MS, undefined, { ref: false })]);
    },
  };
}
