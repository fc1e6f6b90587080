/**
 * A text cut into as few pieces of at most `most` UTF-16 units as there can be, as even as words allow: between words
 * where there are any, never inside a character. Nothing but white space is left out, nothing stands in two pieces. A text
 * without a word is no piece. O(length).
 */
export function piecesOf(text: string, most: number): string[] {
  const whole = text.toWellFormed().trim();
  if (whole === '') return [];
  const pieces: string[] = [];
  for (let from = 0; from < whole.length; ) {
    const left = whole.length - from;
    const wanted = Math.ceil(left / Math.ceil(left / most));
    const to = left <= most ? whole.length : cutAt(whole, from, from + wanted, from + most);
    const piece = whole.slice(from, to).trim();
    if (piece !== '') pieces.push(piece);
    from = to;
  }
  return pieces;
}

/** How far from where a cut is wanted a gap between words is looked for. */
const LOOK = 200;

/** Where to cut, near `wanted` and not beyond `last`. */
function cutAt(text: string, from: number, wanted: number, last: number): number {
  for (let by = 0; by <= LOOK; by++) {
    for (const at of [wanted + by, wanted - by]) {
      if (at > from && at <= last && /\s/.test(text[at]!)) return at;
    }
  }
  const low = text.charCodeAt(wanted) & 0xfc00;
  return low === 0xdc00 && wanted - 1 > from ? wanted - 1 : wanted;
}
