import type { Command } from 'commander';
import type { ReprocessAnswer } from '../../api/schemas/reprocess.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { type Output, table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { askUntil, type Waiting } from '../waiting.ts';

interface Options {
  tenant: string;
  from: string;
  because: string;
  batch?: string;
  below?: string;
  follow: boolean;
}

/** `frostbyte document reprocess`, `frostbyte document reprocesses` and `frostbyte document cancel-reprocess`. */
export function reprocessCommands(document: Command): void {
  document
    .command('reprocess [doc_id]')
    .description('Run documents again under the tenant’s present configuration, and follow it to the end')
    .requiredOption('--tenant <tenant_id>', 'whose documents they are')
    .requiredOption('--from <stage>', 'where they begin: parse, policy or embed')
    .requiredOption('--because <reason>', 'why; stands in the audit log')
    .option('--batch <batch_id>', 'the documents of this batch')
    .option(
      '--below <version=value>',
      'all documents below a version: stage1_parser_version, stage2_parser_version, policy_version, embed_version or config_version; the value may be "current"',
    )
    .option('--no-follow', 'return when the request is filed; it goes on by itself')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte document reprocess --tenant nordlaw --from policy --below config_version=current --because "pii_policy is redact now"',
    )
    .action(async (id: string | undefined, options: Options, command: Command) => {
      const [api, out] = [client(command), output(command)];
      const body = { from: options.from, reason: options.because, ...scopeOf(id, options) };
      const { data } = await api.send<ReprocessAnswer>('POST', `/ingest/${options.tenant}/reprocess`, body);
      if (!options.follow) return out.answer(data, describe);
      out.say(`request ${data.reprocess_id}: it goes on by itself, also when this line breaks`);
      const done = await follow(api, data, out);
      out.answer(done, describe);
      if (done.documents.failed > 0) {
        throw new CheckFailed(
          `${done.documents.failed} document(s) failed; \`frostbyte dlq list ${options.tenant}\` says why.`,
        );
      }
    });

  addPlaceOptions(
    document
      .command('reprocesses <tenant_id> [reprocess_id]')
      .description('Requests to run documents again, newest first, or how far one has come'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte document reprocesses nordlaw')
    .action(async (tenant: string, id: string | undefined, { limit, cursor }: Place, command: Command) => {
      const api = client(command);
      const path = `/ingest/${tenant}/reprocess`;
      if (id !== undefined) {
        output(command).answer((await api.get<ReprocessAnswer>(`${path}/${id}`)).data, describe);
        return;
      }
      const listed = await api.get<ReprocessAnswer[]>(path, { limit, cursor });
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['REQUEST', 'WHAT', 'FROM', 'STATUS', 'EXAMINED', 'RESTARTED', 'AT WORK', 'FAILED', 'REASON'],
            ...rows.map(({ documents, ...row }) => [
              row.reprocess_id,
              whatOf(row),
              row.from,
              row.status,
              `${documents.examined}/${documents.candidates}`,
              documents.restarted,
              documents.processing,
              documents.failed,
              row.reason,
            ]),
          ]),
        goOn({ limit, cursor }, listed),
      );
    });

  document
    .command('cancel-reprocess <tenant_id> <reprocess_id>')
    .description('Cancel a request to run documents again; what it restarted runs to its end')
    .addHelpText('after', '\nExample:\n  frostbyte document cancel-reprocess nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const path = `/ingest/${tenant}/reprocess/${id}`;
      output(command).answer((await client(command).send<ReprocessAnswer>('DELETE', path)).data, describe);
    });
}

/** What the command line names, as the request names it. */
function scopeOf(doc_id: string | undefined, { batch, below }: Options): Record<string, unknown> {
  if ([doc_id, batch, below].filter((each) => each !== undefined).length !== 1) {
    throw usage('(arguments)', 'exactly one of a document, --batch and --below');
  }
  if (doc_id !== undefined) return { doc_id };
  if (batch !== undefined) return { batch_id: batch };
  const [, name, value] = /^(\w+)=(.+)$/.exec(below!) ?? [];
  if (name === undefined || value === undefined)
    throw usage('below', 'a version and its value, as policy_version=current');
  // Only a configuration's version is a number.
  return { below: { [name]: name === 'config_version' && /^\d+$/.test(value) ? Number(value) : value } };
}

function usage(field: string, constraint: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'Say which documents shall run again.', {
    details: [{ field, constraint }],
  });
}

/** Asks until no document of the request is at work any more. */
export async function follow(
  api: Client,
  from: ReprocessAnswer,
  out: Output,
  waiting: Waiting = {},
): Promise<ReprocessAnswer> {
  const bar = out.progress('documents', from.documents.candidates);
  const path = `/ingest/${from.tenant_id}/reprocess/${from.reprocess_id}`;
  const seen = ({ documents: { examined, processing } }: ReprocessAnswer) =>
    bar.update(examined - processing, `${processing} at work`);
  const ask = async () => (await api.get<ReprocessAnswer>(path)).data;
  const done = await askUntil(ask, ({ status }) => status !== 'running', { ...waiting, from, seen });
  bar.end();
  return done;
}

function describe({ documents, ...row }: ReprocessAnswer): string {
  return [`${row.reprocess_id}: ${whatOf(row)} from ${row.from}, ${row.status}`, table(Object.entries(documents))].join(
    '\n',
  );
}

function whatOf({ doc_id, batch_id, below }: Pick<ReprocessAnswer, 'doc_id' | 'batch_id' | 'below'>): string {
  if (doc_id !== null) return doc_id;
  if (batch_id !== null) return `batch ${batch_id}`;
  return `below ${Object.entries(below ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}`;
}
