import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';

/** What a tenant's data plane takes of what others share, at one moment. */
export interface Takes {
  tenant_id: string;
  /** What it got and asked of the processors since the last look, of what it may have; null at the first. */
  processor: { got: number; asked: number } | null;
  /** Packets that came to it in a second since the last look: whoever works talks with its stores. */
  received: number | null;
  /** Of the processes and threads that it may have, 0 to 1. */
  processes: number;
  /** Of the connections to shared servers that a data plane may need at most, also those that never log in. */
  connections: number;
  /** Of the memory that its sessions at the database hold at most, whatever they do for it. */
  memory: number;
}

/** What no data plane of ours does, however much it has to do, and for how long it must be seen before it counts. */
interface Sign {
  reason: string;
  forMs: number;
  shows(takes: Takes): boolean;
  /** Whether it has work after all: asked only where the rest shows. */
  unlessAtWork?: true;
}

/**
 * Packets in a second that a plane gets which does nothing but answer control: 25 where the box is calm, up to 80 while it
 * is starved. Five searches in a second bring more than this.
 */
const CHATTER = 150;

/**
 * Whether its processors are busy by its own doing. On a starved box whoever does one thing after the other seems to ask for
 * all of them, since it waits while it could run: it counts only where it gets half of them, or asks for three times as much.
 */
function isBusy({ got, asked }: { got: number; asked: number }): boolean {
  return asked > 0.9 && (got > 0.5 || asked > 3);
}

/** Each is within 30 seconds of its beginning, looks and suspension counted in (spec 3, "Noisy neighbour"). */
const SIGNS: readonly Sign[] = Object.freeze([
  {
    reason: 'it opened more connections than a data plane needs',
    forMs: 6000,
    shows: ({ connections }) => connections > 1,
  },
  {
    reason: 'its sessions took more memory of the database than any work needs',
    forMs: 6000,
    shows: ({ memory }) => memory > 1,
  },
  {
    reason: 'it started more processes than a data plane needs',
    forMs: 6000,
    shows: ({ processes }) => processes > 0.9,
  },
  {
    reason: 'it kept its processors busy without any work',
    forMs: 14_000,
    shows: ({ processor, received }) =>
      processor !== null && received !== null && isBusy(processor) && received < CHATTER,
    unlessAtWork: true,
  },
] satisfies Sign[]);

export interface NeighbourWatchOptions {
  look(): Promise<readonly Takes[]>;
  /** Whether a tenant has documents that are not finished. */
  isAtWork(tenantId: string): Promise<boolean>;
  suspend(tenantId: string, reason: string): Promise<unknown>;
  logger: Logger;
  /** Milliseconds that went by, from any beginning. */
  now?(): number;
}

/**
 * One look at all tenants: whoever has shown a sign for as long as it takes is suspended, by the kill-switch that people
 * have too; nothing of it is deleted, and an administrator resumes it. Limits keep it from hurting others until then.
 */
export function neighbourWatch(options: NeighbourWatchOptions): () => Promise<void> {
  const { look, isAtWork, suspend, logger, now = () => performance.now() } = options;
  /** Since when a tenant shows a sign. */
  const since = new Map<string, number>();

  async function judge(takes: Takes): Promise<Sign | null> {
    for (const sign of SIGNS) {
      const key = `${takes.tenant_id} ${sign.reason}`;
      const shows = sign.shows(takes) && !(sign.unlessAtWork && (await isAtWork(takes.tenant_id).catch(() => true)));
      if (!shows) {
        since.delete(key);
        continue;
      }
      const began = since.get(key) ?? now();
      since.set(key, began);
      if (now() - began >= sign.forMs) return sign;
    }
    return null;
  }

  return async () => {
    const all = await look();
    const there = new Set(all.map(({ tenant_id }) => tenant_id));
    for (const key of since.keys()) if (!there.has(key.split(' ')[0] ?? '')) since.delete(key);
    for (const takes of all) {
      const sign = await judge(takes);
      if (sign === null) continue;
      const about = shaped({ tenant_id: takes.tenant_id });
      logger.error('a tenant takes more than is its own, and is suspended', about);
      since.delete(`${takes.tenant_id} ${sign.reason}`);
      await suspend(takes.tenant_id, `The watch over noisy neighbours: ${sign.reason}.`).catch((error: unknown) => {
        // Somebody else was faster.
        if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION', 'RESOURCE_NOT_FOUND')) return;
        logger.error('a noisy tenant could not be suspended yet', { ...about, ...codeFrames(error) });
      });
    }
  };
}
