import { isSpace } from '../text/count.ts';

/** A half-open range of UTF-16 units. */
export interface Range {
  start: number;
  end: number;
}

export interface SplitLimits {
  /** Pieces aim at this length. */
  soft: number;
  /** No piece is longer. */
  hard: number;
}

/** The end of a sentence: its stop, closing quotes or brackets, then white space; CJK stops need none. */
const SENTENCE_END = /[.!?…]["'”’»)\]]*(?=\s)|[。！？]["'”’»」』）]*|\n/g;

/**
 * Cuts `text[start, end)` into pieces no longer than `limits.hard`, at sentence ends where it can, else between words,
 * else where no grapheme is broken. Pieces carry no white space at their ends and leave no other character out.
 * `firstRoom`, where given, is the room that the first piece has. O(n).
 */
export function splitText(text: string, start: number, end: number, limits: SplitLimits, firstRoom?: number): Range[] {
  const pieces: Range[] = [];
  let from = skipSpace(text, start, end);
  while (from < end) {
    const room = pieces.length === 0 && firstRoom !== undefined ? firstRoom : limits.hard;
    const aim = Math.min(limits.soft, room);
    const cut = end - from <= aim ? end : findCut(text, from, Math.min(from + aim, end), Math.min(from + room, end));
    pieces.push({ start: from, end: trimEnd(text, from, cut) });
    from = skipSpace(text, cut, end);
  }
  return pieces;
}

/** Where to cut a text that begins at `from`: near `aim`, at most at `limit`. Always greater than `from`. */
function findCut(text: string, from: number, aim: number, limit: number): number {
  let beyond = -1;
  let within = -1;
  const window = text.slice(from, Math.min(limit + 1, text.length));
  for (const match of window.matchAll(SENTENCE_END)) {
    const at = from + match.index + match[0].length;
    if (at > limit) break;
    if (at <= aim) within = at;
    else {
      beyond = at;
      break;
    }
  }
  if (within > from) return within;
  if (beyond > from) return beyond;
  const word = lastSpace(text, from, aim);
  if (word > from) return word;
  const late = lastSpace(text, from, limit);
  if (late > from) return late;
  return wholeGrapheme(text, from, limit);
}

/** The last position in (from, to] that has white space on one of its sides, or -1. */
function lastSpace(text: string, from: number, to: number): number {
  for (let at = to; at > from; at--) {
    if (isSpace(text.charCodeAt(at)) || isSpace(text.charCodeAt(at - 1))) return at;
  }
  return -1;
}

/** How far back a grapheme's start is looked for; longer ones are stacked marks, cut where only pairs stay whole. */
const LONGEST_GRAPHEME = 32;
const EXTENDS = /^(?:\p{M}|\u200d|[\u{1f3fb}-\u{1f3ff}])/u;

function wholeGrapheme(text: string, from: number, limit: number): number {
  const pairSafe = isLowSurrogate(text, limit) && limit - 1 > from ? limit - 1 : limit;
  for (let at = pairSafe; at > from && at > pairSafe - LONGEST_GRAPHEME; at--) {
    if (isLowSurrogate(text, at) || text[at - 1] === '\u200d') continue;
    if (!EXTENDS.test(text.slice(at, at + 2))) return at;
  }
  return pairSafe;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function skipSpace(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function trimEnd(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}
