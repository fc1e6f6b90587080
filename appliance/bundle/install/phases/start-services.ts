import type { Phase } from '../../operation/phase.ts';
import { startedByHand } from '../started-by-hand.ts';
import type { InputRule, Services } from '../tools.ts';
import type { Waiting } from '../wait.ts';

/**
 * Has the two services run, now and after each boot. Where nothing starts services, the commands are told and it is waited
 * until a person gave them. Undone, they are ended, and so are the containers; what those keep stays.
 * Then the rule goes that kept the containers from the host: whatever starts control lays it.
 */
export function startServices(services: Services, inputRule: InputRule, waiting?: Waiting): Phase {
  return {
    name: 'start',
    title: 'Start control and gateway',
    seconds: 2,
    check: () => services.areUp(),
    async do({ note, signal }) {
      if (services.manager !== null) return services.start();
      note(`nothing starts services on this host. As root, now and after every boot: ${services.commands.join(' ; ')}`);
      await startedByHand(services, signal, waiting);
    },
    async undo({ note }) {
      await services.stop();
      await services.takeDown();
      if (await inputRule.isInForce()) await inputRule.down();
      note('the services are ended and the containers removed; documents, keys and volumes are left as they are');
    },
  };
}
