import type { MetricObject } from 'prom-client';
import type { METRICS } from '../metrics.ts';

/** What is kept of the metrics over time: short names for numbers, so that a sample is a few hundred bytes. */
interface Kept {
  /** What its series are called; a label's value comes behind it. */
  as: string;
  /** The label by which it is told apart; without one, all is added up. */
  by?: string;
  /** Only values with this label. */
  only?: readonly [label: string, value: string];
}

const KEPT: Readonly<Partial<Record<keyof typeof METRICS, Kept>>> = Object.freeze({
  frostbyte_intake_files_total: { as: 'files', by: 'status' },
  frostbyte_intake_batch_size: { as: 'batches' },
  frostbyte_parse_duration_seconds: { as: 'parse', only: ['parser', 'stage1'] },
  frostbyte_parse_failures_total: { as: 'parse_failures' },
  frostbyte_policy_gate_results_total: { as: 'gates', by: 'result' },
  frostbyte_embed_duration_seconds: { as: 'embed', by: 'status' },
  frostbyte_embed_dimension_assertions_total: { as: 'dimensions', by: 'result' },
  frostbyte_retrieval_latency_seconds: { as: 'search' },
  frostbyte_retrieval_model_mismatch_total: { as: 'mismatch' },
  frostbyte_storage_bytes: { as: 'storage', by: 'store' },
  frostbyte_tenant_storage_quota_bytes: { as: 'quota' },
  frostbyte_queue_length: { as: 'queue', by: 'queue' },
  frostbyte_dlq_depth: { as: 'dlq' },
  frostbyte_tenant_state: { as: 'tenants', by: 'state' },
  frostbyte_api_request_duration_seconds: { as: 'api', by: 'status_code' },
  frostbyte_api_rate_limit_rejections_total: { as: 'limited' },
});

/** Buckets are kept of what is asked how long it takes; of the rest, how often is enough. */
const WITH_BUCKETS = new Set(['parse', 'search', 'api']);

interface Value {
  value: number;
  labels: Readonly<Record<string, string | number>>;
  metricName?: string;
}

/** The samples of a moment, by tenant; under `''` stands the whole box. Pure. O(values). */
export function sampleOf(collected: readonly MetricObject[]): Map<string, Record<string, number>> {
  const samples = new Map<string, Record<string, number>>([['', {}]]);
  for (const metric of collected) {
    const kept = Object.hasOwn(KEPT, metric.name) ? KEPT[metric.name as keyof typeof KEPT] : undefined;
    if (kept === undefined) continue;
    for (const one of (metric as unknown as { values: readonly Value[] }).values) {
      const series = seriesOf(metric.name, kept, one);
      if (series === null || !Number.isFinite(one.value)) continue;
      for (const tenantId of new Set(['', String(one.labels.tenant_id ?? '')])) {
        const sample = samples.get(tenantId) ?? {};
        samples.set(tenantId, sample);
        sample[series] = (sample[series] ?? 0) + one.value;
      }
    }
  }
  return samples;
}

function seriesOf(metric: string, { as, by, only }: Kept, { labels, metricName }: Value): string | null {
  if (only !== undefined && labels[only[0]] !== only[1]) return null;
  const part = (metricName ?? metric).slice(metric.length);
  if (part === '_bucket') return WITH_BUCKETS.has(as) ? `${as}.le.${labels.le}` : null;
  if (part === '_sum') return null;
  return by === undefined ? as : `${as}.${short(by, String(labels[by]))}`;
}

/** Status codes by their hundreds; a queue by its stage, without its tenant. */
function short(label: string, value: string): string {
  if (label === 'status_code') return `${value.slice(0, 1)}xx`;
  return label === 'queue' ? value.slice(value.lastIndexOf('.') + 1) : value;
}
