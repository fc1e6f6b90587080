import type { Line, LineGroup } from './lines.ts';
import { joinLines } from './reflow.ts';

const MARKER = /^\s*(?:[-*•‣▪◦·–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S/;
/** A bullet, which is no minus sign, dash or initial. */
const SURE = /^\s*(?:[-*•‣▪◦]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S/;

export interface ListItem {
  text: string;
  line: number;
  endLine: number;
}

/**
 * The items of a group of lines that is a list: its first line has a marker, and what has none continues the item above
 * it. Undefined when the group is no list. Markers stay in the text. O(n).
 */
export function listItems(group: LineGroup): ListItem[] | undefined {
  if (!SURE.test(group[0]!.text)) return undefined;
  const items: Line[][] = [];
  for (const line of group) {
    if (MARKER.test(line.text)) items.push([line]);
    else items.at(-1)!.push(line);
  }
  return items.map((lines) => ({
    text: joinLines(lines.map((line) => line.text.trim())),
    line: lines[0]!.number,
    endLine: lines.at(-1)!.number,
  }));
}

/** Where a list begins inside a group after introducing lines (`We need:` and items below it), or -1. */
export function listStart(group: LineGroup): number {
  const at = group.findIndex((line) => SURE.test(line.text));
  if (at <= 0) return at;
  return group.slice(at).filter((line) => SURE.test(line.text)).length >= 2 || group[at - 1]!.text.trim().endsWith(':')
    ? at
    : -1;
}
