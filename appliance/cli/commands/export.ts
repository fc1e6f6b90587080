import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BatchReceipt } from '../../api/receipts.ts';
import type { ImportReport } from '../../bin/wire/export/import-export.ts';
import type { ExportReport } from '../../bin/wire/export/make-export.ts';
import { hostKey } from '../../bundle/evidence/export.ts';
import type { ExportManifest } from '../../bundle/export/format.ts';
import { hostLayout } from '../../bundle/host-layout.ts';
import { fingerprint, publicOf } from '../../bundle/sshsig/keys.ts';
import type { Config } from '../../config/schema.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { withinLimits } from '../waiting.ts';
import { configOf } from './box.ts';
import { identityText } from './identity-text.ts';

/** `frostbyte export`: what a tenant has, for whoever has no appliance, or another one. */
export function exportCommands(program: Command): void {
  const all = program
    .command('export')
    .description('Export what a tenant has, with its proofs, signed; verify one anywhere; import one');

  all
    .command('create <tenant_id> <file>')
    .description(
      'Write documents, chunks, vectors, receipts, reports and the audit log of a tenant into one signed file',
    )
    .option('--recipient <age1…>', 'seal it for this age recipient (else it is in the clear)')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte export create nordlaw /media/stick/nordlaw.tar\n  frostbyte export create nordlaw /media/stick/nordlaw.tar.age --recipient "$RECIPIENT"',
    )
    .action(async (tenant_id: string, file: string, { recipient }: { recipient?: string }, command: Command) => {
      const { makeExport } = await import('../../bin/wire/export/make-export.ts');
      const config = configOf(command);
      const report = await makeExport(config, {
        tenant_id,
        file: resolve(file),
        recipient: recipient ?? null,
        key: hostKey(keyFile(config)),
        actor: 'operator',
      });
      output(command).answer(report, madeInWords);
    });

  all
    .command('key')
    .description(
      'Print the fingerprint of the key that signs exports of this host: the reader must have it by another way',
    )
    .addHelpText('after', '\nExample:\n  frostbyte export key')
    .action((_options: unknown, command: Command) => {
      const signer = fingerprint(publicOf(hostKey(keyFile(configOf(command)))));
      output(command).answer({ signer }, () => signer);
    });

  all
    .command('verify <file>')
    .description('Verify an export as a whole; no appliance is needed')
    .requiredOption('--fingerprint <SHA256:…>', 'of the key that signed it, which you had by another way')
    .option('--identity <file>', 'age identity file, where it is sealed (- reads standard input)')
    .option('--work <folder>', 'where its log is looked through (else the system’s own)')
    .addHelpText('after', '\nExample:\n  frostbyte export verify nordlaw.tar --fingerprint "$FINGERPRINT"')
    .action(async (file: string, flags: OpenFlags, command: Command) => {
      const { verifyExportFile } = await import('../../bin/wire/export/verify-export.ts');
      const found = await verifyExportFile(resolve(file), openers(flags));
      output(command).answer({ valid: true, ...found }, () =>
        [
          `${resolve(file)}: whole, ${found.size} bytes, sha256 ${found.sha256}, signed by ${found.signer}`,
          inIt(found.manifest),
          'Every file is what was signed, and every document’s chain holds in the log.',
        ].join('\n'),
      );
    });

  all
    .command('import <file>')
    .description(
      'Verify an export, then load its documents by a tenant’s intake, and its log as a sealed foreign chain',
    )
    .requiredOption('--tenant <tenant_id>', 'a tenant of this appliance')
    .requiredOption('--fingerprint <SHA256:…>', 'of the key that signed it, which you had by another way')
    .option('--identity <file>', 'age identity file, where it is sealed (- reads standard input)')
    .addHelpText(
      'after',
      '\nThe token is that of an administrator of the tenant.\n\nExample:\n  frostbyte export import nordlaw.tar --tenant archive --fingerprint "$FINGERPRINT"',
    )
    .action(async (file: string, { tenant, ...flags }: OpenFlags & { tenant: string }, command: Command) => {
      const { importExport } = await import('../../bin/wire/export/import-export.ts');
      const api = client(command);
      const report = await importExport(configOf(command), {
        tenant_id: tenant,
        file: resolve(file),
        openers: openers(flags),
        actor: 'operator',
        send: async (form) =>
          (await withinLimits(() => api.upload<BatchReceipt>(`/ingest/${tenant}/batch`, form, {}))).data,
      });
      output(command).answer(report, importedInWords);
    });

  all
    .command('chains <tenant_id>')
    .description('List the foreign chains that were imported into a tenant; each is verified again')
    .addHelpText('after', '\nExample:\n  frostbyte export chains archive')
    .action(async (tenantId: string, _options: unknown, command: Command) => {
      const { foreignChains } = await import('../../bin/wire/export/foreign-chain.ts');
      const chains = await foreignChains(configOf(command), tenantId);
      output(command).answer(chains, (found) =>
        found.length === 0
          ? 'Nothing was imported into this tenant.'
          : table([
              ['EXPORT', 'FROM', 'MADE', 'EVENTS', 'TREE HEAD', 'SIGNED BY'],
              ...found.map((one) => [
                one.export_id,
                one.from_tenant,
                one.made_at,
                String(one.tree_size),
                one.tree_root,
                one.signer,
              ]),
            ]),
      );
    });
}

interface OpenFlags {
  fingerprint: string;
  identity?: string;
  work?: string;
}

const openers = ({ fingerprint: print, identity, work }: OpenFlags) => ({
  fingerprint: print,
  ...(identity === undefined ? {} : { identity: identityText(identity) }),
  ...(work === undefined ? {} : { work: resolve(work) }),
});

/** The key of an installed host is that of its evidence; another data folder has its own. */
function keyFile({ data_folder: data }: Config): string {
  const { data: installed, evidenceKey } = hostLayout();
  return data === installed ? evidenceKey : join(data, 'secrets', 'export.key');
}

function madeInWords({ file, size, sha256, signer, manifest }: ExportReport): string {
  return [
    `${file}: ${size} bytes, sha256 ${sha256}, export ${manifest.export_id}`,
    inIt(manifest),
    'Signed by this host’s key, whose fingerprint the reader must have by another way than the file:',
    signer,
  ].join('\n');
}

function inIt({ tenant_id, documents, chunks, receipts, reports, left_out, log }: ExportManifest): string {
  const left = Object.entries(left_out).map(([state, count]) => `${count} ${state}`);
  return [
    `Of ${tenant_id}: ${documents} documents, ${chunks} chunks, ${receipts} receipts, ${reports} acceptance reports, ${log.size} events of the log (${log.root}).`,
    ...(left.length === 0 ? [] : [`Not in it, since search does not show them: ${left.join(', ')}.`]),
  ].join('\n');
}

function importedInWords(report: ImportReport): string {
  const { manifest, tenant_id, batch_ids, accepted, duplicates, refused } = report;
  return [
    `The export ${manifest.export_id} of ${manifest.tenant_id} holds, and was given to ${tenant_id}: ${accepted} documents accepted, ${duplicates} were there before.`,
    ...refused.map(({ original_filename, reason }) => `Not taken: ${original_filename} (${reason})`),
    `Follow them by their batches: ${batch_ids.join(', ') || 'none'}.`,
    `The log lies sealed beside the tenant’s own: frostbyte export chains ${tenant_id}`,
  ].join('\n');
}
