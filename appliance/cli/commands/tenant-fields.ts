import type { Command } from 'commander';
import type { CustomField } from '../../api/custom-fields/schema.ts';
import type { CustomFieldsAnswer, MetadataVerdict } from '../../api/schemas/custom-fields.ts';
import type { ConfigUpdate } from '../../control/verbs.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { readDataFile, readSchemaFile } from '../schema-file.ts';

/** `frostbyte tenant fields …`: the schema that the metadata of a tenant's files are held against (spec 3). */
export function tenantFieldsCommand(tenant: Command): void {
  const fields = tenant.command('fields').description('Custom fields: what metadata may say about files');

  fields
    .command('show <tenant_id>')
    .description('The schema in force; with --json as a file for `manifest check --schema`')
    .addHelpText('after', '\nExample:\n  frostbyte tenant fields show nordlaw --json')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<CustomFieldsAnswer>(`/ingest/${id}/custom-fields`);
      output(command).answer(data, ({ custom_fields }) =>
        custom_fields === null
          ? 'no custom fields: metadata are taken as they come'
          : [
              `schema ${custom_fields.schema_version}`,
              table([['FIELD', 'TYPE', 'REQUIRED', 'RULES', 'DESCRIPTION'], ...custom_fields.fields.map(row)]),
            ].join('\n'),
      );
    });

  fields
    .command('set <tenant_id> <file>')
    .description('Set the schema from a file, JSON or YAML; applies to batches that arrive afterwards')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant fields set nordlaw fields.yaml --because "matters have numbers"',
    )
    .action(async (id: string, file: string, options: { because: string }, command: Command) => {
      const body = { custom_fields: readSchemaFile(file), reason: options.because };
      const { data } = await client(command).send<ConfigUpdate>('PUT', `/admin/tenants/${id}/custom-fields`, body);
      output(command).answer(data, described);
    });

  fields
    .command('clear <tenant_id>')
    .description('Remove the schema: metadata are then taken as they come')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText('after', '\nExample:\n  frostbyte tenant fields clear nordlaw --because "moved to another system"')
    .action(async (id: string, options: { because: string }, command: Command) => {
      const path = `/admin/tenants/${id}/custom-fields?${new URLSearchParams({ reason: options.because })}`;
      const { data } = await client(command).send<ConfigUpdate>('DELETE', path);
      output(command).answer(data, described);
    });

  fields
    .command('validate <tenant_id> <file>')
    .description('Try the metadata of a file (JSON or YAML) against the schema; nothing is stored')
    .option('--schema <file>', 'try them against this schema instead of the one in force')
    .addHelpText('after', '\nExample:\n  frostbyte tenant fields validate nordlaw metadata.json')
    .action(async (id: string, file: string, options: { schema?: string }, command: Command) => {
      const body = {
        metadata: readDataFile(file),
        ...(options.schema ? { custom_fields: readSchemaFile(options.schema) } : {}),
      };
      const { data } = await client(command).send<MetadataVerdict>(
        'POST',
        `/ingest/${id}/custom-fields/validate`,
        body,
      );
      output(command).answer(data, ({ schema_version, problems }) =>
        problems.length > 0
          ? table([['FIELD', 'PROBLEM', 'MEND'], ...problems.map((p) => [p.field, p.constraint, p.remediation])])
          : schema_version === null
            ? 'no custom fields: metadata are taken as they come'
            : `fits schema ${schema_version}`,
      );
      if (!data.valid) throw new CheckFailed(`${data.problems.length} problem(s) in ${file}`);
    });
}

function row({ name, type, required, description, validation }: CustomField) {
  return [name, type, required ? 'yes' : 'no', validation ? JSON.stringify(validation) : null, description ?? null];
}

function described({ changes, config, config_version }: ConfigUpdate): string {
  if (changes.length === 0) return 'nothing to change';
  const now = config.custom_fields;
  const told = now === null ? 'no custom fields' : `schema ${now.schema_version}, ${now.fields.length} field(s)`;
  return `${told}; config version ${config_version}`;
}
