import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObject,
  Registry,
} from 'prom-client';
import type { Meter } from '../kernel/telemetry.ts';

/** The twenty metrics of spec 6 as Prometheus text. Labels are bounded: tenants of the registry and route patterns only. */

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const FILES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

export interface Metrics {
  meter: Meter;
  /** Prometheus text of this process and of the snapshots that other processes handed in. */
  text(): Promise<string>;
  /** The same values as data, all processes as one. */
  collected(): Promise<MetricObject[]>;
  /** This process's values as data, to be handed to the process that serves `/metrics`. */
  snapshot(): Promise<MetricObject[]>;
  /** Takes the latest snapshot of another process, by name; null forgets it. */
  merge(process: string, snapshot: MetricObject[] | null): void;
}

/** Names, types, help and labels, one row a metric. Docs and dashboards are held against it. */
export const METRICS = Object.freeze({
  frostbyte_intake_files_total: { type: 'counter', help: 'Files decided at intake', labels: ['tenant_id', 'status'] },
  frostbyte_intake_batch_size: { type: 'histogram', help: 'Files a batch', labels: ['tenant_id'], buckets: FILES },
  frostbyte_parse_duration_seconds: {
    type: 'histogram',
    help: 'Time to parse a document',
    labels: ['tenant_id', 'parser'],
    buckets: SECONDS,
  },
  frostbyte_parse_chunks_total: { type: 'counter', help: 'Chunks that parsing made', labels: ['tenant_id'] },
  frostbyte_parse_failures_total: {
    type: 'counter',
    help: 'Documents that could not be parsed',
    labels: ['tenant_id', 'reason'],
  },
  frostbyte_policy_gate_results_total: {
    type: 'counter',
    help: 'Answers of the policy gates',
    labels: ['tenant_id', 'gate', 'result'],
  },
  frostbyte_policy_gate_duration_seconds: {
    type: 'histogram',
    help: 'Time a policy gate took',
    labels: ['tenant_id', 'gate'],
    buckets: SECONDS,
  },
  frostbyte_embed_duration_seconds: {
    type: 'histogram',
    help: 'Time to embed a group of chunks',
    labels: ['tenant_id', 'model', 'status'],
    buckets: SECONDS,
  },
  frostbyte_embed_dimension_assertions_total: {
    type: 'counter',
    help: 'Checks that vectors have 768 finite dimensions',
    labels: ['tenant_id', 'result'],
  },
  frostbyte_retrieval_latency_seconds: {
    type: 'histogram',
    help: 'Time to answer a search',
    labels: ['tenant_id'],
    buckets: SECONDS,
  },
  frostbyte_retrieval_results_total: {
    type: 'counter',
    help: 'Searches by number of results',
    labels: ['tenant_id', 'result_count_bucket'],
  },
  frostbyte_retrieval_model_mismatch_total: {
    type: 'counter',
    help: 'Searches answered with another model than the index was made with',
    labels: ['tenant_id'],
  },
  frostbyte_storage_bytes: { type: 'gauge', help: 'Bytes stored', labels: ['tenant_id', 'store'] },
  frostbyte_storage_objects_total: { type: 'gauge', help: 'Things stored', labels: ['tenant_id', 'store'] },
  frostbyte_queue_length: { type: 'gauge', help: 'Jobs waiting or running', labels: ['tenant_id', 'queue'] },
  frostbyte_dlq_depth: { type: 'gauge', help: 'Dead letters that wait for a decision', labels: ['tenant_id'] },
  frostbyte_task_duration_seconds: {
    type: 'histogram',
    help: 'Time a job took',
    labels: ['tenant_id', 'task'],
    buckets: SECONDS,
  },
  frostbyte_tenant_state: { type: 'gauge', help: '1 for the state a tenant is in', labels: ['tenant_id', 'state'] },
  frostbyte_api_request_duration_seconds: {
    type: 'histogram',
    help: 'Time to answer a request',
    labels: ['tenant_id', 'endpoint', 'method', 'status_code'],
    buckets: SECONDS,
  },
  frostbyte_api_rate_limit_rejections_total: {
    type: 'counter',
    help: 'Requests refused by a rate limit',
    labels: ['tenant_id', 'endpoint'],
  },
  frostbyte_tenant_storage_quota_bytes: { type: 'gauge', help: 'Storage quota', labels: ['tenant_id'] },
} satisfies Record<
  string,
  { type: 'counter' | 'gauge' | 'histogram'; help: string; labels: string[]; buckets?: number[] }
>);

