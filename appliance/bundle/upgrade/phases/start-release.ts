import { startedByHand } from '../../install/started-by-hand.ts';
import type { Waiting } from '../../install/wait.ts';
import type { Phase } from '../../operation/phase.ts';
import type { ReleaseServices } from '../tools.ts';

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
      await startedByHand(services, signal, waiting);
    },
    undo: () => services.rest(),
  };
}
