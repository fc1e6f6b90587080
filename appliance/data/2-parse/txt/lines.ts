/** A line of a text file without its end. Lines count from 1. */
export interface Line {
  text: string;
  number: number;
}

/** A run of lines without an empty one among them. */
export type LineGroup = Line[];

/** The groups of lines that blank lines (or form feeds) separate. Tabs are four columns. O(n). */
export function lineGroups(text: string): LineGroup[] {
  const groups: LineGroup[] = [];
  let open: LineGroup = [];
  let number = 0;
  for (const raw of text.split(/\r\n|[\r\n\u0085\u2028\u2029]/)) {
    number++;
    for (const [index, part] of raw.split('\f').entries()) {
      const line = part.replaceAll('\t', '    ').trimEnd();
      if ((index > 0 || line.trim() === '') && open.length > 0) {
        groups.push(open);
        open = [];
      }
      if (line.trim() !== '') open.push({ text: line, number });
    }
  }
  if (open.length > 0) groups.push(open);
  return groups;
}
