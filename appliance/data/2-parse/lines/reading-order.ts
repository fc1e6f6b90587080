import type { Box } from '../../document.ts';
import { bottom, median, right, sameRow } from './boxes.ts';

/** What is put in order: a line or a finished block. */
export interface OrderItem {
  box: Box;
  /** Characters of the line; 0 for a finished block. */
  characters: number;
  /** True for a table or figure, which may stand in a column like prose. */
  block: boolean;
}

/** Columns within columns deeper than this are not looked for. */
const MAX_DEPTH = 8;
/** A gutter may be crossed by at most this share of the text that stands beside the busiest place. */
const CROSSED = 0.35;
/** Lines that a column must have before it counts as one. */
const MIN_LINES = 3;
/** Strips that are followed at once, and that are tried, when columns take only a part of the page. */
const MAX_OPEN = 60;
const MAX_LOCAL = 24;
/** Mean characters a line from which text reads as prose and not as cells of a row. */
const PROSE_CHARACTERS = 14;

/**
 * Splits the items of a page into regions in reading order; each region is one column (or the full width) and is read
 * row by row. A gutter is an upright empty strip with lines on both sides; what crosses it (a title over two columns)
 * splits the page into bands, and each band with enough lines on both sides is read column by column.
 * O(n log n) for each of at most 8 levels.
 */
export function readingRegions<T extends OrderItem>(items: readonly T[]): T[][] {
  return split(items, 0).filter((region) => region.length > 0);
}

interface Gutter {
  from: number;
  to: number;
}

interface Band<T> {
  columns: boolean;
  items: T[];
  left: T[];
  right: T[];
}

function split<T extends OrderItem>(items: readonly T[], depth: number): T[][] {
  const sorted = [...items].sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  if (sorted.length < 2 * MIN_LINES || depth >= MAX_DEPTH) return [sorted];
  const unit = median(
    sorted.filter((item) => !item.block).map((item) => item.box.height),
    10,
  );
  let best: Band<T>[] = [];
  let bestScore = 0;
  for (const gutter of [...gutters(sorted, unit), ...localGutters(sorted, unit)]) {
    const bands = bandsAt(sorted, gutter, unit);
    const score = bands.reduce((sum, band) => sum + (band.columns ? bandScore(band) : 0), 0);
    if (score > bestScore) {
      best = bands;
      bestScore = score;
    }
  }
  if (bestScore === 0) return [sorted];
  const regions: T[][] = [];
  let flat: T[] = [];
  for (const band of best) {
    if (!band.columns) {
      flat.push(...band.items);
      continue;
    }
    if (flat.length > 0) regions.push(...split(flat, depth + 1));
    flat = [];
    regions.push(...split(band.left, depth + 1), ...split(band.right, depth + 1));
  }
  if (flat.length > 0) regions.push(...split(flat, depth + 1));
  return regions;
}

function heightOf(items: readonly OrderItem[]): number {
  return items.reduce((sum, item) => sum + item.box.height, 0);
}

function bandScore(band: Band<OrderItem>): number {
  return Math.min(heightOf(band.left), heightOf(band.right));
}

/** Upright strips that little text crosses, by a histogram of one-point bins. */
function gutters(items: readonly OrderItem[], unit: number): Gutter[] {
  let x0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    x0 = Math.min(x0, item.box.x);
    x1 = Math.max(x1, right(item.box));
  }
  const bins = Math.min(20_000, Math.max(1, Math.ceil(x1 - x0)));
  const change = new Float64Array(bins + 1);
  for (const item of items) {
    const from = Math.min(bins, Math.max(0, Math.round(item.box.x - x0)));
    const to = Math.min(bins, Math.max(from, Math.round(right(item.box) - x0)));
    change[from] = (change[from] ?? 0) + item.box.height;
    change[to] = (change[to] ?? 0) - item.box.height;
  }
  const cover = new Float64Array(bins);
  let sum = 0;
  let peak = 0;
  for (let bin = 0; bin < bins; bin++) {
    sum += change[bin] ?? 0;
    cover[bin] = sum;
    peak = Math.max(peak, sum);
  }
  const found: Gutter[] = [];
  const narrowest = Math.max(5, 0.7 * unit);
  let bin = 0;
  while (bin < bins) {
    if ((cover[bin] ?? 0) > CROSSED * peak) {
      bin++;
      continue;
    }
    const start = bin;
    let low = Number.POSITIVE_INFINITY;
    while (bin < bins && (cover[bin] ?? 0) <= CROSSED * peak) low = Math.min(low, cover[bin++] ?? 0);
    const run = longestRunAt(cover, start, bin, low);
    if (run.to - run.from >= narrowest) found.push({ from: x0 + run.from, to: x0 + run.to });
  }
  return found;
}

/**
 * Upright strips between neighbours on one row that stay open over several rows: columns that take only a part of the
 * page. The strip narrows row by row to what all rows leave free.
 */
