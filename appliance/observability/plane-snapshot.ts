import type { MetricObject } from 'prom-client';
import { z } from 'zod';
import { METRICS } from './metrics.ts';

/** What every process measures of itself. */
const OF_PROCESSES = /^(?:(?:process|nodejs)_[a-z0-9_]{1,60}|frostbyte_build_info)$/;
/** What gateways measure and nobody else. */
const OF_GATEWAYS: ReadonlySet<string> = new Set([
  'frostbyte_api_request_duration_seconds',
  'frostbyte_api_rate_limit_rejections_total',
]);
/** What a histogram's values are called beside its name. */
const PARTS = ['', '_bucket', '_sum', '_count'];
/** Series of a metric; a tenant has a few dozen. */
const MOST_VALUES = 5000;

const Metric = z.object({
  name: z.string(),
  help: z.string().max(500),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  aggregator: z.enum(['sum', 'first', 'min', 'max', 'average']),
  values: z.array(z.unknown()),
});
const Value = z.object({
  value: z.number(),
  labels: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.union([z.string().max(200), z.number()])),
  metricName: z.string().optional(),
});

/**
 * What a tenant's data plane says that it measured, as far as it may say it: metrics that there are, under their own
 * labels, and of no other tenant. The rest is left out. Whoever took the plane over neither speaks for others nor spoils
 * what is told of them. O(values).
 */
export function planeSnapshot(tenantId: string, said: unknown): MetricObject[] {
  return believed(said, (name, labels) =>
    Object.hasOwn(METRICS, name) ? labels.tenant_id === tenantId : OF_PROCESSES.test(name) && !('tenant_id' in labels),
  );
}

/** The same of a gateway: what it measured of requests, whoever's they were. */
export function gatewaySnapshot(said: unknown): MetricObject[] {
  return believed(said, (name) => OF_GATEWAYS.has(name));
}

function believed(
  said: unknown,
  mayBeSaid: (name: string, labels: Readonly<Record<string, string | number>>) => boolean,
): MetricObject[] {
  if (!Array.isArray(said)) return [];
  return said.flatMap((one) => {
    const { success, data: metric } = Metric.safeParse(one);
    if (!success) return [];
    const row = Object.hasOwn(METRICS, metric.name) ? METRICS[metric.name as keyof typeof METRICS] : undefined;
    if (row === undefined ? !OF_PROCESSES.test(metric.name) : row.type !== metric.type || metric.aggregator !== 'sum')
      return [];
    const values = metric.values.slice(0, MOST_VALUES).flatMap((each) => {
      const { success: isOne, data: value } = Value.safeParse(each);
      if (!isOne || !PARTS.some((part) => (value.metricName ?? metric.name) === `${metric.name}${part}`)) return [];
      const isKnown =
        row === undefined || Object.keys(value.labels).every((label) => label === 'le' || row.labels.includes(label));
      return isKnown && mayBeSaid(metric.name, value.labels) ? [value] : [];
    });
    return [{ ...metric, help: row?.help ?? metric.help, values } as unknown as MetricObject];
  });
}
