import type { InputRule } from '../../install/tools.ts';
import type { Phase } from '../../operation/phase.ts';

/** Takes the host’s input rule away, once nothing is left that it keeps from the host. */
export function liftInputRule(rule: InputRule): Phase {
  return {
    name: 'input-rule',
    title: 'Take the input rule away',
    seconds: 0.5,
    check: async () => !(await rule.isInForce()),
    do: () => rule.down(),
    undo: () => rule.up(),
  };
}
