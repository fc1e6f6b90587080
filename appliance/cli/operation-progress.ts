import type { ProgressEvent } from '../bundle/operation/progress.ts';
import { printable } from './output.ts';

/** How an operation is shown while it runs. */
export type ProgressKind = 'bar' | 'lines' | 'json' | 'none';

const WIDTH = 24;
const CLEAR = '\r\x1b[2K';
/** What ends a line of its own; between them a terminal shows how far it is. */
const ENDS: ReadonlySet<ProgressEvent['event']> = new Set(['noted', 'done', 'found', 'failed', 'undone', 'stopped']);

const WORDS: Readonly<Record<ProgressEvent['event'], string>> = Object.freeze({
  begun: '…',
  progress: '…',
  noted: 'it says',
  done: 'done',
  found: 'nothing to do',
  failed: 'FAILED',
  undoing: 'being undone …',
  undone: 'undone',
  stopped: 'stopped',
  finished: 'finished',
});

/** What hears of an operation and shows it: a bar on a terminal, a line a phase in a pipe, a line of JSON an event. */
export function showProgress(
  kind: ProgressKind,
  stream: Pick<NodeJS.WriteStream, 'write'>,
): (event: ProgressEvent) => void {
  if (kind === 'none') return () => undefined;
  if (kind === 'json') return (event) => void stream.write(`${JSON.stringify(event)}\n`);
  if (kind === 'lines') {
    return (event) => {
      if (ENDS.has(event.event) || event.event === 'undoing' || event.event === 'begun')
        stream.write(`${lineOf(event)}\n`);
    };
  }
  return (event) => {
    if (event.event === 'finished') return;
    stream.write(ENDS.has(event.event) ? `${CLEAR}${lineOf(event)}\n` : `${CLEAR}${barOf(event)}`);
  };
}

/** Seconds as people say them. */
export function inWords(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function lineOf({ event, index, of, title, text }: ProgressEvent): string {
  if (event === 'noted') return `${' '.repeat(placeOf(index, of).length)} ${printable(text ?? '')}`;
  return `${placeOf(index, of)} ${printable(title)}: ${WORDS[event]}`;
}

function barOf({ index, of, title, done, total, eta_seconds }: ProgressEvent): string {
  const share = done === null || total === null || total === 0 ? null : Math.min(1, done / total);
  const filled = Math.round((share ?? 0) * WIDTH);
  const bar = share === null ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${Math.floor(share * 100)} %`;
  return `${placeOf(index, of)} ${printable(title)}${bar}, about ${inWords(eta_seconds)} left`;
}

const placeOf = (index: number, of: number) => `[${String(index).padStart(String(of).length)}/${of}]`;
