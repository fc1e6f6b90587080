import { join } from 'node:path';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import type { Readiness } from '../../install/tools.ts';
import { patiently, type Waiting } from '../../install/wait.ts';
import type { Phase, PhaseRun } from '../../operation/phase.ts';
import type { Sample } from '../tools.ts';

const [FIRST, SECOND] = ['docs/samples/contract-warehouse-lease.pdf', 'docs/samples/sop-sample-intake.pdf'];

/** After a boot the stores come up first, and recover what was not synced: half a second and more each. */
const LOOKS = 600;

/**
 * A tenant with a document in it, made while the release of before serves: what the new one has to find again. Gone on with right
 * after a boot, it waits until that one serves; what does not become ready is told by what it cannot do.
 */
export function plantSample(release: string, sample: Sample, readiness: Readiness, waiting?: Waiting): Phase {
  return {
    name: 'sample',
    title: 'Put a document in by the release that runs',
    seconds: 25,
    check: async ({ recorded }) => recorded,
    async do(run) {
      await untilReady(readiness, run.signal, waiting);
      await sample.plant(join(release, FIRST), run);
    },
    undo: (run) => cleared(sample, run),
  };
}

/** The document of before is found, and another one goes through, before anybody is let in. */
export function proveSample(release: string, sample: Sample): Phase {
  return {
    name: 'smoke',
    title: 'Find that document again, and send another one through',
    seconds: 5,
    check: async ({ recorded }) => recorded,
    do: (run) => sample.prove(join(release, SECOND), run),
    // Whatever it left goes with the data.
    undo: async () => undefined,
  };
}

/** Takes the sample away. */
export function clearSample(sample: Sample): Phase {
  return {
    name: 'clear',
    title: 'Take the sample away again',
    seconds: 10,
    check: async ({ recorded }) => recorded,
    do: (run) => sample.clear(run),
    undo: null,
  };
}

/** For some minutes; behind that it is tried all the same, since an upgrade may be what mends it. */
async function untilReady(readiness: Readiness, signal: AbortSignal, waiting?: Waiting): Promise<void> {
  let looks = 0;
  const isEnough = async () => looks++ >= LOOKS || (await readiness.waitingFor()).missing.length === 0;
  await patiently(isEnough, { seconds: Number.POSITIVE_INFINITY, signal, ...waiting }, () => {
    throw new Error('looks are counted');
  });
}

/** An appliance that does not answer is no reason to stay: what was left goes with the next check. */
async function cleared(sample: Sample, run: PhaseRun): Promise<void> {
  try {
    await sample.clear(run);
  } catch (error) {
    if (!isFrostbyteError(error, 'SERVICE_UNAVAILABLE')) throw error;
    run.note('the appliance does not answer: the tenant of the check goes when the next one begins');
  }
}
