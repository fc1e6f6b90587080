import type { Draft } from './paragraphs.ts';

/** The type that most of a document is set in, and the styles of its headings, highest first. */
export interface HeadingStyles {
  body: number;
  bodyBold: boolean;
  bodyItalic: boolean;
  /** Highest first, with the level of each. */
  styles: HeadingStyle[];
  /** False where sizes are estimates: then only clearly larger type is a heading. */
  sized: boolean;
}

export interface HeadingStyle {
  size: number;
  /** 2 bold, 1 italic, 0 plain. */
  weight: number;
  level: number;
}

const MAX_LEVEL = 6;
const MAX_CHARACTERS = 200;
const MAX_ROWS = 4;
/** How much larger than the body type a heading is at least. */
const LARGER = 1.12;
const LARGER_ESTIMATED = 1.45;
/** Styles within this share of each other are one. */
const SAME_STYLE = 0.06;

/** Finds body type and heading styles over the whole document. O(drafts log drafts). */
export function headingStyles(drafts: readonly Draft[]): HeadingStyles {
  const base = bodyOf(drafts);
  const found = drafts.filter((draft) => looksLikeHeading(draft, base)).map((draft) => styleOf(draft));
  found.sort((a, b) => b.size - a.size || b.weight - a.weight);
  const uses: number[] = [];
  for (const style of found) {
    const at = base.styles.findIndex((known) => same(known, style));
    if (at >= 0) uses[at] = (uses[at] ?? 0) + 1;
    else {
      base.styles.push({ ...style, level: 1 });
      uses.push(1);
    }
  }
  // The lines of a title page have a size each; together they are the title, not a level each.
  let level = 1;
  base.styles.forEach((style, index) => {
    const title = level === 1 && uses.slice(0, index).every((count) => count === 1) && (uses[index] ?? 0) === 1;
    if (index > 0 && !title) level++;
    style.level = Math.min(MAX_LEVEL, level);
  });
  return base;
}

/** The size, weight and slope that most characters have. */
function bodyOf(drafts: readonly Draft[]): HeadingStyles {
  const weights = new Map<number, { all: number; bold: number; italic: number }>();
  let sized = true;
  for (const draft of drafts) {
    for (const row of draft.rows) {
      const key = Math.round(row.size * 2);
      const entry = weights.get(key) ?? { all: 0, bold: 0, italic: 0 };
      entry.all += row.text.length;
      if (row.bold) entry.bold += row.text.length;
      if (row.italic) entry.italic += row.text.length;
      weights.set(key, entry);
      if (!row.sized) sized = false;
    }
  }
  const body: HeadingStyles = { body: 10, bodyBold: false, bodyItalic: false, styles: [], sized };
  let most = 0;
  for (const [key, entry] of [...weights].sort((a, b) => a[0] - b[0])) {
    if (entry.all <= most) continue;
    most = entry.all;
    body.body = key / 2;
    body.bodyBold = entry.bold > 0.6 * entry.all;
    body.bodyItalic = entry.italic > 0.6 * entry.all;
  }
  return body;
}

/** Level 1–6 of a heading, or null for other text. */
export function headingLevel(draft: Draft, styles: HeadingStyles): number | null {
  if (!looksLikeHeading(draft, styles)) return null;
  const style = styleOf(draft);
  return (styles.styles.find((known) => same(known, style)) ?? styles.styles.at(-1))?.level ?? 1;
}

type Style = Pick<HeadingStyle, 'size' | 'weight'>;

function styleOf(draft: Draft): Style {
  const first = draft.rows[0];
  const bold = draft.rows.every((row) => row.bold);
  const italic = draft.rows.every((row) => row.italic);
  return { size: Math.round((first?.size ?? 0) * 2) / 2, weight: bold ? 2 : italic ? 1 : 0 };
}

function same(a: Style, b: Style): boolean {
  return a.weight === b.weight && Math.abs(a.size - b.size) <= SAME_STYLE * Math.max(a.size, b.size);
}

/** Short, with letters, and larger or bolder than the body. */
function looksLikeHeading(draft: Draft, styles: HeadingStyles): boolean {
  if (draft.kind === 'caption' || draft.rows.length > MAX_ROWS) return false;
  const text = draft.rows.map((row) => row.text).join(' ');
  if (text.length > MAX_CHARACTERS || text.length < 2 || !/\p{L}{2}/u.test(text)) return false;
  if (/^[\u2022\u2023\u25AA\u25CF\u25E6\u2043\u00B7\uF0B7\uF0A7-]/u.test(text)) return false;
  const style = styleOf(draft);
  const larger = style.size >= (styles.sized ? LARGER : LARGER_ESTIMATED) * styles.body;
  if (larger) return !(/[.;,]$/u.test(text) && text.length > 60);
  const stands = (style.weight === 2 && !styles.bodyBold) || (style.weight === 1 && !styles.bodyItalic);
  if (!stands || style.size < 0.95 * styles.body) return false;
  if (style.weight === 1 && (draft.rows.length > 1 || text.length > 80 || !/^(?:\d|\p{Lu})/u.test(text))) return false;
  if (draft.rows.length > 2 || /[.;,]$/u.test(text) || /^\p{Ll}/u.test(text)) return false;
  return (text.match(/\p{L}/gu)?.length ?? 0) > 0.4 * text.length;
}
