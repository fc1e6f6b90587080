import { printable } from '../kernel/printable.ts';

export { printable } from '../kernel/printable.ts';

/** How commands speak: JSON where asked, aligned columns for people, a progress bar on a terminal, plain lines in a pipe. */
export interface Output {
  /**
   * The command's answer as JSON (`--json`), else as `text` makes it. A note about it stands below it; with `--json` on
   * standard error.
   */
  answer<T>(value: T, text: (value: T) => string, note?: string): void;
  /** A line for people; nothing under `--json`. */
  say(line: string): void;
  /** A line on standard error, always. */
  warn(line: string): void;
  progress(label: string, total: number): Progress;
}

export interface Progress {
  update(done: number, note?: string): void;
  end(): void;
}

export interface OutputOptions {
  json: boolean;
  stdout?: NodeJS.WriteStream;
  stderr?: NodeJS.WriteStream;
}

export function createOutput({ json, stdout = process.stdout, stderr = process.stderr }: OutputOptions): Output {
  return {
    answer(value, text, note) {
      stdout.write(json ? `${JSON.stringify(value)}\n` : `${text(value)}\n`);
      if (note !== undefined) (json ? stderr : stdout).write(`${note}\n`);
    },
    say: (line) => void (json || stdout.write(`${line}\n`)),
    warn: (line) => void stderr.write(`${line}\n`),
    progress: (label, total) =>
      stderr.isTTY && !json ? bar(stderr, label, total) : lines(json ? null : stderr, label, total),
  };
}

const WIDTH = 30;

function bar(stream: NodeJS.WriteStream, label: string, total: number): Progress {
  let drawn = '';
  return {
    update(done, note = '') {
      const filled = total === 0 ? WIDTH : Math.round((Math.min(done, total) / total) * WIDTH);
      const line = `\r\x1b[2K${label} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total} ${note}`;
      if (line === drawn) return;
      drawn = line;
      stream.write(line);
    },
    end: () => void stream.write('\n'),
  };
}

/** In a pipe: a line for each tenth. */
function lines(stream: NodeJS.WriteStream | null, label: string, total: number): Progress {
  let tenth = -1;
  return {
    update(done, note = '') {
      const now = total === 0 ? 10 : Math.floor((done / total) * 10);
      if (now === tenth) return;
      tenth = now;
      stream?.write(`${label} ${done}/${total} ${note}\n`);
    },
    end() {},
  };
}

/** Aligned columns; the first row is the heading. */
export function table(rows: readonly (readonly (string | number | null | undefined)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell ?? '–'))));
  const widths = cells.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  return cells
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n');
}

/** A text of several lines, set off from what is said about it. */
export function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `   │ ${printable(line)}`)
    .join('\n');
}

/** Where on its page a chunk stands, in points; null where its format has no places. */
export function placeOnPage(boxes: readonly Box[] | null): string | null {
  const [first, ...more] = boxes ?? [];
  if (first === undefined) return null;
  const [x, y, width, height] = [first.x, first.y, first.width, first.height].map(Math.round);
  return `${x},${y} ${width}×${height}${more.length > 0 ? ` +${more.length}` : ''}`;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
