import type { Phase } from '../../operation/phase.ts';
import type { RunningHost } from '../tools.ts';
import { heldBy, wakeEngine } from '../with-engine.ts';

/**
 * Ends the services for good, then what they left running: tenants’ containers, networks and Redis, the core stack; then what
 * lies on memory, open secrets among it. Undone, they run again, and make all of it again.
 */
export function stopServices(host: RunningHost): Phase {
  const { services, contents, memory } = host;
  return {
    name: 'services',
    title: 'End the services and remove the containers',
    seconds: 30,
    async check() {
      if (memory.isThere() || (await services.areUp())) return false;
      return (await heldBy(host, contents.standing))?.length === 0;
    },
    before: async () => ({ up: await services.areUp() }),
    async do({ signal, note }) {
      await services.stop();
      if (await wakeEngine(host, signal)) {
        const standing = await contents.standing();
        await services.takeDown();
        note(`${standing.length} containers and networks removed`);
      } else note('there is no container engine: nothing of it runs');
      memory.clear();
    },
    async undo({ before }) {
      if ((before as { up: boolean }).up) await services.start();
    },
  };
}
