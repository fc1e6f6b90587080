import { type Markup, size } from '../../api/markup.ts';
import type { MeasuredPlots } from '../../control/verbs.ts';
import type { Language, Texts } from '../texts/language.ts';
import { number } from './pieces.tsx';

type Plot = MeasuredPlots['plots'][number];
type Line = Plot['lines'][number];

/** In a box of this size, stretched to whatever width there is; its words stand beside it, and keep theirs. */
const [WIDTH, HEIGHT] = [960, 200];

/** What a line is about decides its colour, on every plot the same. */
const TONES: Readonly<Record<string, string>> = Object.freeze({
  accepted: 'good',
  parsed: 'good',
  pass: 'good',
  searches: 'running',
  '2xx': 'good',
  '3xx': 'running',
  '4xx': 'waiting',
  '5xx': 'bad',
  limited: 'apart',
  rejected: 'bad',
  failed: 'bad',
  fail: 'bad',
  unavailable: 'waiting',
  quarantined: 'apart',
  waiting: 'bad',
  object: 'running',
  relational: 'good',
  vector: 'apart',
  quota: 'quiet',
  p50: 'running',
  p95: 'waiting',
  parse: 'running',
  policy: 'waiting',
  embed: 'apart',
  index: 'good',
});
const toneOf = (line: string) => TONES[line] ?? 'quiet';

/** What is counted span by span stands as bars on each other; what is there at a moment is a line. */
const BARS = new Set(['files', 'parsing', 'gates', 'searches', 'requests']);
/** Lines of parts of one whole, on each other; but for what bounds them. */
const STACKED = new Set(['storage']);

/** A plot with its words: what each line is, its latest value or its sum, and its peak. */
export function plot(t: Texts, language: Language, measured: MeasuredPlots, one: Plot): Markup {
  const says = t.measures;
  const title = says.plots[one.plot] ?? one.plot;
  const isBars = BARS.has(one.plot);
  const shown = one.lines.filter(({ points }) => points.some((value) => value !== null && value > 0));
  const amount = (value: number) => amountOf(language, one.unit, value);
  const lines = shown.map(({ line, points }) => ({ line, says: says.lines[line] ?? line, ...summary(points, isBars) }));
  const words = lines.map((each) => `${each.says} ${amount(each.value)}, ${says.peak} ${amount(each.peak)}`);
  const top = niceTop(highest(one.plot, shown), one.unit);
  return (
    <figure class="card plot">
      <figcaption>{title}</figcaption>
      {shown.length === 0 ? (
        <p class="soft small">{says.nothing}</p>
      ) : (
        <>
          <p class="axis">{amount(top)}</p>
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${title}: ${words.join('; ')}`}
          >
            <path class="grid" d={[0, 0.25, 0.5, 0.75, 1].map((at) => `M0 ${at * HEIGHT}H${WIDTH}`).join('')} />
            {isBars ? bars(shown, top) : curves(one.plot, shown, top)}
          </svg>
          <p class="axis times">
            {[0, 0.5, 1].map((at) => (
              <span>{timeAt(language, measured, at)}</span>
            ))}
          </p>
          <ul class="legend">
            {lines.map((each) => (
              <li>
                <i class={`q-${toneOf(each.line)}`} /> {each.says} <b>{amount(each.value)}</b>{' '}
                <span class="soft">
                  {isBars ? says.sum : says.now}, {says.peak} {amount(each.peak)}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}

/** A number of a plot with its unit. */
export function amountOf(language: Language, unit: Plot['unit'], value: number): string {
  if (unit === 'bytes') return size(Math.round(value));
  if (unit === 'count') return number(language, Math.round(value));
  return value < 1
    ? `${number(language, Math.round(value * 1000))} ms`
    : `${number(language, Math.round(value * 10) / 10)} s`;
}

function summary(points: Line['points'], isSum: boolean): { value: number; peak: number } {
  const there = points.filter((value) => value !== null);
  const value = isSum ? there.reduce((sum, one) => sum + one, 0) : (there.at(-1) ?? 0);
  return { value, peak: Math.max(0, ...there) };
}

function highest(of: string, lines: readonly Line[]): number {
  const isTogether = BARS.has(of) || STACKED.has(of);
  const at = (point: number) => {
    const values = lines.filter(({ line }) => !isTogether || line !== 'quota').map(({ points }) => points[point] ?? 0);
    return isTogether ? values.reduce((sum, one) => sum + one, 0) : Math.max(0, ...values);
  };
  const quota = lines.find(({ line }) => line === 'quota')?.points.at(-1) ?? 0;
  const most = Math.max(0, ...(lines[0]?.points ?? []).map((_, point) => at(point)));
  // A quota far away would press everything else to the ground.
  return quota > 0 && quota < 4 * most ? Math.max(quota, most) : most;
}

/** The round number above. */
function niceTop(value: number, unit: Plot['unit']): number {
  if (value <= 0) return 1;
  if (unit === 'count' && value < 5) return Math.ceil(value);
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

const y = (value: number, top: number) => HEIGHT - (Math.min(value, top) / top) * HEIGHT;

function bars(lines: readonly Line[], top: number): Markup[] {
  const count = lines[0]!.points.length;
  const wide = WIDTH / count;
  return Array.from({ length: count }, (_, point) => {
    let under = 0;
    const parts = lines.map(({ line, points }) => {
      const value = points[point] ?? 0;
      if (value === 0) return null;
      const [from, to] = [y(under, top), y(under + value, top)];
      under += value;
      return (
        <rect
          class={`f-${toneOf(line)}`}
          x={(point * wide + wide * 0.1).toFixed(2)}
          y={to.toFixed(2)}
          width={(wide * 0.8).toFixed(2)}
          height={Math.max(0.5, from - to).toFixed(2)}
        />
      );
    });
    return <>{parts}</>;
  });
}

function curves(of: string, lines: readonly Line[], top: number): Markup[] {
  const count = lines[0]!.points.length;
  const x = (point: number) => ((point + 0.5) * WIDTH) / count;
  const under = Array.from({ length: count }, () => 0);
  return lines.map(({ line, points }) => {
    const isOn = STACKED.has(of) && line !== 'quota';
    let path = '';
    let isDrawn = false;
    for (const [point, value] of points.entries()) {
      if (value === null || (line === 'quota' && value > top)) {
        isDrawn = false;
        continue;
      }
      const height = isOn ? under[point]! + value : value;
      if (isOn) under[point] = height;
      const place = `${x(point).toFixed(1)} ${y(height, top).toFixed(1)}`;
      // A point alone is a dot: a line of no length with round ends.
      path += isDrawn ? `L${place}` : `M${place}L${place}`;
      isDrawn = true;
    }
    return <path class={`line l-${toneOf(line)}${line === 'quota' ? ' bound' : ''}`} d={path} />;
  });
}

function timeAt(language: Language, { from, to }: MeasuredPlots, share: number): string {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const at = new Date(first + (last - first) * share);
  const options: Intl.DateTimeFormatOptions =
    last - first > 86_400_000
      ? { day: 'numeric', month: 'short', timeZone: 'UTC' }
      : { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' };
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, options).format(at);
}