type MetricName = keyof typeof METRICS;

/** Kept of a tenant that is gone. */
const STATE: MetricName = 'frostbyte_tenant_state';

export function createMetrics(build: { version: string }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: 'frostbyte_build_info',
    help: 'Version that runs',
    labelNames: ['version'],
    registers: [registry],
    aggregator: 'first',
  });
  info.set({ version: build.version }, 1);
  const others = new Map<string, MetricObject[]>();
  /** Series on their way out; read after them. */
  let forgetting: Promise<unknown> = Promise.resolve();
  /** Tenants that are no more: what other processes still know of them is left out. */
  const gone = new Set<string>();
  /** Counts of processes that ended, as one. */
  let retired: Promise<MetricObject[]> = Promise.resolve([]);
  const instruments = Object.fromEntries(
    Object.entries(METRICS).map(([name, row]) => [name, instrument(name, row, registry)]),
  ) as Record<MetricName, Counter | Gauge | Histogram>;
  const count = (name: MetricName, labels: Record<string, string>, by = 1) =>
    (instruments[name] as Counter).inc(labels, by);
  const set = (name: MetricName, labels: Record<string, string>, value: number) =>
    (instruments[name] as Gauge).set(labels, value);
  const observe = (name: MetricName, labels: Record<string, string>, value: number) =>
    (instruments[name] as Histogram).observe(labels, value);

  const states = new Map<string, string>();
  const meter: Meter = {
    intakeFile: (tenant_id, status) => count('frostbyte_intake_files_total', { tenant_id, status }),
    intakeBatchSize: (tenant_id, files) => observe('frostbyte_intake_batch_size', { tenant_id }, files),
    parseDuration: (tenant_id, parser, seconds) =>
      observe('frostbyte_parse_duration_seconds', { tenant_id, parser }, seconds),
    parseChunks: (tenant_id, chunks) => count('frostbyte_parse_chunks_total', { tenant_id }, chunks),
    parseFailure: (tenant_id, reason) => count('frostbyte_parse_failures_total', { tenant_id, reason }),
    gateResult: (tenant_id, gate, result) => count('frostbyte_policy_gate_results_total', { tenant_id, gate, result }),
    gateDuration: (tenant_id, gate, seconds) =>
      observe('frostbyte_policy_gate_duration_seconds', { tenant_id, gate }, seconds),
    embedDuration: (tenant_id, model, status, seconds) =>
      observe('frostbyte_embed_duration_seconds', { tenant_id, model, status }, seconds),
    dimensionAssertion: (tenant_id, result) =>
      count('frostbyte_embed_dimension_assertions_total', { tenant_id, result }),
    retrieval(tenant_id, seconds, results) {
      observe('frostbyte_retrieval_latency_seconds', { tenant_id }, seconds);
      count('frostbyte_retrieval_results_total', { tenant_id, result_count_bucket: resultBucket(results) });
    },
    retrievalModelMismatch: (tenant_id) => count('frostbyte_retrieval_model_mismatch_total', { tenant_id }),
    storage(tenant_id, store, bytes, objects) {
      set('frostbyte_storage_bytes', { tenant_id, store }, bytes);
      set('frostbyte_storage_objects_total', { tenant_id, store }, objects);
    },
    queueLength: (tenant_id, queue, length) => set('frostbyte_queue_length', { tenant_id, queue }, length),
    dlqDepth: (tenant_id, depth) => set('frostbyte_dlq_depth', { tenant_id }, depth),
    taskDuration: (tenant_id, task, seconds) =>
      observe('frostbyte_task_duration_seconds', { tenant_id, task }, seconds),
    tenantState(tenant_id, state) {
      const before = states.get(tenant_id);
      if (before !== undefined && before !== state) set('frostbyte_tenant_state', { tenant_id, state: before }, 0);
      states.set(tenant_id, state);
      set('frostbyte_tenant_state', { tenant_id, state }, 1);
    },
    forgetTenant(tenant_id) {
      gone.add(tenant_id);
      const others = Object.entries(instruments).filter(([name]) => name !== STATE);
      forgetting = Promise.all([forgetting, ...others.map(([, metric]) => forget(metric, tenant_id))]);
    },
    tenantQuota: (tenant_id, bytes) => set('frostbyte_tenant_storage_quota_bytes', { tenant_id }, bytes),
    apiRequest: (tenant_id, endpoint, method, status, seconds) =>
      observe(
        'frostbyte_api_request_duration_seconds',
        { tenant_id, endpoint, method: knownMethod(method), status_code: String(status) },
        seconds,
      ),
    rateLimitRejection: (tenant_id, endpoint) =>
      count('frostbyte_api_rate_limit_rejections_total', { tenant_id, endpoint }),
  };

  return {
    meter,
    snapshot: () => registry.getMetricsAsJSON() as unknown as Promise<MetricObject[]>,
    merge(process, snapshot) {
      if (snapshot) {
        others.set(process, snapshot);
        return;
      }
      // What a process counted stays counted when it dies; what it measured of itself goes with it.
      const last = others.get(process)?.filter(({ type }) => String(type) !== 'gauge');
      others.delete(process);
      if (last === undefined) return;
      retired = retired.then(async (before) => {
        try {
          return (await together([before, last]).getMetricsAsJSON()) as unknown as MetricObject[];
        } catch {
          // What cannot be added up is not counted; it must not take the rest along.
          return before;
        }
      });
    },
    text: async () => (await all()).metrics(),
    collected: async () => (await all()).getMetricsAsJSON() as unknown as Promise<MetricObject[]>,
  };

  async function all(): Promise<Registry> {
    await forgetting;
    const own = (await registry.getMetricsAsJSON()) as unknown as MetricObject[];
    return together([own, ...[await retired, ...others.values()].map((each) => without(each, gone))]);
  }
}

