import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MANIFEST_NAME } from '../../data/1-intake/folder-entries.ts';
import { buildManifest, checkManifest } from '../../data/1-intake/manifest-check.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { client, output } from '../context.ts';
import { customFieldsOf } from '../custom-fields-of.ts';
import { CheckFailed } from '../exit.ts';
import { addMetadataOptions, type MetadataOptions, withMetadata } from '../metadata-options.ts';
import { table } from '../output.ts';
import { readSchemaFile } from '../schema-file.ts';

/** `frostbyte manifest build` and `frostbyte manifest check`: the sender's side, without a connection. */
export function manifestCommands(program: Command): void {
  const manifest = program.command('manifest').description('The manifest of a batch');

  manifest
    .command('check <dir>')
    .description('Check schema, hashes, types, limits and metadata on the sender’s side, offline')
    .option('--schema <file>', 'custom fields of the tenant, as `tenant fields show --json` writes them')
    .option('--tenant <tenant_id>', 'ask the appliance for this tenant’s custom fields')
    .addHelpText('after', '\nExample:\n  frostbyte manifest check ./outgoing --schema fields.json')
    .action(async (dir: string, options: { schema?: string; tenant?: string }, command: Command) => {
      const custom_fields = options.schema
        ? readSchemaFile(options.schema)
        : options.tenant
          ? await customFieldsOf(client(command), options.tenant)
          : null;
      const result = await checkManifest(dir, { custom_fields, tenant_id: options.tenant ?? null });
      output(command).answer(result, ({ problems, files }) =>
        problems.length === 0
          ? `${files} file(s), the manifest is in order`
          : table([
              ['FILE', 'CODE', 'PROBLEM', 'MEND'],
              ...problems.map((p) => [p.filename ?? MANIFEST_NAME, p.code, p.message, p.remediation]),
            ]),
      );
      if (result.problems.length > 0) throw new CheckFailed(`${result.problems.length} problem(s) in ${dir}`);
    });

  addMetadataOptions(
    manifest
      .command('build <dir>')
      .description('Write the manifest.json of a folder, offline')
      .requiredOption('--tenant <tenant_id>', 'whose documents they are')
      .option('--batch <batch_id>', 'id of the batch; a new one unless given'),
  )
    .option('--schema <file>', 'custom fields of the tenant, which type and check the metadata')
    .option('--force', 'replace the manifest.json that is there')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte manifest build ./outgoing --tenant nordlaw --metadata-from files.csv --schema fields.json',
    )
    .action(
      async (
        dir: string,
        options: MetadataOptions & { tenant: string; batch?: string; schema?: string; force?: boolean },
        command: Command,
      ) => {
        const schema = options.schema ? readSchemaFile(options.schema) : null;
        const plain = await buildManifest(dir, options.tenant, options.batch ?? `batch-${newId()}`);
        const built = withMetadata(plain, options, schema, dir);
        write(join(dir, MANIFEST_NAME), `${JSON.stringify(built, null, 2)}\n`, options.force ?? false);
        const { batch_id, file_count } = built;
        output(command).answer({ batch_id, file_count }, () => `${file_count} file(s), batch ${batch_id}`);
      },
    );
}

function write(path: string, text: string, replace: boolean): void {
  try {
    writeFileSync(path, text, { flag: replace ? 'w' : 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new FrostbyteError('VALIDATION_ERROR', 'The folder has a manifest already; --force replaces it.', {
      cause,
      details: [{ field: 'file', value: path, constraint: 'must not be there' }],
    });
  }
}
