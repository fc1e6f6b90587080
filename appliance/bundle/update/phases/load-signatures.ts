import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase } from '../../operation/phase.ts';
import type { Scanner } from '../tools.ts';

/**
 * Has the scanner load its signatures anew, from nothing: told to reload while it works it would hold two generations at once,
 * and go on by the old one where it cannot read the new. Refused where it does not work by them.
 */
export function loadSignatures(folder: string, scanner: Scanner): Phase {
  return {
    name: 'load',
    title: 'Have the scanner load them',
    seconds: 30,
    check: async ({ recorded }) => recorded,
    async do({ signal, note }) {
      note('what is to be scanned waits until they are loaded');
      if (await scanner.renew(signal)) return;
      throw new FrostbyteError(
        'OPERATION_FAILED',
        'The scanner does not start with the new signatures: docker logs frostbyte-clamav-1 says which it cannot read. Those of before are put back; bring others.',
        { details: [{ field: 'path', value: folder, constraint: 'signatures that clamd can read' }] },
      );
    },
    // Whoever puts the old ones back has them loaded.
    undo: async () => undefined,
  };
}
