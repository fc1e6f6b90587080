import { join } from 'node:path';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import type { Phase, PhaseRun } from '../../operation/phase.ts';
import type { InstallationChecks } from '../tools.ts';

/** What is sent: a contract of the samples, whose text is asked for afterwards. */
const DOCUMENT = 'docs/samples/contract-warehouse-lease.pdf';

/** A document of the bundle through all five stages, found by search and erased. Nothing of it can be seen afterwards. */
export function smokeTest(release: string, checks: InstallationChecks): Phase {
  return {
    name: 'smoke',
    title: 'Send a document through all stages, find it, erase it',
    seconds: 25,
    check: async ({ recorded }) => recorded,
    do: (run) => checks.smoke(join(release, DOCUMENT), run),
    undo: (run) => cleared(checks, run),
  };
}

/** Every tenant tries to get at every other one's. */
export function isolationCheck(checks: InstallationChecks): Phase {
  return {
    name: 'isolation',
    title: 'Try to get from one tenant at another’s',
    seconds: 25,
    check: async ({ recorded }) => recorded,
    do: (run) => checks.isolation(run),
    undo: (run) => cleared(checks, run),
  };
}

/** An appliance that does not answer any more is no reason to stay: what was left goes with the next check. */
async function cleared(checks: InstallationChecks, run: PhaseRun): Promise<void> {
  try {
    await checks.clear(run);
  } catch (error) {
    if (!isFrostbyteError(error, 'SERVICE_UNAVAILABLE')) throw error;
    run.note('the appliance does not answer: tenants of the check that are left go when the next one begins');
  }
}
