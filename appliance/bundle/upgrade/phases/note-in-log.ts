import type { Phase } from '../../operation/phase.ts';
import type { ApplianceLog, NotedBundle } from '../tools.ts';

/** An event in the appliance’s own log: from here on another release writes it. */
export function noteInLog(event: Parameters<ApplianceLog['note']>[0], bundle: NotedBundle, log: ApplianceLog): Phase {
  return {
    name: 'log',
    title: 'Write it into the appliance’s log',
    seconds: 1,
    check: async ({ recorded }) => recorded,
    do: () => log.note(event, bundle),
    undo: null,
  };
}
