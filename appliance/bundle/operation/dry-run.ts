import type { Operation } from './phase.ts';
import type { OperationState } from './state.ts';

/** A phase as `--dry-run` tells it. */
export interface Intended {
  name: string;
  title: string;
  /** `done`: it is so already, and nothing would be done. `unknown`: its check cannot say yet, so it may come to be done. */
  would: 'do' | 'nothing' | 'unknown';
  seconds: number;
  reversible: boolean;
}

/**
 * What an operation would do, without doing it: each phase is only asked whether it is done. `left` is the operation that it
 * would go on with. Writes nothing. A check that throws leaves the answer open, since an earlier phase may bring about what it
 * looks at.
 */
export async function dryRun({ phases }: Operation, left: OperationState | null): Promise<Intended[]> {
  const intended: Intended[] = [];
  for (const phase of phases) {
    const { name, title, seconds, undo } = phase;
    const state = left?.phases.get(name)?.state;
    const recorded = state === 'done' || state === 'found';
    const would = await phase.check({ recorded }).then(
      (is) => (is ? 'nothing' : 'do'),
      () => 'unknown' as const,
    );
    intended.push({ name, title, would, seconds, reversible: undo !== null });
  }
  return intended;
}
