import { diskError, noRoom } from '../../kernel/durable-file.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { Actor } from './events.ts';
import type { Journal } from './journal.ts';
import type { Operation, Phase, PhaseRun } from './phase.ts';
import { Pace, type ProgressEvent } from './progress.ts';
import { makingRoom, type Room, withRoom } from './room.ts';
import { noWayBack, type PhaseRecord } from './state.ts';

export interface RunOptions {
  operation: Operation;
  journal: Journal;
  by: Actor;
  /** Aborted: it stops at the next point where it can. */
  signal: AbortSignal;
  /** Of the disks that it writes to; a phase that meets a full one fails by that name. */
  room: Room;
  listen(event: ProgressEvent): void;
  /** Seconds that went by, from any origin. */
  elapsed(): number;
  /** Called before its end is recorded; again, where a kill came between the two. */
  ending?(result: 'done' | 'rolled-back'): void;
}

/** How a run ended. `waiting`: a phase failed; `stopped`: the operator wanted it so. Both are gone on with, or back. */
export interface Outcome {
  state: 'done' | 'rolled-back' | 'waiting' | 'stopped';
  /** Phases that did or undid something in this run: 0 where all was so already. */
  changed: number;
  failure: { phase: string; code: string; message: string } | null;
}

/**
 * Goes on with an operation from wherever its journal stands, forward or back. Each phase is asked whether it is done; what it
 * will do is on the disk before it does it. A phase that fails is recorded, and then the operation waits or goes back as it
 * says. Throws only where the journal cannot be written, or is over.
 */
export async function runOperation(options: RunOptions): Promise<Outcome> {
  const { journal, operation, by } = options;
  refuseOver(journal);
  const run = new Run(options);
  if (journal.state.direction === 'back') return run.back();
  const outcome = await run.forward();
  if (outcome.state !== 'waiting' || operation.on_failure === 'wait' || noWayBack(journal.state) !== null)
    return outcome;
  journal.append({ event: 'rolling-back', because: `${outcome.failure!.phase} failed`, by });
  return { ...(await run.back()), failure: outcome.failure };
}

/** Takes an operation back to where it began. Throws `INVALID_STATE_TRANSITION` where it is over, or has no way back. */
export async function rollBack(options: RunOptions & { because: string }): Promise<Outcome> {
  const { journal, by, because } = options;
  refuseOver(journal);
  const barred = noWayBack(journal.state);
  if (barred !== null) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      `There is no way back behind the phase ${barred}. Go on with it: frostbyte plan resume.`,
      { details: [{ field: 'phase', value: barred, constraint: 'a phase that can be undone' }] },
    );
  }
  if (journal.state.direction === 'forward') journal.append({ event: 'rolling-back', because, by });
  return new Run(options).back();
}

class Run {
  readonly #options: RunOptions;
  readonly #pace: Pace;
  #changed = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#pace = new Pace(options);
  }

  async forward(): Promise<Outcome> {
    const { operation, journal, room, signal } = this.#options;
    for (const phase of operation.phases) {
      if (signal.aborted) return this.#stop();
      try {
        const record = journal.state.phases.get(phase.name)!;
        if (operation.makes_room) await makingRoom(room, signal, () => this.#advance(phase, record, signal));
        else await withRoom(room, signal, (limit) => this.#advance(phase, record, limit));
      } catch (error) {
        if (signal.aborted) return this.#stop();
        return this.#fail(phase, error);
      }
    }
    return this.#finish('done');
  }

  async back(): Promise<Outcome> {
    const { operation, journal, room, signal } = this.#options;
    for (const phase of operation.phases.toReversed()) {
      const { touched, state, before } = journal.state.phases.get(phase.name)!;
      if (!touched || state === 'undone') continue;
      if (signal.aborted) return this.#stop();
      try {
        journal.append({ event: 'undoing', phase: phase.name });
        this.#pace.begin(phase, 'undoing');
        await makingRoom(room, signal, () => phase.undo!(this.#handed(phase, before, signal)));
        journal.append({ event: 'undone', phase: phase.name });
        this.#changed += 1;
        this.#pace.end('undone');
      } catch (error) {
        if (signal.aborted) return this.#stop();
        return this.#fail(phase, error);
      }
    }
    return this.#finish('rolled-back');
  }

  async #advance(
    phase: Phase,
    { state, touched, before: remembered }: PhaseRecord,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal } = this.#options;
    const { name } = phase;
    const recorded = state === 'done' || state === 'found';
    if (await phase.check({ recorded })) {
      // One that was killed behind its work did it all the same.
      if (!recorded) journal.append({ event: 'done', phase: name, found: !touched });
      this.#pace.found(phase);
      return;
    }
    const before = touched ? remembered : ((await phase.before?.()) ?? null);
    journal.append({ event: 'begun', phase: name, again: touched, before: touched ? null : before });
    this.#pace.begin(phase, 'begun');
    await phase.do(this.#handed(phase, before, signal));
    if (!(await phase.check({ recorded: true }))) {
      throw new FrostbyteError(
        'OPERATION_FAILED',
        `${phase.title}: it ran, and yet what it should bring about is not so.`,
      );
    }
    journal.append({ event: 'done', phase: name, found: false });
    this.#changed += 1;
    this.#pace.end('done');
  }

  #handed({ name }: Phase, before: PhaseRun['before'], signal: AbortSignal): PhaseRun {
    const { journal } = this.#options;
    return {
      before,
      signal,
      progress: (done, total) => this.#pace.progress(done, total),
      note: (text) => {
        journal.append({ event: 'noted', phase: name, text });
        this.#pace.noted(text);
      },
    };
  }

  #fail(phase: Phase, error: unknown): Outcome {
    const failure = { phase: phase.name, ...inWords(error) };
    this.#options.journal.append({ event: 'failed', ...failure });
    this.#pace.failed(phase);
    return { state: 'waiting', changed: this.#changed, failure };
  }

  #stop(): Outcome {
    this.#options.journal.append({ event: 'stopped' });
    this.#pace.end('stopped');
    return { state: 'stopped', changed: this.#changed, failure: null };
  }

  #finish(result: 'done' | 'rolled-back'): Outcome {
    this.#options.ending?.(result);
    this.#options.journal.append({ event: 'finished', result });
    this.#pace.end('finished');
    return { state: result, changed: this.#changed, failure: null };
  }
}

/** What went wrong, as a journal keeps it: what the system says names the path, which is no secret on its own host. */
function inWords(error: unknown): { code: string; message: string } {
  if (isFrostbyteError(error)) {
    const details = error.details.map(
      ({ field, constraint, remediation }) =>
        `${field}: ${constraint}${remediation === undefined ? '' : ` → ${remediation}`}`,
    );
    return { code: error.code, message: [error.message, ...details].join(' ').slice(0, 5000) };
  }
  const { code, message, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const file = dest ?? path;
  const full = noRoom(error);
  if (full !== null) return inWords(full);
  // A disk that broke, and can only be read.
  if (file !== undefined && code === 'EROFS') return inWords(diskError(error, file));
  if (typeof code === 'string') return { code, message: `The system refused: ${String(message).slice(0, 1000)}` };
  return { code: 'INTERNAL_ERROR', message: `Something went wrong on our side (${String(message).slice(0, 1000)}).` };
}

function refuseOver({ state }: Journal): void {
  if (state.result === null) return;
  throw new FrostbyteError('INVALID_STATE_TRANSITION', 'The operation is over.', {
    details: [{ field: 'operation', value: state.plan.operation, constraint: 'one that is not over' }],
  });
}