function localGutters(sorted: readonly OrderItem[], unit: number): Gutter[] {
  const narrowest = Math.max(5, 0.7 * unit);
  const open: (Gutter & { low: number; rows: number })[] = [];
  const done: (Gutter & { rows: number })[] = [];
  for (const gap of rowGaps(sorted, narrowest)) {
    let best: (typeof open)[number] | undefined;
    let widest = 0;
    for (const strip of open) {
      const width = Math.min(strip.to, gap.to) - Math.max(strip.from, gap.from);
      if (width > widest && gap.y - strip.low < 4 * unit) {
        widest = width;
        best = strip;
      }
    }
    if (best && widest >= narrowest) {
      best.from = Math.max(best.from, gap.from);
      best.to = Math.min(best.to, gap.to);
      best.low = gap.low;
      best.rows++;
      continue;
    }
    open.push({ from: gap.from, to: gap.to, low: gap.low, rows: 1 });
    if (open.length > MAX_OPEN) done.push(...open.splice(0, 1));
  }
  return [...done, ...open]
    .filter((strip) => strip.rows >= MIN_LINES)
    .sort((a, b) => b.rows - a.rows || a.from - b.from)
    .slice(0, MAX_LOCAL);
}

/** Free stretches between neighbours that stand on one row, top to bottom. `sorted` by y. */
function rowGaps(sorted: readonly OrderItem[], narrowest: number): (Gutter & { y: number; low: number })[] {
  const gaps: (Gutter & { y: number; low: number })[] = [];
  let row: OrderItem[] = [];
  const close = (): void => {
    row.sort((a, b) => a.box.x - b.box.x);
    for (let i = 1; i < row.length; i++) {
      const from = right(row[i - 1]!.box);
      const to = row[i]!.box.x;
      if (to - from >= narrowest) gaps.push({ from, to, y: row[i]!.box.y, low: bottom(row[i]!.box) });
    }
    row = [];
  };
  for (const item of sorted) {
    if (item.block) continue;
    const first = row[0];
    if (first && !sameRow(first.box, item.box)) close();
    row.push(item);
  }
  close();
  return gaps;
}

/** The longest run within [start, end) in which the cover is within rounding of `low`. */
function longestRunAt(cover: Float64Array, start: number, end: number, low: number): Gutter {
  let best: Gutter = { from: start, to: start };
  let from = start;
  for (let bin = start; bin <= end; bin++) {
    if (bin < end && (cover[bin] ?? 0) <= low + 0.01) continue;
    if (bin - from > best.to - best.from) best = { from, to: bin };
    from = bin + 1;
  }
  return best;
}

function bandsAt<T extends OrderItem>(sorted: readonly T[], gutter: Gutter, unit: number): Band<T>[] {
  const bands: Band<T>[] = [];
  let open: Band<T> = { columns: false, items: [], left: [], right: [] };
  const close = (): void => {
    if (open.items.length > 0) {
      open.columns = areColumns(open, unit);
      bands.push(open);
    }
    open = { columns: false, items: [], left: [], right: [] };
  };
  for (const item of sorted) {
    const isLeft = right(item.box) <= gutter.from + 1;
    const isRight = item.box.x >= gutter.to - 1;
    if (!isLeft && !isRight) {
      close();
      bands.push({ columns: false, items: [item], left: [], right: [] });
      continue;
    }
    open.items.push(item);
    (isLeft ? open.left : open.right).push(item);
  }
  close();
  return bands;
}

/** Both sides hold enough lines, beside each other, and read as text of their own and not as cells of rows. */
function areColumns(band: Band<OrderItem>, unit: number): boolean {
  const sides = [band.left, band.right];
  for (const side of sides) {
    const lines = side.reduce((sum, item) => sum + (item.block ? item.box.height / (1.2 * unit) : 1), 0);
    if (lines < MIN_LINES) return false;
  }
  const [leftTop, leftBottom] = extent(band.left);
  const [rightTop, rightBottom] = extent(band.right);
  const shared = Math.min(leftBottom, rightBottom) - Math.max(leftTop, rightTop);
  if (shared < 0.3 * Math.min(leftBottom - leftTop, rightBottom - rightTop)) return false;
  if (sides.every((side) => side.some((item) => item.block) || meanCharacters(side) >= PROSE_CHARACTERS)) return true;
  return partnered(band.left, band.right) < 0.6;
}

function extent(items: readonly OrderItem[]): [number, number] {
  let top = Number.POSITIVE_INFINITY;
  let low = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    top = Math.min(top, item.box.y);
    low = Math.max(low, bottom(item.box));
  }
  return [top, low];
}

function meanCharacters(items: readonly OrderItem[]): number {
  return items.reduce((sum, item) => sum + item.characters, 0) / Math.max(1, items.length);
}

/** Share of the shorter side's lines that stand on one row with a line of the other side. Both sides sorted by y. */
function partnered(a: readonly OrderItem[], b: readonly OrderItem[]): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a];
  let first = 0;
  let hits = 0;
  for (const item of few) {
    while (first < many.length && bottom(many[first]!.box) < item.box.y) first++;
    for (let i = first; i < many.length && many[i]!.box.y < bottom(item.box); i++) {
      if (sameRow(item.box, many[i]!.box)) {
        hits++;
        break;
      }
    }
  }
  return hits / Math.max(1, few.length);
}
