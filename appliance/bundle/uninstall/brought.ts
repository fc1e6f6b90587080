import type { OperationState } from '../operation/state.ts';

/**
 * The packages of a container engine that installations on this host brought, by their own records, and that no way back took
 * away again: an engine that was there before is not ours to remove.
 */
export function broughtPackages(operations: readonly OperationState[]): string[] {
  const brought = new Set<string>();
  for (const { plan, phases } of operations) {
    const engine = phases.get('engine');
    if (engine === undefined || !engine.touched) continue;
    if (plan.kind === 'uninstall') {
      if (engine.state === 'done') brought.clear();
      continue;
    }
    if (!Array.isArray(engine.before)) continue;
    for (const name of engine.before as string[]) {
      if (engine.state === 'undone') brought.delete(name);
      else brought.add(name);
    }
  }
  return [...brought].sort();
}

/** Packages of an engine that an installation brought at any time: what such an engine kept outlasts it. */
export function onceBroughtPackages(operations: readonly OperationState[]): string[] {
  return broughtPackages(operations.filter(({ plan }) => plan.kind !== 'uninstall').map(asNeverTakenBack));
}

function asNeverTakenBack(operation: OperationState): OperationState {
  const phases = [...operation.phases].map(
    ([name, record]) => [name, { ...record, state: record.state === 'undone' ? 'done' : record.state }] as const,
  );
  return { ...operation, phases: new Map(phases) };
}
