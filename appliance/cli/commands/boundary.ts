import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { ownBundle } from '../../bin/where.ts';
import { hostKey } from '../../bundle/evidence/export.ts';
import { hostLayout } from '../../bundle/host-layout.ts';
import { output } from '../context.ts';
import { showProgress } from '../operation-progress.ts';
import { table } from '../output.ts';
import { stoppable } from '../stoppable.ts';
import { type ProgressFlag, showing } from './plan.ts';
import { refuseUnprivileged } from './verify.ts';

/** `frostbyte boundary`: where the data of this box go, signed. */
export function boundaryCommand(program: Command): void {
  showing(program.command('boundary'))
    .description(
      'Say where this box’s data go, as it is now: networks, openings, ways out, stores, disks, keys, readers',
    )
    .option('--out <folder>', 'write it there too, signed by this host’s key, and as a page to print')
    .addHelpText('after', '\nExample:\n  frostbyte boundary\n  frostbyte boundary --out /media/stick/boundary')
    .action(async ({ out, progress }: ProgressFlag & { out?: string }, command: Command) => {
      refuseUnprivileged();
      const layout = hostLayout();
      await stoppable(async (signal) => {
        const { verifyInstallation } = await import('../../bin/host/verification/verify-installation.ts');
        const verified = await verifyInstallation({
          ...{ layout, own: ownBundle(), version: PIPELINE_VERSION, quick: true, signal },
          listen: showProgress(progress ?? (process.stderr.isTTY ? 'bar' : 'lines'), process.stderr),
        });
        const { boundaryOf } = await import('../../bin/host/boundary/gather.ts');
        const { boundaryText, signedBoundary } = await import('../../bin/host/boundary/signed.ts');
        const { keepBoundary } = await import('../../bin/host/boundary/kept.ts');
        const statement = await boundaryOf(layout, verified, new Date());
        const { signer, files } = signedBoundary(statement, hostKey(layout.evidenceKey));
        // The pages show it until there is a newer one.
        keepBoundary(files, layout);
        const folder = out === undefined ? null : written(files, resolve(out));
        const signature = files.get('boundary.json.sig')!;
        output(command).answer({ statement, signer, signature, folder }, () =>
          [
            boundaryText(statement, table),
            '',
            ...(folder === null ? [] : [`Written to ${folder}, signed by this host’s key:`, signer]),
          ]
            .join('\n')
            .trimEnd(),
        );
      });
    });
}

function written(files: ReadonlyMap<string, string>, folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text, { flush: true });
  return folder;
}
