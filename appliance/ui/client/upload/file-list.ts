import type { Outgoing } from './manifest.ts';
import type { UploadTexts } from './page.ts';

/** The files of a batch as they are shown while they are hashed and sent. */
export interface Shown {
  readonly outgoing: readonly Outgoing[];
  hashed(one: Outgoing, bytes: number): void;
  ready(one: Outgoing): void;
  unreadable(one: Outgoing): void;
  sent(one: Outgoing, bytes: number): void;
}

/** Rows that are drawn; a batch may hold thousands, and the line above them counts all. */
const MOST_ROWS = 500;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function fileList(root: HTMLElement, outgoing: readonly Outgoing[], texts: UploadTexts): Shown {
  const body = root.querySelector('tbody')!;
  const whole = root.querySelector('progress')!;
  const tally = root.querySelector<HTMLElement>('[data-part="tally"]')!;
  const total = outgoing.reduce((sum, { file }) => sum + file.size, 0);
  const rows = new Map<Outgoing, { state: HTMLElement; bar: HTMLProgressElement }>();
  const over = new Map<Outgoing, number>();
  let sum = 0;
  body.replaceChildren(
    ...outgoing.slice(0, MOST_ROWS).map((one) => {
      const { row, state, bar } = rowOf(one.entry.filename, one.file.size);
      rows.set(one, { state, bar });
      return row;
    }),
  );
  const files = outgoing.length === 1 ? texts.one : texts.summary.replace('{count}', String(outgoing.length));
  tally.textContent = `${files}, ${inWords(total)}`;
  whole.max = Math.max(1, total);

  const draw = (one: Outgoing, says: string, bytes: number) => {
    const row = rows.get(one);
    if (row === undefined) return;
    if (row.state.textContent !== says) row.state.textContent = says;
    row.bar.value = one.file.size === 0 ? 1 : bytes / one.file.size;
  };
  return {
    outgoing,
    hashed: (one, bytes) => draw(one, texts.hashing, bytes),
    ready: (one) => draw(one, texts.ready, 0),
    unreadable: (one) => draw(one, texts.unreadable, 0),
    sent(one, bytes) {
      sum += bytes - (over.get(one) ?? 0);
      over.set(one, bytes);
      whole.value = sum;
      draw(one, bytes >= one.file.size ? texts.sent : texts.sending, bytes);
    },
  };
}

/** A name is text, whatever stands in it. */
function rowOf(filename: string, size: number) {
  const row = document.createElement('tr');
  const [name, bytes, cell] = [
    document.createElement('th'),
    document.createElement('td'),
    document.createElement('td'),
  ];
  name.scope = 'row';
  const isolated = document.createElement('bdi');
  isolated.className = 'name';
  isolated.textContent = filename;
  name.append(isolated);
  bytes.className = 'n';
  bytes.textContent = inWords(size);
  const bar = document.createElement('progress');
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute('aria-label', filename);
  const state = document.createElement('span');
  cell.append(bar, state);
  row.append(name, bytes, cell);
  return { row, state, bar };
}

function inWords(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
