import { increase, increaseOf, last, predicted, quantile, seriesBelow, type Taken } from '../measuring/window.ts';

/**
 * The twelve alerts of spec 6: each as Prometheus has it, and as the box itself asks it of what it kept. Both stand in one
 * row, so that whoever changes one sees the other.
 */
export interface Rule {
  severity: 'critical' | 'high' | 'medium' | 'low';
  /** PromQL, by tenant. */
  expr: string;
  /** How long it must hold, as Prometheus writes it. */
  for?: string;
  /** What it means and what to do. */
  summary: string;
  mend: string;
  /** What is measured, where there is something to measure; `taken` reaches back a week. */
  measure(taken: readonly Taken[], now: number): number | null;
  /** The value beyond which it holds. */
  above: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const by = (metric: string, window: string, where = '') =>
  `sum by (tenant_id) (increase(${metric}${where === '' ? '' : `{${where}}`}[${window}]))`;
const p95 = (metric: string, window: string, where = '') =>
  `histogram_quantile(0.95, sum by (tenant_id, le) (rate(${metric}_bucket${where === '' ? '' : `{${where}}`}[${window}])))`;

/** A share of what happened; null where nothing did. */
const share = (some: number, all: number) => (all === 0 ? null : some / all);
/** Of counters whose names begin alike: those of one ending, over all of them. */
function shareBelow(taken: readonly Taken[], prefix: string, ending: string): number | null {
  return share(increase(taken, `${prefix}${ending}`), increaseOf(taken, seriesBelow(taken, prefix)));
}

export const RULES = Object.freeze({
  ParseFailureRateHigh: {
    severity: 'critical',
    // Where nothing was parsed at all there is no series of what was.
    expr: `${by('frostbyte_parse_failures_total', '15m')} / (${by('frostbyte_parse_failures_total', '15m')} + (${by('frostbyte_parse_duration_seconds_count', '15m', 'parser="stage1"')} or ${by('frostbyte_parse_failures_total', '15m')} * 0)) > 0.5`,
    summary: 'More than half of the documents of the last 15 minutes could not be parsed.',
    mend: 'Look at what the batches report of them; where all fail alike, run frostbyte doctor.',
    measure(taken, now) {
      const window = last(taken, 15 * MINUTE, now);
      const failed = increase(window, 'parse_failures');
      return share(failed, failed + increase(window, 'parse'));
    },
    above: 0.5,
  },
  TenantStorageCapacityExhausted: {
    severity: 'critical',
    expr: 'sum by (tenant_id) (frostbyte_storage_bytes) / sum by (tenant_id) (frostbyte_tenant_storage_quota_bytes) > 0.9',
    summary: 'The tenant has used more than 90 % of its storage quota.',
    mend: 'Raise the quota in its configuration, or erase documents; at 100 % batches are refused.',
    measure: (taken) => share(storage(taken.at(-1)), taken.at(-1)?.sample.quota ?? 0),
    above: 0.9,
  },
  DimensionAssertionFailure: {
    severity: 'critical',
    expr: `${by('frostbyte_embed_dimension_assertions_total', '1h', 'result="fail"')} > 0`,
    summary: 'The embedding model gave a vector that does not have 768 finite dimensions.',
    mend: 'Verify the model (frostbyte model list), then retry the dead letters.',
    measure: (taken, now) => increase(last(taken, HOUR, now), 'dimensions.fail'),
    above: 0,
  },
  DeadLetterQueueGrowth: {
    severity: 'high',
    expr: 'max by (tenant_id) (frostbyte_dlq_depth) > 10',
    for: '5m',
    summary: 'More than ten documents wait as dead letters.',
    mend: 'Look at what went wrong with them, mend it, then retry them.',
    measure(taken, now) {
      const window = last(taken, 5 * MINUTE, now);
      // Prometheus waits until it has held for so long; here that is the least of that time.
      return window.length < 5 ? null : Math.min(...window.map(({ sample }) => sample.dlq ?? 0));
    },
    above: 10,
  },
  EmbeddingAPIErrorRate: {
    severity: 'high',
    expr: `${by('frostbyte_embed_duration_seconds_count', '5m', 'status!="success"')} / ${by('frostbyte_embed_duration_seconds_count', '5m')} > 0.1`,
    summary: 'More than a tenth of the calls to the embedding model failed in the last five minutes.',
    mend: 'Look whether the model answers (frostbyte doctor); what failed is retried by itself.',
    measure(taken, now) {
      const good = shareBelow(last(taken, 5 * MINUTE, now), 'embed.', 'success');
      return good === null ? null : 1 - good;
    },
    above: 0.1,
  },
  ModelVersionMismatchRate: {
    severity: 'high',
    expr: `${by('frostbyte_retrieval_model_mismatch_total', '1h')} / ${by('frostbyte_retrieval_latency_seconds_count', '1h')} > 0.05`,
    summary: 'Searches are answered from an index that another model made.',
    mend: 'Let the tenant be indexed anew (frostbyte tenant reindex).',
    measure(taken, now) {
      const window = last(taken, HOUR, now);
      return share(increase(window, 'mismatch'), increase(window, 'search'));
    },
    above: 0.05,
  },
  IntakeRejectionRateHigh: {
    severity: 'medium',
    expr: `${by('frostbyte_intake_files_total', '1h', 'status="rejected"')} / ${by('frostbyte_intake_files_total', '1h')} > 0.2`,
    summary: 'More than a fifth of the files of the last hour were rejected.',
    mend: 'The receipts say why; the sender can try a folder with frostbyte manifest check.',
    measure: (taken, now) => shareBelow(last(taken, HOUR, now), 'files.', 'rejected'),
    above: 0.2,
  },
  ParseDurationP95High: {
    severity: 'medium',
    expr: `${p95('frostbyte_parse_duration_seconds', '1h', 'parser="stage1"')} > 300`,
    summary: 'One document in twenty takes more than five minutes to parse.',
    mend: 'Look for very large or scanned documents in the batches under way.',
    measure: (taken, now) => quantile(last(taken, HOUR, now), 'parse', 0.95),
    above: 300,
  },
  PolicyQuarantineRateHigh: {
    severity: 'medium',
    expr: `${by('frostbyte_policy_gate_results_total', '1h', 'result="fail"')} / ${by('frostbyte_policy_gate_results_total', '1h')} > 0.1`,
    summary: 'The gates stop more than a tenth of what passes them.',
    mend: 'Look at the quarantine and the review queue; thresholds stand in the configuration.',
    measure: (taken, now) => shareBelow(last(taken, HOUR, now), 'gates.', 'fail'),
    above: 0.1,
  },
  RetrievalLatencyP95High: {
    severity: 'medium',
    expr: `${p95('frostbyte_retrieval_latency_seconds', '1h')} > 5`,
    summary: 'One search in twenty takes more than five seconds.',
    mend: 'Look at the load of the box and at how much runs at the same time.',
    measure: (taken, now) => quantile(last(taken, HOUR, now), 'search', 0.95),
    above: 5,
  },
  AfterHoursBatchSubmission: {
    severity: 'low',
    expr: `${by('frostbyte_intake_batch_size_count', '10m')} > 0 and on () (hour() < 6 or hour() >= 22)`,
    summary: 'A batch came outside of 06 to 22 UTC.',
    mend: 'Ask the tenant whether it was theirs; the audit log says who sent it.',
    measure(taken, now) {
      const hour = new Date(now * 1000).getUTCHours();
      return hour >= 6 && hour < 22 ? null : increase(last(taken, 10 * MINUTE, now), 'batches');
    },
    above: 0,
  },
  TenantStorageGrowthTrend: {
    severity: 'low',
    expr: 'predict_linear(sum by (tenant_id) (frostbyte_storage_bytes)[7d:1h], 30 * 86400) / on (tenant_id) sum by (tenant_id) (frostbyte_tenant_storage_quota_bytes) > 1',
    summary: 'Growing as in the last week, the tenant reaches its quota within 30 days.',
    mend: 'Plan for more room, or for shorter retention.',
    measure(taken, now) {
      const week = last(taken, 7 * DAY, now);
      // A line through less than a day says nothing about a month.
      if (week.length < 2 || week.at(-1)!.at - week[0]!.at < DAY) return null;
      const then = predicted(week, 'storage.', 30 * DAY);
      return then === null ? null : share(then, week.at(-1)!.sample.quota ?? 0);
    },
    above: 1,
  },
} satisfies Record<string, Rule>);

export type RuleName = keyof typeof RULES;

function storage(taken: Taken | undefined): number {
  return Object.entries(taken?.sample ?? {}).reduce(
    (sum, [name, value]) => sum + (name.startsWith('storage.') ? value : 0),
    0,
  );
}
