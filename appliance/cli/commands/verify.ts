import { hostname } from 'node:os';
import type { Command } from 'commander';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { GROUPS } from '../../bin/host/verification/check.ts';
import type { Verification } from '../../bin/host/verification/judge.ts';
import { ownBundle } from '../../bin/where.ts';
import { addEvidence } from '../../bundle/evidence/log.ts';
import type { BundleIdentity } from '../../bundle/evidence/record.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { checkTable, inNumbers } from '../check-table.ts';
import { output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { showProgress } from '../operation-progress.ts';
import { stoppable } from '../stoppable.ts';
import { wrap } from '../text.ts';
import { type ProgressFlag, showing } from './plan.ts';

/** `frostbyte verify`: that an installed box is closed, and as it was delivered. */
export function verifyCommand(program: Command): void {
  showing(program.command('verify'))
    .description(
      'Prove that this box is closed and as it was delivered: networks, ways out, images, files, health; changes nothing',
    )
    .option('--quick', 'leave out what uses the appliance: the document that is sent, the tries from tenant to tenant')
    .addHelpText('after', '\nExample:\n  frostbyte verify\n  frostbyte verify --quick --json')
    .action(async ({ quick, progress }: ProgressFlag & { quick?: true }, command: Command) => {
      refuseUnprivileged();
      const layout = hostLayout();
      await stoppable(async (signal) => {
        const { verifyInstallation } = await import('../../bin/host/verification/verify-installation.ts');
        const { verification, bundle } = await verifyInstallation({
          ...{ layout, own: ownBundle(), version: PIPELINE_VERSION, quick: quick === true, signal },
          listen: showProgress(progress ?? (process.stderr.isTTY ? 'bar' : 'lines'), process.stderr),
        });
        note(layout, verification, bundle, quick === true);
        output(command).answer(verification, () => verificationTable(verification, process.stdout.isTTY === true));
        if (!verification.ok) throw new CheckFailed('VERIFICATION_FAILED: this box is not as it was delivered.');
      });
    });
}

/** The report of a verification for people; `colour` for a terminal that shows it. */
export function verificationTable({ version, host, checks, counts, ok }: Verification, colour: boolean): string {
  const verdict = ok
    ? 'This box is closed, and as it was delivered.'
    : 'This box is not as it was delivered. Nothing was changed; see what failed.';
  return [
    ...checkTable(`Verification of Frostbyte ${version} on ${host}`, GROUPS, checks, colour),
    '',
    ...wrap(`${checks.length} checks: ${inNumbers(counts)}. ${verdict}`, '', ''),
  ].join('\n');
}

/** Into a container’s network only root comes. */
export function refuseUnprivileged(): void {
  if (process.geteuid?.() === 0) return;
  throw new FrostbyteError(
    'INSUFFICIENT_PERMISSIONS',
    'A box is verified by root: nobody else gets into the networks of containers.',
  );
}

/** That it was verified is evidence, whatever came of it. */
function note(
  { evidence }: HostLayout,
  { counts, checks, version, ok }: Verification,
  bundle: BundleIdentity | null,
  quick: boolean,
): void {
  const failed = checks.filter(({ result }) => result === 'fail').map(({ name, found }) => ({ name, found }));
  addEvidence(
    evidence,
    {
      ...{ by: whoRuns(), host: hostname(), action: 'verify-installation', bundle },
      result: ok ? 'ok' : 'failed',
      detail: { version, quick, counts: { ...counts }, failed },
    },
    () => new Date(),
  );
}
