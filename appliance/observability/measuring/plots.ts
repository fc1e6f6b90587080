import { increase, quantile, seriesBelow, type Taken } from './window.ts';

/** What dashboards draw (spec 6): each plot with its lines, made of the samples that were kept. */
export interface Plot {
  plot: PlotName;
  unit: 'count' | 'bytes' | 'seconds';
  lines: { line: string; points: (number | null)[] }[];
}

export interface Plots {
  /** Ends of the spans that points stand for, in seconds since 1970. */
  times: number[];
  plots: Plot[];
}

/** Points of a plot: more than a screen shows apart say nothing more. */
const POINTS = 96;

/** Samples of a span, behind the last one before it, from which its counters rose. */
interface Span {
  before: readonly Taken[];
  within: readonly Taken[];
}

type Line = (span: Span) => number | null;
interface Drawn {
  unit: Plot['unit'];
  /** Where they are drawn: of each tenant, of the whole box, or of both. */
  of: 'tenant' | 'whole' | 'both';
  lines(all: readonly Taken[]): Record<string, Line>;
}

/** How many came in each span. A span of one sample alone knows nothing of before. */
const counted =
  (...series: string[]): Line =>
  (span) => {
    const all = risenIn(span);
    return all.length < 2 ? null : series.reduce((sum, one) => sum + increase(all, one), 0);
  };
/** How much there is at the end of a span. */
const there =
  (series: string): Line =>
  ({ within }) =>
    within.at(-1)?.sample[series] ?? null;
const below = (all: readonly Taken[], prefix: string, line: (series: string) => Line) =>
  Object.fromEntries(seriesBelow(all, prefix).map((series) => [series.slice(prefix.length), line(series)]));
const quantiles = (histogram: string) => ({
  p50: (span: Span) => quantile(risenIn(span), histogram, 0.5),
  p95: (span: Span) => quantile(risenIn(span), histogram, 0.95),
});

const DRAWN = {
  files: { unit: 'count', of: 'both', lines: (all) => below(all, 'files.', counted) },
  parsing: {
    unit: 'count',
    of: 'both',
    lines: () => ({ parsed: counted('parse'), failed: counted('parse_failures') }),
  },
  parse_time: { unit: 'seconds', of: 'both', lines: () => quantiles('parse') },
  gates: { unit: 'count', of: 'both', lines: (all) => below(all, 'gates.', counted) },
  searches: { unit: 'count', of: 'both', lines: () => ({ searches: counted('search') }) },
  search_time: { unit: 'seconds', of: 'both', lines: () => quantiles('search') },
  queues: { unit: 'count', of: 'both', lines: (all) => below(all, 'queue.', there) },
  dead_letters: { unit: 'count', of: 'both', lines: () => ({ waiting: there('dlq') }) },
  storage: {
    unit: 'bytes',
    of: 'both',
    lines: (all) => ({ ...below(all, 'storage.', there), quota: there('quota') }),
  },
  requests: { unit: 'count', of: 'whole', lines: (all) => answers(all) },
  request_time: { unit: 'seconds', of: 'whole', lines: () => quantiles('api') },
} satisfies Record<string, Drawn>;
export type PlotName = keyof typeof DRAWN;

/** Requests by the hundreds of their status; not their buckets. */
function answers(all: readonly Taken[]): Record<string, Line> {
  const series = seriesBelow(all, 'api.').filter((name) => /^api\.\dxx$/.test(name));
  return { ...Object.fromEntries(series.map((name) => [name.slice(4), counted(name)])), limited: counted('limited') };
}

/** What counters rose over; nothing where nothing was measured within. */
function risenIn({ before, within }: Span): readonly Taken[] {
  return within.length === 0 ? [] : [...before, ...within];
}

function spanOf(taken: readonly Taken[], from: number, to: number): Span {
  return {
    before: taken.filter(({ at }) => at <= from).slice(-1),
    within: taken.filter(({ at }) => at > from && at <= to),
  };
}

/** The plots of a tenant, or of the whole box, from `from` to `to` (seconds). Pure. O(samples × lines). */
export function plotsOf(
  taken: readonly Taken[],
  of: 'tenant' | 'whole',
  from: number,
  to: number,
  step: number,
): Plots {
  const width = Math.max(step, (to - from) / POINTS);
  const count = Math.max(1, Math.ceil((to - from) / width));
  const ends = Array.from({ length: count }, (_, at) => from + (at + 1) * width);
  const spans = ends.map((end) => spanOf(taken, end - width, end));
  const plots = (Object.entries(DRAWN) as [PlotName, Drawn][]).flatMap(([plot, { unit, of: where, lines }]) =>
    where !== 'both' && where !== of
      ? []
      : [
          {
            plot,
            unit,
            lines: Object.entries(lines(taken)).map(([line, at]) => ({ line, points: spans.map(at) })),
          },
        ],
  );
  return { times: ends.map(Math.round), plots };
}
