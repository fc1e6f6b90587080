import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase, PhaseRun } from '../../operation/phase.ts';
import type { Readiness, Services } from '../tools.ts';
import { patiently, type Waiting } from '../wait.ts';

/** Loading malware signatures takes minutes on a small host; Compose waits ten for its services. */
const LONGEST_SECONDS = 900;
/** Whom to ask about what does not come up. */
const LOGS = 'journalctl -u frostbyte-control -u frostbyte-gateway';

type Missing = Awaited<ReturnType<Readiness['waitingFor']>>['missing'];

/** Waits until everything that the appliance depends on is ready, and says for what. */
export function awaitReady(
  readiness: Readiness,
  services: Pick<Services, 'failed' | 'manager'>,
  waiting?: Waiting,
): Phase {
  return {
    name: 'ready',
    title: 'Wait until all of it is ready',
    seconds: 40,
    check: async () => (await readiness.waitingFor()).missing.length === 0,
    async do({ note, progress, signal }: PhaseRun) {
      let missing: Missing = [];
      let told = '';
      const look = async () => {
        const now = await readiness.waitingFor();
        missing = now.missing;
        progress(now.of - missing.length, now.of);
        const said = missing.map(({ name, message }) => `${name} (${message})`).join(', ');
        if (said !== told && missing.length > 0) note(`waiting for ${said}`);
        told = said;
        const failed = missing.length === 0 ? [] : await services.failed();
        if (failed.length > 0) throw gaveUp(failed);
        return missing.length === 0;
      };
      await patiently(look, { seconds: LONGEST_SECONDS, signal, ...waiting }, () => {
        throw notReady(missing, services.manager !== null);
      });
    },
    undo: async () => undefined,
  };
}

function notReady(missing: Missing, hasJournal: boolean): FrostbyteError {
  const names = missing.map(({ name }) => name).join(', ');
  return new FrostbyteError(
    'OPERATION_FAILED',
    `After ${LONGEST_SECONDS} s this is not ready: ${names}. ${hasJournal ? `${LOGS} says why` : 'Control and gateway say why where they were started'}; then go on: frostbyte plan resume.`,
    { details: missing.map(({ name, message }) => ({ field: name, constraint: message })) },
  );
}

function gaveUp(units: readonly string[]): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    `${units.join(' and ')} did not stay up. journalctl ${units.map((unit) => `-u ${unit}`).join(' ')} says why; then go on: frostbyte plan resume.`,
    { details: units.map((field) => ({ field, constraint: 'runs' })) },
  );
}
