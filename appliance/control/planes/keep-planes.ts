import type { KeyObject } from 'node:crypto';
import type { PlaneAddress, PlaneHandover } from '../../api/plane/handover.ts';
import type { PlaneTable, QuestionTable } from '../../api/plane/tables.ts';
import type { VerbCaller } from '../../api/rpc/call-verbs.ts';
import type { Handlers } from '../../api/rpc/serve-verbs.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { type DialledPlane, dialPlane } from './dial.ts';
import type { PlaneHost, RunningPlane } from './port.ts';

/** Keeps the data planes of ACTIVE tenants running, and no others. */
export interface KeptPlanes {
  /** Looks now which should run; a look comes by itself now and then. */
  look(): Promise<void>;
  /** Where a tenant's plane answers. Waits for one that starts; throws `SERVICE_UNAVAILABLE` where that takes too long. */
  address(tenantId: string): Promise<PlaneAddress>;
  /** What control can ask of a plane that runs; null of one that does not. */
  asking(tenantId: string): VerbCaller<PlaneTable> | null;
  /** Tenants whose plane runs or is being started. */
  kept(): string[];
  running(): string[];
  /**
   * Tells a running plane something that it must know from now on. One that does not take it is ended and started anew,
   * since it would go on with what is no longer so.
   */
  tell(tenantId: string, tell: (ask: VerbCaller<PlaneTable>) => Promise<unknown>): Promise<void>;
  /** Ends a tenant's plane: what is in flight has `drainMs`, what hangs is killed. It stays down until a look starts it. */
  stop(tenantId: string, drainMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface KeepPlanesOptions {
  host: PlaneHost;
  /** Signs what control asks; the handover names its public half. */
  key: KeyObject;
  /** Tenants whose plane should run. */
  wanted(): Promise<readonly string[]>;
  handover(tenantId: string, listen: PlaneAddress): Promise<PlaneHandover>;
  /** Tells a plane that was just dialled what may have changed since its handover was made. */
  greet(tenantId: string, ask: VerbCaller<PlaneTable>): Promise<void>;
  /** Answers what a tenant's plane asks. */
  answers(tenantId: string): Handlers<QuestionTable>;
  drainMs: number;
  logger: Logger;
}

interface Kept {
  plane: RunningPlane | null;
  dialled: DialledPlane | null;
  /** Something changed while nobody could be told: whoever is greeted next is greeted once more. */
  isStale: boolean;
  /** Set once it is to end; the loop that keeps it leaves then. */
  stopping: boolean;
  /** Ends with the loop. */
  over: Promise<void>;
  /** Wakes whoever waits for it to answer, or to be given up. */
  changed: PromiseWithResolvers<void>;
}

/** How long a plane may take from its start until it can be dialled. */
const START_MS = 20_000;
const DIAL_EVERY_MS = 50;
/** A request waits so long for a plane that is starting. */
const WAIT_MS = 10_000;
/** A plane that lived this long is started again at once; one that dies sooner is waited for longer each time. */
const LIVED_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
const ALIVE_EVERY_MS = 10_000;
/** What a drained plane has to record what broke off, to close its stores, and to say so. */
const LET_GO_MS = 6000;

export function keepPlanes(options: KeepPlanesOptions): KeptPlanes {
  const { host, logger } = options;
  const kept = new Map<string, Kept>();
  let closing = false;

  function keep(tenantId: string): Kept {
    const known = kept.get(tenantId);
    if (known !== undefined) return known;
    const one: Kept = {
      plane: null,
      dialled: null,
      isStale: false,
      stopping: false,
      over: Promise.resolve(),
      changed: Promise.withResolvers(),
    };
    kept.set(tenantId, one);
    one.over = run(tenantId, one).finally(() => {
      kept.delete(tenantId);
      one.changed.resolve();
    });
    return one;
  }

  async function run(tenantId: string, one: Kept): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!one.stopping) {
      const began = performance.now();
      try {
        await live(tenantId, one);
      } catch (error) {
        logger.warn('the data plane of a tenant could not be started', {
          ...shaped({ tenant_id: tenantId }),
          ...codeFrames(error),
        });
      }
      if (one.stopping) return;
      if (performance.now() - began > LIVED_MS) wait = FIRST_WAIT_MS;
      logger.warn('the data plane of a tenant ended, starting it again', shaped({ tenant_id: tenantId }));
      await Promise.race([pause(wait), untilChanged(one, () => one.stopping)]);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** One life of a plane: from its start until it has ended. */
  async function live(tenantId: string, one: Kept): Promise<void> {
    const handover = await options.handover(tenantId, await host.addressFor(tenantId));
    if (one.stopping) return;
    const plane = await host.start(handover);
    one.plane = plane;
    // Whoever stopped it meanwhile had nothing to end yet.
    if (one.stopping) plane.kill();
    const looking = setInterval(() => void lookAfter(one), ALIVE_EVERY_MS).unref();
    try {
      while (plane.alive() && !one.stopping) {
        const dialled = await dial(tenantId, one, plane);
        if (dialled === null) break;
        one.dialled = dialled;
        change(one);
        await Promise.race([dialled.closed, plane.ended]);
        one.dialled = null;
        dialled.close();
      }
      if (!one.stopping) plane.kill();
      await plane.ended;
    } finally {
      clearInterval(looking);
      one.plane = null;
      change(one);
    }
  }

  async function dial(tenantId: string, one: Kept, plane: RunningPlane): Promise<DialledPlane | null> {
    const deadline = performance.now() + START_MS;
    while (plane.alive() && !one.stopping && performance.now() < deadline) {
      try {
        const dialled = await dialPlane(tenantId, plane.address, options.key, options.answers(tenantId));
        try {
          do {
            one.isStale = false;
            await options.greet(tenantId, dialled.ask);
          } while (one.isStale);
          return dialled;
        } catch (error) {
          dialled.close();
          throw error;
        }
      } catch {
        await Promise.race([pause(DIAL_EVERY_MS), plane.ended]);
      }
    }
    return null;
  }

  /** A plane that lives but does not answer serves nobody: it is ended, and started anew. */
  async function lookAfter({ dialled, plane }: Kept): Promise<void> {
    await dialled?.ask.value('alive').catch(() => plane?.kill());
  }

  async function stop(tenantId: string, drainMs: number): Promise<void> {
    const one = kept.get(tenantId);
    if (one === undefined) return;
    if (!one.stopping) {
      one.stopping = true;
      change(one);
      const { plane, dialled } = one;
      if (dialled === null) plane?.kill();
      else dialled.ask.value('drain', drainMs).catch(() => undefined);
      const late = setTimeout(() => one.plane?.kill(), drainMs + LET_GO_MS);
      void one.over.finally(() => clearTimeout(late));
    }
    await one.over;
  }

  return {
    async look() {
      if (closing) return;
      const wanted = new Set(await options.wanted());
      if (closing) return;
      for (const tenantId of wanted) keep(tenantId);
      for (const tenantId of kept.keys()) if (!wanted.has(tenantId)) void stop(tenantId, options.drainMs);
    },
    async address(tenantId) {
      const deadline = performance.now() + WAIT_MS;
      while (performance.now() < deadline) {
        if (!kept.has(tenantId)) await this.look();
        const one = kept.get(tenantId);
        if (one === undefined) break;
        const left = pause(Math.max(0, deadline - performance.now()));
        // One that is being ended may be started again right after, when its tenant is resumed.
        if (one.stopping) await Promise.race([one.over, left]);
        else await Promise.race([untilChanged(one, () => one.dialled !== null || one.stopping), left]);
        if (one.dialled !== null && one.plane !== null && !one.stopping) return one.plane.address;
      }
      throw new FrostbyteError(
        'SERVICE_UNAVAILABLE',
        'The tenant’s data plane is being started. Try again in a moment.',
        {
          retryAfter: 1,
        },
      );
    },
    asking: (tenantId) => {
      const one = kept.get(tenantId);
      return one === undefined || one.stopping ? null : (one.dialled?.ask ?? null);
    },
    kept: () => [...kept.keys()],
    running: () => [...kept].flatMap(([tenantId, { dialled }]) => (dialled === null ? [] : [tenantId])),
    async tell(tenantId, tell) {
      const one = kept.get(tenantId);
      if (one === undefined || one.stopping) return;
      const { dialled, plane } = one;
      one.isStale = dialled === null;
      if (dialled === null) return;
      await tell(dialled.ask).catch(() => plane?.kill());
    },
    stop,
    async close() {
      closing = true;
      await Promise.all([...kept.keys()].map((tenantId) => stop(tenantId, options.drainMs)));
      await host.close();
    },
  };
}

function change(one: Kept): void {
  const { changed } = one;
  one.changed = Promise.withResolvers();
  changed.resolve();
}

async function untilChanged(one: Kept, isSo: () => boolean): Promise<void> {
  while (!isSo()) await one.changed.promise;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
