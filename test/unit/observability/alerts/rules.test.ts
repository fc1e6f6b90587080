import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertsOf } from '../../../../appliance/observability/alerts/evaluate.ts';
import { RULES, type RuleName } from '../../../../appliance/observability/alerts/rules.ts';
import type { Taken } from '../../../../appliance/observability/measuring/window.ts';
import { METRICS } from '../../../../appliance/observability/metrics.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Noon of a day. */
const NOON = Date.UTC(2026, 0, 10, 12) / 1000;

/** Samples up to `now`, every `apart` seconds over `over`: each series as a line from its first value to its last. */
function rising(
  series: Record<string, [from: number, to: number]>,
  { now = NOON, over = 600, apart = 60 }: { now?: number; over?: number; apart?: number } = {},
): Taken[] {
  const steps = over / apart;
  return Array.from({ length: steps + 1 }, (_, at) => ({
    at: now - over + at * apart,
    sample: Object.fromEntries(
      Object.entries(series).map(([name, [from, to]]) => [name, from + ((to - from) * at) / steps]),
    ),
  }));
}

/** For each rule: samples beyond its bound, and samples that stand at it. */
const CASES: Record<RuleName, { holds: Taken[]; not: Taken[]; now?: number }> = {
  ParseFailureRateHigh: {
    holds: rising({ parse_failures: [0, 51], parse: [0, 49] }),
    not: rising({ parse_failures: [0, 50], parse: [0, 50] }),
  },
  TenantStorageCapacityExhausted: {
    holds: rising({ 'storage.object': [80, 80], 'storage.vector': [0, 11], quota: [100, 100] }),
    not: rising({ 'storage.object': [80, 80], 'storage.vector': [0, 10], quota: [100, 100] }),
  },
  DimensionAssertionFailure: {
    holds: rising({ 'dimensions.fail': [3, 4], 'dimensions.pass': [0, 500] }),
    not: rising({ 'dimensions.fail': [4, 4], 'dimensions.pass': [0, 500] }),
  },
  DeadLetterQueueGrowth: { holds: rising({ dlq: [11, 40] }), not: rising({ dlq: [0, 12] }) },
  EmbeddingAPIErrorRate: {
    holds: rising({ 'embed.error': [0, 12], 'embed.success': [0, 88] }),
    not: rising({ 'embed.error': [0, 9], 'embed.success': [0, 91] }),
  },
  ModelVersionMismatchRate: {
    holds: rising({ mismatch: [0, 6], search: [0, 100] }),
    not: rising({ mismatch: [0, 5], search: [0, 100] }),
  },
  IntakeRejectionRateHigh: {
    holds: rising({ 'files.rejected': [0, 21], 'files.accepted': [0, 79] }),
    not: rising({ 'files.rejected': [0, 20], 'files.accepted': [0, 60], 'files.quarantined': [0, 20] }),
  },
  ParseDurationP95High: {
    holds: rising({ 'parse.le.300': [0, 90], 'parse.le.600': [0, 100], 'parse.le.+Inf': [0, 100] }),
    not: rising({ 'parse.le.300': [0, 96], 'parse.le.600': [0, 100], 'parse.le.+Inf': [0, 100] }),
  },
  PolicyQuarantineRateHigh: {
    holds: rising({ 'gates.fail': [0, 11], 'gates.pass': [0, 89] }),
    not: rising({ 'gates.fail': [0, 10], 'gates.pass': [0, 90] }),
  },
  RetrievalLatencyP95High: {
    holds: rising({ 'search.le.5': [0, 94], 'search.le.10': [0, 100], 'search.le.+Inf': [0, 100] }),
    not: rising({ 'search.le.5': [0, 96], 'search.le.10': [0, 100], 'search.le.+Inf': [0, 100] }),
  },
  AfterHoursBatchSubmission: {
    holds: rising({ batches: [7, 8] }, { now: NOON + 10 * HOUR }),
    not: rising({ batches: [7, 7] }, { now: NOON + 10 * HOUR }),
    now: NOON + 10 * HOUR,
  },
  TenantStorageGrowthTrend: {
    holds: rising({ 'storage.object': [0, 20], quota: [100, 100] }, { over: 7 * DAY, apart: 900 }),
    not: rising({ 'storage.object': [0, 18], quota: [100, 100] }, { over: 7 * DAY, apart: 900 }),
  },
};

const alerts = (taken: Taken[], now: number) =>
  alertsOf('acme', { fine: taken, week: taken }, now).map(({ rule }) => rule);

describe('the twelve alerts', () => {
  for (const [rule, { holds, not, now = NOON }] of Object.entries(CASES)) {
    it(`${rule} holds beyond its bound and not at it`, () => {
      assert.ok(alerts(holds, now).includes(rule as RuleName), 'beyond');
      assert.ok(!alerts(not, now).includes(rule as RuleName), 'at it');
    });
  }

  it('of which there are twelve, say nothing where nothing was measured', () => {
    assert.equal(Object.keys(RULES).length, 12);
    assert.deepEqual(alerts([], NOON), []);
    assert.deepEqual(alerts(rising({}), NOON), []);
  });

  it('a batch within the day is none of after hours', () => {
    assert.deepEqual(alerts(rising({ batches: [7, 8] }), NOON), []);
  });

  it('one that goes on keeps when it began, and one of another tenant is another', () => {
    const { holds } = CASES.DeadLetterQueueGrowth;
    const [first] = alertsOf('acme', { fine: holds, week: [] }, NOON);
    const [later] = alertsOf('acme', { fine: rising({ dlq: [11, 40] }, { now: NOON + 60 }), week: [] }, NOON + 60, [
      first!,
    ]);
    assert.equal(later!.since, first!.since);
    const [other] = alertsOf('beta', { fine: rising({ dlq: [11, 40] }, { now: NOON + 60 }), week: [] }, NOON + 60, [
      first!,
    ]);
    assert.notEqual(other!.since, first!.since);
  });

  it('ask Prometheus of metrics and labels that there are', () => {
    for (const [rule, { expr }] of Object.entries(RULES)) {
      const named = [...expr.matchAll(/frostbyte_[a-z_]+/g)].map(([name]) => name.replace(/_(?:bucket|count)$/, ''));
      assert.ok(named.length > 0, rule);
      for (const name of named) assert.ok(Object.hasOwn(METRICS, name), `${rule}: ${name}`);
      for (const [, name, label] of expr.matchAll(/(frostbyte_[a-z_]+?)(?:_count|_bucket)?\{(\w+)/g))
        assert.ok((METRICS[name as keyof typeof METRICS].labels as string[]).includes(label!), `${rule}: ${label}`);
      assert.equal(expr.split('(').length, expr.split(')').length, rule);
    }
  });
});
