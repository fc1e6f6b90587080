import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';

/** What lies in a tenant's stores on the shared servers, in bytes, whoever put it there. */
export interface Holdings {
  /** What its quota counts, as it lies there: documents, uploads, whatever has no place in what follows. */
  given: number;
  /** What the pipeline made of it: texts, vectors, reports; and the database. */
  made: number;
}

export interface Weighed {
  tenant_id: string;
  /** Bytes. */
  quota: number;
}

export interface StorageWatchOptions {
  /** Bytes that intake may still fill on each disk that all share, always in the same order; null where there is none. */
  free(): Promise<readonly number[] | null>;
  /** Those that can write. */
  tenants(): AsyncIterable<Weighed>;
  /** O(what lies there). */
  weigh(tenantId: string): Promise<Holdings>;
  suspend(tenantId: string, reason: string): Promise<unknown>;
  logger: Logger;
  /** Milliseconds that went by, from any beginning. */
  now?(): number;
}

/** So much of the disk is gone before anybody is weighed: nobody is far beyond a quota, counted in GB, by less. */
const STEP = 256 * 1024 ** 2;
/** Weighing rests as long as it took, so many times. */
const RESTS = 5;
/** While a batch takes its files from uploads they lie there twice. */
const GIVEN_TIMES = 2;
/**
 * Of a document in plain text the pipeline makes some thirteen times its size: its texts, a vector of 3 KiB for each chunk,
 * rows and their indexes; and again as much with each new run while the old one is served.
 */
const MADE_TIMES = 32;

/** Whether a tenant holds more than what came through intake can be or become. */
export function isOver({ given, made }: Holdings, quota: number): boolean {
  return given > GIVEN_TIMES * quota || made > MADE_TIMES * given + quota;
}

/**
 * One look at the disks that all share. Where much of one went since the last weighing, whoever wrote it and by whatever way,
 * every tenant is weighed, and one that holds more than its quota can explain is suspended (spec 3, "Noisy neighbour"):
 * intake keeps to the quota, so that came past it. Nothing of it is deleted. Costs one question while the disks are calm.
 */
export function storageWatch(options: StorageWatchOptions): () => Promise<void> {
  const { free, tenants, weigh, suspend, logger, now = () => performance.now() } = options;
  /** The most that was free on each since the last weighing began. */
  let before: readonly number[] | null = null;
  let restsUntil = Number.NEGATIVE_INFINITY;

  async function judge({ tenant_id, quota }: Weighed): Promise<void> {
    const about = shaped({ tenant_id });
    try {
      if (!isOver(await weigh(tenant_id), quota)) return;
      logger.error('a tenant stored more than its quota past intake, and is suspended', about);
      await suspend(tenant_id, 'The watch over noisy neighbours: it stored more than its quota, past intake.');
    } catch (error) {
      // Somebody else was faster.
      if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION', 'RESOURCE_NOT_FOUND')) return;
      logger.warn('what a tenant holds could not be weighed', { ...about, ...codeFrames(error) });
    }
  }

  return async () => {
    const left = await free();
    if (left === null) return;
    // Below what intake leaves free nothing more is seen to go.
    if (before !== null && left.every((now, at) => now > 0 && (before?.[at] ?? 0) - now < STEP)) {
      before = left.map((now, at) => Math.max(now, before?.[at] ?? 0));
      return;
    }
    const began = now();
    if (began < restsUntil) return;
    before = left;
    for await (const tenant of tenants()) await judge(tenant);
    restsUntil = now() + RESTS * (now() - began);
  };
}
