import type { Operation, Phase } from './phase.ts';
import { type Spent, secondsRemaining } from './remaining.ts';

/** What whoever shows an operation hears of it: on a terminal as a bar, for a program as lines of JSON. */
export interface ProgressEvent {
  event: 'begun' | 'progress' | 'noted' | 'done' | 'found' | 'failed' | 'undoing' | 'undone' | 'stopped' | 'finished';
  /** The phase, its place from 1, and of how many; those of the phase before where the whole operation is meant. */
  phase: string;
  title: string;
  index: number;
  of: number;
  /** What the phase says of itself: bytes, images; null where it says nothing. */
  done: number | null;
  total: number | null;
  /** What it says in words, where the event is `noted`. */
  text: string | null;
  /** Seconds of this run, and those that are left. */
  elapsed_seconds: number;
  eta_seconds: number;
}

interface PaceOptions {
  operation: Operation;
  listen(event: ProgressEvent): void;
  elapsed(): number;
}

/** Follows a run, and tells how long the rest takes. */
export class Pace {
  readonly #options: PaceOptions;
  readonly #began: number;
  readonly #spent: Spent[] = [];
  #phase: Phase | null = null;
  #since = 0;
  #isBack = false;
  #said: { done: number; total: number } | null = null;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#began = options.elapsed();
  }

  begin(phase: Phase, event: 'begun' | 'undoing'): void {
    this.#phase = phase;
    this.#since = this.#options.elapsed();
    this.#isBack = event === 'undoing';
    this.#said = null;
    this.#tell(event);
  }

  found(phase: Phase): void {
    this.#phase = phase;
    this.#said = null;
    this.#tell('found', true);
  }

  progress(done: number, total: number): void {
    this.#said = { done, total };
    this.#tell('progress');
  }

  noted(text: string): void {
    this.#tell('noted', false, text);
  }

  /** One that failed before it began, in its check, is told as itself. */
  failed(phase: Phase): void {
    if (this.#phase !== phase) this.#said = null;
    this.#phase = phase;
    this.#tell('failed', true);
  }

  end(event: 'done' | 'undone' | 'stopped' | 'finished'): void {
    if (this.#phase !== null && (event === 'done' || event === 'undone')) {
      this.#spent.push({ expected: this.#phase.seconds, took: this.#options.elapsed() - this.#since });
    }
    this.#tell(event, true);
  }

  #tell(event: ProgressEvent['event'], isOver = false, text: string | null = null): void {
    const { operation, listen, elapsed } = this.#options;
    const index = this.#phase === null ? 0 : operation.phases.indexOf(this.#phase) + 1;
    const now = elapsed();
    const said = this.#said;
    listen({
      event,
      phase: this.#phase?.name ?? '',
      title: this.#phase?.title ?? operation.title,
      index,
      of: operation.phases.length,
      done: said?.done ?? null,
      total: said?.total ?? null,
      text,
      elapsed_seconds: Math.round((now - this.#began) * 10) / 10,
      eta_seconds: event === 'finished' ? 0 : this.#left(index, now, isOver),
    });
  }

  #left(index: number, now: number, isOver: boolean): number {
    const { phases } = this.#options.operation;
    const rest = this.#isBack ? phases.slice(0, Math.max(0, index - 1)) : phases.slice(index);
    const said = this.#said;
    return secondsRemaining({
      spent: this.#spent,
      current: isOver
        ? { expected: 0, took: 0, share: null }
        : {
            expected: this.#phase?.seconds ?? 0,
            took: now - this.#since,
            share: said === null || said.total === 0 ? null : Math.min(1, said.done / said.total),
          },
      ahead: rest.reduce((sum, { seconds }) => sum + seconds, 0),
    });
  }
}
