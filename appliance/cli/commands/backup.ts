import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupReport } from '../../bin/wire/backup/make-backup.ts';
import { type CheckedFile, checkBackupFile } from '../../bundle/backup/check-file.ts';
import { addEvidence } from '../../bundle/evidence/log.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import { output } from '../context.ts';
import { table } from '../output.ts';
import { configOf } from './box.ts';
import { identityText } from './identity-text.ts';

/** `frostbyte backup`: makes one, and holds one against itself. */
export function backupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('Back the appliance up for its recovery recipient, while it works; check a backup');

  backup
    .command('create <file>', { isDefault: true })
    .description(
      'Make a backup: one file, its checksum beside it, and a folder with the tenants’ keys for the recipient',
    )
    .option('--keys <folder>', 'where the keys go (else FILE.keys): keep them on another medium than the backup')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte backup create /mnt/backup/monday.tar --keys /media/stick/keys\n  frostbyte backup /mnt/backup/monday.tar    # the same, with the keys beside it',
    )
    .action(async (file: string, { keys }: { keys?: string }, command: Command) => {
      const { makeBackup } = await import('../../bin/wire/backup/make-backup.ts');
      const config = configOf(command);
      const report = await makeBackup(config, {
        file: resolve(file),
        actor: 'operator',
        ...(keys === undefined ? {} : { keys: resolve(keys) }),
      });
      const { manifest, size, sha256 } = report;
      const detail = {
        backup_id: manifest.backup_id,
        file: report.file,
        size,
        sha256,
        tenants: manifest.tenants.length,
      };
      addEvidence(
        join(config.data_folder, 'evidence'),
        { by: whoRuns(), host: hostname(), action: 'backup', bundle: null, result: 'ok', detail },
        () => new Date(),
      );
      output(command).answer(report, madeInWords);
    });

  backup
    .command('verify <file>')
    .description(
      'Hold a backup against its checksum and itself; with the identity, open all of it and check what is inside',
    )
    .option('--identity <file>', 'identity file of the recovery recipient (- reads standard input)')
    .option('--keys <folder>', 'where the tenants’ keys lie (else FILE.keys)')
    .option('--work <folder>', 'where rows are read for the time of the check, in the clear (else the system’s own)')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte backup verify /mnt/backup/monday.tar\n  frostbyte backup verify /mnt/backup/monday.tar --identity recovery.key',
    )
    .action(async (file: string, flags: VerifyFlags, command: Command) => {
      const path = resolve(file);
      if (flags.identity === undefined) {
        const checked = await checkBackupFile(path);
        return output(command).answer({ ...checked, opened: false }, (found) =>
          [holds(path, found), 'What is inside was not opened: name the identity with --identity.'].join('\n'),
        );
      }
      const { verifyBackup } = await import('../../bin/wire/backup/verify-backup.ts');
      const openers = {
        identity: identityText(flags.identity),
        ...(flags.keys === undefined ? {} : { keys: resolve(flags.keys) }),
      };
      const { keys, without_key, manifest, size, sha256, had_checksum } = await verifyBackup(path, openers, flags.work);
      const found = { manifest, size, sha256, had_checksum, opened: true, tenants: [...keys.keys()], without_key };
      output(command).answer(found, () =>
        [
          holds(path, found),
          `Opened and checked: the appliance, ${found.tenants.join(', ') || 'no tenant'}.`,
          ...(without_key.length === 0
            ? []
            : [`Nobody can open these, their keys are not here: ${without_key.join(', ')}.`]),
        ].join('\n'),
      );
    });
}

interface VerifyFlags {
  identity?: string;
  keys?: string;
  work?: string;
}

function madeInWords({ file, size, sha256, keys, manifest, not_in_it }: BackupReport): string {
  return [
    `${file}: ${size} bytes, sha256 ${sha256}, backup ${manifest.backup_id}`,
    `Keys for ${manifest.recovery_recipient}: ${keys}`,
    '',
    inIt(manifest),
    '',
    `Not in it: ${not_in_it.join('; ')}.`,
    'Carry the ledger out of the box, too, and often: frostbyte audit ledger > ledger.jsonl',
  ].join('\n');
}

function inIt({ tenants, appliance_log, ledger }: BackupReport['manifest']): string {
  return [
    table([
      ['TENANT', 'DOCUMENTS', 'CHUNKS', 'OBJECTS', 'BYTES', 'LOG', 'TREE HEAD'],
      ...tenants.map(({ tenant_id, documents, chunks, objects, object_bytes, log }) => [
        tenant_id,
        ...[documents, chunks, objects, object_bytes, log.size].map(String),
        log.root,
      ]),
    ]),
    `The appliance’s log: ${appliance_log.size} events, ${appliance_log.root}. The ledger: ${ledger.entries} lines, ${ledger.head}.`,
  ].join('\n');
}

function holds(path: string, { manifest, size, sha256, had_checksum }: Omit<CheckedFile, 'file'>): string {
  return [
    `${path}: whole, ${size} bytes, sha256 ${sha256}${had_checksum ? '' : ' (there was no checksum beside it)'}`,
    `Made ${manifest.made_at} by release ${manifest.version} for ${manifest.recovery_recipient}.`,
    inIt(manifest),
  ].join('\n');
}
