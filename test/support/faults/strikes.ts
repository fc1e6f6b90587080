import type { Appliance } from '../appliance.ts';
import { isRunning, workersOf } from './processes.ts';
import { eventsCommitted } from './progress.ts';
import { documentsUnderWay } from './under-way.ts';
import { until } from './until.ts';

export interface Strikes {
  /** For each blow, whether a document was in the middle of its stages. */
  met: boolean[];
  /** `kill -9` on the daemon (which is started again) or on one of its workers; one at a time. */
  strike(victim: 'daemon' | 'worker', moment: string): Promise<void>;
  /** When each fell: who, the moment, and how many events there were. */
  readonly moments: readonly string[];
  /** Waits until no worker is left that was alive at a strike. The appliance must be stopped. */
  buried(): Promise<void>;
}

/** Blows against an appliance; each leaves a running one. */
export function strikesOn(appliance: Appliance, tenant: string): Strikes {
  const moments: string[] = [];
  const met: boolean[] = [];
  const workers = new Set<number>();
  let blows: Promise<void> = Promise.resolve();
  return {
    moments,
    met,
    strike(victim, moment) {
      blows = blows.then(async () => {
        const events = eventsCommitted(appliance.dataFolder, tenant);
        for (const pid of workersOf(appliance.process.pid!)) workers.add(pid);
        if (victim === 'daemon') {
          await appliance.kill();
          met.push(documentsUnderWay(appliance.dataFolder, tenant) > 0);
          await appliance.restart();
        } else {
          const daemon = appliance.process.pid!;
          const [worker] = await until('a worker', () => (workersOf(daemon).length > 0 ? workersOf(daemon) : null));
          process.kill(worker!, 'SIGKILL');
          met.push(documentsUnderWay(appliance.dataFolder, tenant) > 0);
          await until('the death of the worker', () => !isRunning(worker!), { everyMs: 2 });
        }
        moments.push(`${victim}@${moment}:${events}`);
      });
      return blows;
    },
    async buried() {
      await until('the end of all workers', () => ![...workers].some(isRunning), {
        about: () => `${[...workers].filter(isRunning).length} outlived their daemons`,
      });
    },
  };
}
