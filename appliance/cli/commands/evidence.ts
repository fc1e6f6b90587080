import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { holdBehind } from '../../bundle/evidence/chain.ts';
import { exportEvidence, hostKey, verifyExport } from '../../bundle/evidence/export.ts';
import { addEvidence, readEvidence } from '../../bundle/evidence/log.ts';
import type { Chained } from '../../bundle/evidence/record.ts';
import { BUNDLE_EXIT } from '../../bundle/exit-codes.ts';
import { hostLayout } from '../../bundle/host-layout.ts';
import { actorInWords } from '../../bundle/operation/readable-log.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import { fingerprint, publicOf } from '../../bundle/sshsig/keys.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';
import { table } from '../output.ts';
import { onHost, type RootFlag } from './host-flags.ts';

/** `frostbyte evidence …`: who verified, installed, upgraded and rolled back what on this host, and with what result. */
export function evidenceCommands(program: Command): void {
  const evidence = program
    .command('evidence')
    .description('The host’s hash-chained record of who verified, installed, upgraded and rolled back which bundle');

  onHost(evidence.command('show'))
    .description('Show the record, the newest last; it is verified first')
    .addHelpText('after', '\nExample:\n  frostbyte evidence show')
    .action(({ root }: RootFlag, command: Command) => {
      const { records, head } = readEvidence(hostLayout(root).evidence);
      output(command).answer({ records, head }, () =>
        records.length === 0 ? 'Nothing happened here yet.' : shown(records),
      );
    });

  onHost(evidence.command('verify'))
    .description('Verify the record of this host, or an export and that the record of this host goes on from it')
    .option('--export <folder>', 'what frostbyte evidence export wrote')
    .option('--fingerprint <SHA256:…>', 'of the key of the host that exported it, where that is another one')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte evidence verify --export /media/stick/evidence --fingerprint SHA256:…',
    )
    .action(({ root, export: folder, fingerprint: given }: RootFlag & VerifyFlags, command: Command) => {
      const { evidence: kept, evidenceKey } = hostLayout(root);
      const said = output(command);
      if (folder === undefined) {
        const { head, torn } = readEvidence(kept);
        said.answer({ valid: true, ...head, torn }, () => valid(head.count, head.hash));
        return;
      }
      const own = given === undefined ? ownFingerprint(evidenceKey) : null;
      const { head, signer } = verifyExport(resolve(folder), given ?? own!);
      // Another host's record has nothing to do with this one's.
      if (own !== null) holdBehind(readEvidence(kept), head);
      said.answer({ valid: true, ...head, signer, goes_on_here: own !== null }, () =>
        [
          valid(head.count, head.hash),
          `Signed by ${signer}.`,
          ...(own === null ? [] : ['The record of this host goes on from it.']),
        ].join('\n'),
      );
    });

  onHost(evidence.command('note-refused <exit_code>'))
    .description('Add that a bundle was refused by verify.sh; install.sh does so on a host that has a release')
    .requiredOption('--medium <folder>', 'where it lay')
    .addHelpText('after', '\nExample:\n  frostbyte evidence note-refused 35 --medium /media/stick')
    .action((exit: string, { root, medium }: RootFlag & { medium: string }, command: Command) => {
      const code = Object.entries(BUNDLE_EXIT).find(([, status]) => String(status) === exit)?.[0];
      if (code === undefined) {
        throw new FrostbyteError('VALIDATION_ERROR', 'No verification of a bundle ends so.', {
          details: [{ field: 'exit_code', value: exit, constraint: `one of ${Object.values(BUNDLE_EXIT).join(', ')}` }],
        });
      }
      const added = addEvidence(
        hostLayout(root).evidence,
        {
          by: whoRuns(),
          host: hostname(),
          action: 'verify',
          bundle: null,
          result: 'refused',
          detail: { code, medium: resolve(medium) },
        },
        () => new Date(),
      );
      output(command).answer(added, () => `Record ${added.n}: ${code}.`);
    });

  onHost(evidence.command('export <folder>'))
    .description('Write the record to the stick, signed by this host’s key, so that ssh-keygen verifies it')
    .addHelpText('after', '\nExample:\n  frostbyte evidence export /media/stick/evidence')
    .action((folder: string, { root }: RootFlag, command: Command) => {
      const { evidence: kept, evidenceKey } = hostLayout(root);
      const { head, signer } = exportEvidence(readEvidence(kept), hostKey(evidenceKey), resolve(folder));
      output(command).answer({ folder: resolve(folder), ...head, signer }, ({ folder: to, count }) =>
        [
          `${count} records are in ${to}, signed by this host’s key:`,
          signer,
          'Give that fingerprint to whoever verifies them, by another way than the medium.',
        ].join('\n'),
      );
    });
}

function ownFingerprint(keyFile: string): string {
  if (existsSync(keyFile)) return fingerprint(publicOf(hostKey(keyFile)));
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    'This host has exported nothing yet, so it knows no key. Give the fingerprint of the other host’s key, from paper and not from the export.',
    { details: [{ field: 'fingerprint', constraint: 'required' }] },
  );
}

interface VerifyFlags {
  export?: string;
  fingerprint?: string;
}

function shown(records: readonly Chained[]): string {
  return table([
    ['WHEN', 'WHO', 'WHAT', 'BUNDLE', 'RESULT', 'HASH'],
    ...records.map(({ at, by, action, bundle, result, hash }) => [
      at.replace('T', ' ').slice(0, 19),
      actorInWords(by),
      action,
      bundle === null ? null : `${bundle.version} (${bundle.counter})`,
      result,
      hash.slice(0, 12),
    ]),
  ]);
}

const valid = (count: number, hash: string) => `${count} records, each behind the one before. The last one is ${hash}.`;
