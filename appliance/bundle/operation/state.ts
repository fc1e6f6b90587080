import type { JournalEvent, Plan } from './events.ts';
import type { Json } from './phase.ts';

/** Where a phase stands by its journal. `found`: it was so before the operation, which therefore leaves it so. */
export type PhaseState = 'pending' | 'begun' | 'done' | 'found' | 'undoing' | 'undone';

export interface PhaseRecord {
  state: PhaseState;
  /** It began at least once, so it may have changed something, and is undone when the operation goes back. */
  touched: boolean;
  before: Json;
}

/** Where an operation stands: all that its events say, and nothing else. */
export interface OperationState {
  plan: Plan;
  phases: ReadonlyMap<string, PhaseRecord>;
  direction: 'forward' | 'back';
  /** Null: it is not over. */
  result: 'done' | 'rolled-back' | null;
  /** The last failure since it was last gone on with. */
  failure: { phase: string; code: string; message: string } | null;
  started_at: string;
  last_at: string;
}

/** Folds the events of a journal. The first must be the plan. O(events). */
export function stateOf(events: readonly JournalEvent[]): OperationState {
  const [first] = events;
  if (first?.event !== 'planned') throw new TypeError('a journal begins with its plan');
  const { n: _n, at: started_at, ...plan } = first;
  const phases = new Map<string, PhaseRecord>(
    plan.phases.map(({ name }) => [name, { state: 'pending', touched: false, before: null }]),
  );
  const state: OperationState = {
    plan,
    phases,
    direction: 'forward',
    result: null,
    failure: null,
    started_at,
    last_at: events.at(-1)!.at,
  };
  for (const event of events) apply(state, phases, event);
  return state;
}

function apply(state: OperationState, phases: Map<string, PhaseRecord>, event: JournalEvent): void {
  const phase = 'phase' in event ? phases.get(event.phase) : undefined;
  switch (event.event) {
    case 'begun':
      if (phase === undefined) return;
      if (!phase.touched) phase.before = event.before;
      phase.state = 'begun';
      phase.touched = true;
      return;
    case 'done':
      if (phase !== undefined) phase.state = event.found ? 'found' : 'done';
      return;
    case 'undoing':
    case 'undone':
      if (phase !== undefined) phase.state = event.event;
      return;
    case 'failed':
      state.failure = { phase: event.phase, code: event.code, message: event.message };
      return;
    case 'resumed':
      state.failure = null;
      return;
    case 'rolling-back':
      state.direction = 'back';
      return;
    case 'finished':
      state.result = event.result;
      return;
  }
}

/** The phase behind which there is no way back, if one began that cannot be undone. */
export function noWayBack({ plan, phases }: OperationState): string | null {
  return plan.phases.find(({ name, reversible }) => !reversible && phases.get(name)!.touched)?.name ?? null;
}
