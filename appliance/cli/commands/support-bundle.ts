import { resolve } from 'node:path';
import type { Command } from 'commander';
import { hostLayout } from '../../bundle/host-layout.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { supportBundleName } from '../../kernel/names.ts';
import type { Part } from '../../observability/support-bundle/pack.ts';
import { askPerson, isAttended } from '../ask-person.ts';
import { globals, output } from '../context.ts';
import { table } from '../output.ts';
import { configOf } from './box.ts';

interface BundleOptions {
  out?: string;
  log: string[];
  dryRun?: true;
  yes?: true;
  by?: string;
}

/** `frostbyte support-bundle`: what this appliance says of itself, redacted, for whoever helps; listed before it is written. */
export function supportBundleCommand(program: Command): void {
  program
    .command('support-bundle')
    .description('Collect logs, versions, states and metrics, redacted, into one file; lists it before it writes it')
    .option(
      '--out <file>',
      'the file to write (else: frostbyte-support-TIME.tar.gz here); - for standard output, with --yes',
    )
    .option(
      '--log <file>',
      'a file that the appliance’s lines go to, where no service manager has them',
      collectFiles,
      [],
    )
    .option('--dry-run', 'list what would be in it, and write nothing')
    .option('--yes', 'write it without asking')
    .option('--by <name>', 'who asked for it, as the audit log is to say; else the operator')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte support-bundle --dry-run\n  frostbyte support-bundle --out /media/stick/support.tar.gz',
    )
    .action(async (options: BundleOptions, command: Command) => {
      const { patientOf } = await import('../../bin/doctor/where.ts');
      const { collect } = await import('../../bin/support-bundle/collect.ts');
      const { packed, recordBundle, writeNew } = await import('../../bin/support-bundle/write.ts');
      const said = output(command);
      const now = new Date();
      const file = resolve(options.out ?? supportBundleName(now));
      const patient = patientOf(hostLayout(), () => configOf(command), globals(command).data);
      const parts = await collect({ patient, host: thisHost(), logs: options.log.map((one) => resolve(one)), now });
      const bytes = packed(parts);
      const listed = {
        files: parts.map(({ path, content, cut }) => ({ path, bytes: content.length, cut })),
        bytes: bytes.length,
      };
      if (options.dryRun)
        return said.answer({ ...listed, missing: missingIn(parts), written: null }, () => listOf(parts, bytes.length));
      if (options.out === '-') {
        await confirmed(options, 'to standard output', false);
        process.stdout.write(bytes);
        const sha256 = sha256Hex(bytes);
        if (!recordBundle(patient.config.data_folder, { files: parts.length, sha256 }, options.by))
          said.warn(UNRECORDED);
        return;
      }
      said.say(listOf(parts, bytes.length));
      await confirmed(options, file);
      const { sha256 } = writeNew(file, bytes);
      const recorded = recordBundle(patient.config.data_folder, { files: parts.length, sha256 }, options.by);
      said.answer({ ...listed, missing: missingIn(parts), written: file, sha256, recorded }, () =>
        [
          `Written: ${file}, readable by its owner alone.`,
          `SHA-256: ${sha256}`,
          ...(recorded ? [] : [UNRECORDED]),
        ].join('\n'),
      );
    });
}

const UNRECORDED = 'That it was made could not be added to the audit log.';

const collectFiles = (file: string, before: string[]): string[] => [...before, file];

async function confirmed({ yes }: BundleOptions, file: string, mayAsk = true): Promise<void> {
  if (yes) return;
  const typed = mayAsk && isAttended() ? await askPerson(`Write ${file}? (yes) `) : '';
  if (typed === 'yes' || typed === 'y') return;
  throw new FrostbyteError('CONFIRMATION_MISMATCH', 'Nothing was written.', {
    details: [{ field: 'yes', constraint: 'yes at a terminal, or --yes' }],
  });
}

function missingIn(parts: readonly Part[]): { path: string; why: string }[] {
  const manifest = parts.find(({ path }) => path === 'MANIFEST.json')!;
  return (JSON.parse(manifest.content.toString('utf8')) as { missing: { path: string; why: string }[] }).missing;
}

function listOf(parts: readonly Part[], packedBytes: number): string {
  const missing = missingIn(parts);
  return [
    table([
      ['FILE', 'BYTES', ''],
      ...parts.map(({ path, content, cut }) => [path, content.length, cut ? 'its end' : '']),
      ...missing.map(({ path, why }) => [path, '–', `not there: ${why}`]),
    ]),
    `${parts.length} files, ${packedBytes} bytes packed.`,
  ].join('\n');
}
