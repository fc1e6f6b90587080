import { isClosed, openDoor as lower, closeDoor as raise } from '../../../kernel/closed-door.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { patiently, type Waiting } from '../../install/wait.ts';
import type { Phase } from '../../operation/phase.ts';
import type { Door } from '../tools.ts';

/** A gateway looks at the flag with each request. */
const CLOSE_SECONDS = 20;

/**
 * Lets nobody in any more: requests are answered with 503 and when to come again; those that were let in come to their end with
 * control. Undone, the door opens again.
 */
export function closeDoor(flags: string, title: string, door: Door | null, waiting?: Waiting): Phase {
  return {
    name: 'close',
    title: 'Let nobody in',
    seconds: 1,
    check: async ({ recorded }) => recorded,
    async do({ signal, note }) {
      raise(flags, title);
      note('from here on people are told to come again in some seconds');
      if (door !== null) await until(door, true, { signal, ...waiting });
    },
    async undo({ note }) {
      lower(flags);
      note('people are let in again');
    },
  };
}

/**
 * Lets people in. What is taken from here on would be lost by going back to the data of before: there is no way back behind it,
 * but in code (`frostbyte rollback`).
 */
export function openDoor(flags: string, door: Door | null, waiting?: Waiting): Phase {
  return {
    name: 'open',
    title: 'Let people in',
    seconds: 1,
    check: async ({ recorded }) => recorded && !isClosed(flags),
    async do({ signal, note }) {
      lower(flags);
      if (door !== null) await until(door, false, { signal, ...waiting });
      note('people are let in');
    },
    undo: null,
  };
}

async function until(door: Door, away: boolean, waiting: { signal: AbortSignal } & Partial<Waiting>): Promise<void> {
  await patiently(
    async () => (await door.sendsAway()) === away,
    { ...waiting, seconds: CLOSE_SECONDS },
    () => {
      throw new FrostbyteError(
        'OPERATION_FAILED',
        away
          ? 'The gateway that runs goes on letting people in: it is of a release that cannot be closed. End it (systemctl stop frostbyte-gateway), and go on: frostbyte plan resume.'
          : 'The gateway lets nobody in. journalctl -u frostbyte-gateway says why; then go on: frostbyte plan resume.',
      );
    },
  );
}
