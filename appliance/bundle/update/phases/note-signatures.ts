import type { Phase } from '../../operation/phase.ts';
import type { ScanLog } from '../tools.ts';

/** An event in the appliance's own log: from here on files are scanned by these. */
export function noteSignatures(version: string, log: ScanLog): Phase {
  return {
    name: 'log',
    title: 'Write it into the appliance’s log',
    seconds: 1,
    check: async ({ recorded }) => recorded,
    do: () => log.signatures(version),
    undo: null,
  };
}
