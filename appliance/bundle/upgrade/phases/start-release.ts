import { FrostbyteError } from '../../../kernel/errors.ts';
import { patiently, type Waiting } from '../../install/wait.ts';
import type { Phase } from '../../operation/phase.ts';
import type { ReleaseServices } from '../tools.ts';

/** Somebody reads two commands and types them in another window. */
const PERSON_SECONDS = 1800;

/** Has both services run as the release that is current now; control brings up the rest. Undone, everything rests again. */
export function startRelease(services: ReleaseServices, waiting?: Waiting): Phase {
  return {
    name: 'start',
    title: 'Start the release',
    seconds: 2,
    check: async ({ recorded }) => recorded && (await services.areUp()),
    async do({ note, signal }) {
      await services.renew();
      if (services.manager !== null) return;
      note(`nothing starts services on this host. As root: ${services.commands.join(' ; ')}`);
      await patiently(
        () => services.areUp(),
        { seconds: PERSON_SECONDS, signal, ...waiting },
        () => {
          throw new FrostbyteError(
            'OPERATION_FAILED',
            `Control and gateway do not answer. Start them (${services.commands.join(' ; ')}), and go on: frostbyte plan resume.`,
          );
        },
      );
    },
    undo: () => services.rest(),
  };
}
