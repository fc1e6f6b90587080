import { rmSync } from 'node:fs';
import type { MetricObject } from 'prom-client';
import type { ControlVerbs, MeasuredPlots } from '../../control/verbs.ts';
import type { Clock } from '../../kernel/clock.ts';
import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { type Alert, alertsOf } from '../../observability/alerts/evaluate.ts';
import { RULES } from '../../observability/alerts/rules.ts';
import { plotsOf } from '../../observability/measuring/plots.ts';
import { sampleOf } from '../../observability/measuring/sample.ts';
import { STEPS, WHOLE } from '../../stores/measures/port.ts';
import { openMeasures } from '../../stores/measures/sqlite.ts';
import { repeat } from '../repeat.ts';

/** What the box keeps of its own metrics, and the alerts that it finds in them: dashboards without a Prometheus. */
export interface Measuring {
  verbs: Pick<ControlVerbs, 'plots' | 'alerts'>;
  /** Looks now and every minute from now on. `collect` answers all metrics of all processes as one. */
  start(collect: () => Promise<MetricObject[]>): { stop(): Promise<void> };
  close(): void;
}

const LOOK_MS = 60_000;
const HOUR_S = 3600;
/** Further back no rule looks by the minute; one more, for what counters rose from. */
const FINE_S = HOUR_S + 120;
const WEEK_S = 7 * 24 * HOUR_S;

export function openMeasuring(parts: { dataFolder: string; clock: Clock; logger: Logger }): Measuring {
  const { clock, logger } = parts;
  const store = openedAnew(controlPaths(parts.dataFolder).measures, clock.iso());
  const nowS = () => Math.floor(clock.now() / 1000);
  let alerts: Alert[] = [];
  let lookedAt: string | null = null;
  return {
    verbs: {
      async plots({ tenant_id, hours }): Promise<MeasuredPlots> {
        const [to, from] = [nowS(), nowS() - hours * HOUR_S];
        const { step, taken } = store.since(tenant_id ?? WHOLE, from - 2 * STEPS.at(-1)!.seconds, to);
        const { times, plots } = plotsOf(taken, tenant_id === undefined ? 'whole' : 'tenant', from, to, step);
        const iso = (at: number) => new Date(at * 1000).toISOString();
        return { from: iso(from), to: iso(to), step_seconds: step, times: times.map(iso), plots };
      },
      async alerts() {
        const rules = Object.entries(RULES).map(([rule, { severity, summary }]) => ({ rule, severity, summary }));
        return { evaluated_at: lookedAt, alerts, rules };
      },
    },
    start: (collect) =>
      repeat(
        async () => look(sampleOf(await collect())),
        LOOK_MS,
        (error) => logger.warn('what was measured could not be kept', codeFrames(error)),
      ),
    close: () => store.close(),
  };

  function look(samples: Map<string, Record<string, number>>): void {
    const now = nowS();
    const kept = [...samples].filter(([id, sample]) => id === WHOLE || isTenant(sample));
    store.add(now, new Map(kept));
    for (const [id, sample] of kept) if (sample['tenants.DEPROVISIONED'] === 1) store.forget(id);
    alerts = kept.flatMap(([id, sample]) => {
      if (sample['tenants.ACTIVE'] !== 1 || id === WHOLE) return [];
      const fine = store.since(id, now - FINE_S, now).taken;
      const week = store.since(id, now - WEEK_S, now).taken;
      return alertsOf(id, { fine, week }, now, alerts);
    });
    lookedAt = clock.iso();
  }
}

/** Requests of nobody's tenant are counted too; only the registry's have states. */
function isTenant(sample: Record<string, number>): boolean {
  return Object.keys(sample).some((series) => series.startsWith('tenants.'));
}

/** What was measured is nobody's proof: a damaged file is thrown away, and measuring begins again. */
function openedAnew(file: string, appliedAt: string): ReturnType<typeof openMeasures> {
  try {
    return openMeasures(file, appliedAt);
  } catch (error) {
    if (!isFrostbyteError(error, 'STORE_CORRUPTED')) throw error;
    for (const part of ['', '-wal', '-shm']) rmSync(`${file}${part}`, { force: true });
    return openMeasures(file, appliedAt);
  }
}
