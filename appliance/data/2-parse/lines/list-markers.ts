const BULLET =
  /^[\u2022\u2023\u25AA\u25AB\u25CF\u25CB\u25A0\u25A1\u25E6\u2043\u2219\u00B7\u27A2\u27A4\u2713\u2714\u2756\uF0B7\uF0A7\uF0D8]\s*/u;
const DASH = /^[-\u2013\u2014*]\s+(?=\S)/u;
const NUMBER = /^(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5}|[IVX]{2,5})[.)]|\(?[A-Z]\))\s+(?=\S)/u;
const NUMBER_ONLY = /^(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5}|[IVX]{2,5})[.)]|\(?[A-Z]\))$/u;

export type Marker = 'bullet' | 'dash' | 'number';

/**
 * What kind of list marker a line starts with, or null. A lone number or letter with its dot counts as well: the text
 * may stand in the next piece.
 */
export function listMarker(text: string): Marker | null {
  if (BULLET.test(text)) return 'bullet';
  if (DASH.test(text)) return 'dash';
  if (NUMBER.test(text) || NUMBER_ONLY.test(text)) return 'number';
  return null;
}
