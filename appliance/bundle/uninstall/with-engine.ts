import { FrostbyteError } from '../../kernel/errors.ts';
import { patiently, type Waiting } from '../install/wait.ts';
import type { RunningHost } from './tools.ts';

/** It looks after its containers before it answers. */
const START_SECONDS = 90;

type Engine = Pick<RunningHost, 'engine' | 'contents'>;

/** What an engine holds of something; nothing where the host has none. Null where there is one that does not answer. */
export async function heldBy<T>({ engine, contents }: Engine, ask: () => Promise<T[]>): Promise<T[] | null> {
  if (!contents.isThere()) return [];
  return (await engine.answers()) ? ask() : null;
}

/**
 * Has the engine answer, where the host has one; false where it has none. Throws `OPERATION_FAILED` for one that cannot be
 * started: what it holds could not be taken away.
 */
export async function wakeEngine(
  { engine, contents }: Engine,
  signal: AbortSignal,
  waiting?: Waiting,
): Promise<boolean> {
  if (!contents.isThere()) return false;
  if (await engine.answers()) return true;
  const started = await engine.start(signal);
  const silent = () => {
    throw new FrostbyteError(
      'OPERATION_FAILED',
      'The container engine does not answer, so what it holds of the appliance cannot be taken away. See journalctl -u docker, start it, and go on: frostbyte plan resume. Where there is no engine any more, remove its program, and go on.',
      { details: [{ field: 'engine', constraint: 'answers on its socket' }] },
    );
  };
  if (!started) silent();
  await patiently(() => engine.answers(), { seconds: START_SECONDS, signal, ...waiting }, silent as () => never);
  return true;
}
