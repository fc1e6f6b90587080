import type { MetricObject } from 'prom-client';
import type { Clock } from '../kernel/clock.ts';
import { gatewaySnapshot } from '../observability/plane-snapshot.ts';

/** How long a gateway that says nothing more still counts, in milliseconds. */
const SILENT_MS = 300_000;
/** As many as there are gateways at a time, and some that were started anew. */
const MOST = 16;

/** What gateways measured of requests, each the last that it said. */
export function gatewayMeasures(clock: Pick<Clock, 'now'>): {
  note(keyId: string, said: unknown): void;
  collected(): MetricObject[];
} {
  const known = new Map<string, { at: number; metrics: MetricObject[] }>();
  return {
    note(keyId, said) {
      known.delete(keyId);
      known.set(keyId, { at: clock.now(), metrics: gatewaySnapshot(said) });
      if (known.size > MOST) known.delete(known.keys().next().value as string);
    },
    collected: () => [...known.values()].flatMap(({ at, metrics }) => (clock.now() - at > SILENT_MS ? [] : metrics)),
  };
}
