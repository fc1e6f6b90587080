/** Text for people at a terminal of eighty columns. */

const WIDTH = 80;

/** Lines of at most eighty columns; a word that is longer stands alone. */
export function wrap(text: string, first: string, rest = ' '.repeat(first.length)): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** In a colour (SGR code), where the terminal shows it. */
export const painted = (text: string, code: string, colour: boolean): string =>
  colour ? `\x1b[${code}m${text}\x1b[0m` : text;
