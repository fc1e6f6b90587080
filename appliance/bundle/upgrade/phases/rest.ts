import { FrostbyteError } from '../../../kernel/errors.ts';
import { patiently, type Waiting } from '../../install/wait.ts';
import type { Phase } from '../../operation/phase.ts';
import type { RunningRelease } from '../tools.ts';

/** The release that is gone back to brings its stores up as after a boot. */
const BACK_SECONDS = 900;

/**
 * Has everything rest that works on the data: control, which gives each data plane its time to come to an end, then the stores.
 * Documents that are under way are left where they are gone on with. Undone, the release that is current runs again.
 */
export function rest(
  { services, readiness }: Pick<RunningRelease, 'services' | 'readiness'>,
  waiting?: Waiting,
): Phase {
  return {
    name: 'rest',
    title: 'Let the work come to an end, and end the stores',
    seconds: 8,
    // Whatever was started behind it is another phase’s, and is ended by that one’s way back.
    check: async ({ recorded }) => recorded,
    async do({ note }) {
      await services.rest();
      note('control and the stores rest; documents under way go on from where they are');
    },
    async undo({ note, signal }) {
      await services.renew();
      let missing: readonly { name: string }[] = [];
      const look = async () => {
        ({ missing } = await readiness.waitingFor());
        return missing.length === 0;
      };
      await patiently(look, { seconds: BACK_SECONDS, signal, ...waiting }, () => {
        throw new FrostbyteError(
          'OPERATION_FAILED',
          `The release of before was started, and after ${BACK_SECONDS} s this is not ready: ${missing.map(({ name }) => name).join(', ')}. journalctl -u frostbyte-control says why; then go on back: frostbyte plan resume.`,
        );
      });
      note('the release of before runs again');
    },
  };
}
