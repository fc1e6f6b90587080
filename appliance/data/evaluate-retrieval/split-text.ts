/** The chunk limits of spec 2 B. */
const SOFT_LIMIT = 1200;
const HARD_LIMIT = 2400;

/**
 * Cuts a plain text into chunks of about the soft limit and never above the hard one: after a sentence where one ends
 * between the limits, else at white space, else where the hard limit falls (never inside a surrogate pair). Offsets are
 * UTF-16 code units; a text without anything but white space has no chunk. O(n).
 */
export function splitText(text: string): { start: number; end: number }[] {
  const parts: { start: number; end: number }[] = [];
  let start = 0;
  while (start < text.length) {
    const end = start + nextCut(text.slice(start, start + HARD_LIMIT + 1));
    const part = text.slice(start, end);
    const from = start + (part.length - part.trimStart().length);
    const to = from + part.trim().length;
    if (to > from) parts.push({ start: from, end: to });
    start = end;
  }
  return parts;
}

/** How much of the front of `rest` (one unit longer than the hard limit, where there is more) is the next chunk. */
function nextCut(rest: string): number {
  if (rest.length <= SOFT_LIMIT) return rest.length;
  const sentence = /[.!?]\s/g;
  sentence.lastIndex = SOFT_LIMIT - 1;
  const found = sentence.exec(rest);
  if (found && found.index + 1 <= HARD_LIMIT) return found.index + 1;
  if (rest.length <= HARD_LIMIT) return rest.length;
  const space = rest.search(/\s\S*$/);
  if (space > SOFT_LIMIT) return space;
  const last = rest.charCodeAt(HARD_LIMIT - 1);
  return last >= 0xd800 && last <= 0xdbff ? HARD_LIMIT - 1 : HARD_LIMIT;
}