/** Several processes' values as one registry: counters and histograms added up. */
function together(snapshots: MetricObject[][]): Registry {
  return AggregatorRegistry.aggregate(snapshots as never);
}

/** A snapshot without the series of these tenants. */
function without(snapshot: MetricObject[], gone: ReadonlySet<string>): MetricObject[] {
  if (gone.size === 0) return snapshot;
  return (snapshot as (MetricObject & { values: { labels: { tenant_id?: string } }[] })[]).map((metric) => ({
    ...metric,
    values: metric.values.filter(({ labels }) => !gone.has(labels.tenant_id ?? '')),
  }));
}

/** Removes every series of a metric that carries the tenant. */
async function forget(metric: Counter | Gauge | Histogram, tenantId: string): Promise<void> {
  const { values } = await metric.get();
  const series = new Map<string, Record<string, string>>();
  for (const { labels } of values as { labels: Record<string, string> }[]) {
    const { le: _bucket, ...own } = labels;
    if (own.tenant_id === tenantId) series.set(JSON.stringify(own), own);
  }
  for (const labels of series.values()) metric.remove(labels);
}

function instrument(
  name: string,
  row: { type: string; help: string; labels: string[]; buckets?: number[] },
  registry: Registry,
) {
  const base = { name, help: row.help, labelNames: row.labels, registers: [registry] };
  if (row.type === 'counter') return new Counter(base);
  if (row.type === 'gauge') return new Gauge(base);
  return new Histogram({ ...base, buckets: row.buckets ?? SECONDS });
}

function resultBucket(results: number): string {
  if (results === 0) return '0';
  if (results <= 5) return '1-5';
  if (results <= 20) return '6-20';
  return results <= 50 ? '21-50' : '51-200';
}

const METHODS = new Set(['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS']);
const knownMethod = (method: string) => (METHODS.has(method) ? method : 'OTHER');
