import { FrostbyteError } from '../../kernel/errors.ts';
import type { Services } from './tools.ts';
import { patiently, type Waiting } from './wait.ts';

/** Somebody reads two commands and types them in another window. */
const PERSON_SECONDS = 1800;

/**
 * Waits until a person started control and gateway, on a host where nothing else does. Throws `OPERATION_FAILED` with the
 * commands where nobody did.
 */
export async function startedByHand(
  services: Pick<Services, 'areUp' | 'commands'>,
  signal: AbortSignal,
  waiting?: Waiting,
): Promise<void> {
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
}
