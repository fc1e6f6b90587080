import type { Command } from 'commander';
import type { ReindexAnswer } from '../../api/schemas/reindex.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { type Output, table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { askUntil } from '../waiting.ts';

/** `frostbyte tenant reindex|reindexes|cancel-reindex`. */
export function tenantReindexCommands(tenant: Command): void {
  tenant
    .command('reindex <tenant_id>')
    .description(
      'Make a tenant’s vectors anew by another model, and follow it; search goes on by the old one until then',
    )
    .option(
      '--model <name>',
      'as `frostbyte model list` names it, or lexical; else the tenant’s pin or the best one here',
    )
    .requiredOption('--because <reason>', 'why; stands in the audit log')
    .option('--no-follow', 'return when it has begun; it goes on by itself')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant reindex nordlaw --model all-mpnet-base-v2 --because "search by meaning"',
    )
    .action(async (id: string, options: { model?: string; because: string; follow: boolean }, command: Command) => {
      const [api, out] = [client(command), output(command)];
      const body = { reason: options.because, ...(options.model === undefined ? {} : { model: options.model }) };
      const { data } = await api.send<ReindexAnswer>('POST', `/admin/tenants/${id}/reindex`, body);
      if (!options.follow) return out.answer(data, describe);
      out.say(`reindex ${data.reindex_id}: it goes on by itself, also when this line breaks`);
      const done = await follow(api, data, out);
      out.answer(done, describe);
      if (done.status === 'cancelled') {
        throw new CheckFailed('The reindex was given up; what was served before it still is.');
      }
    });

  addPlaceOptions(
    tenant
      .command('reindexes <tenant_id> [reindex_id]')
      .description('Reindexes of a tenant, newest first, or how far one has come'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte tenant reindexes nordlaw')
    .action(async (id: string, reindex: string | undefined, { limit, cursor }: Place, command: Command) => {
      const api = client(command);
      if (reindex !== undefined) return output(command).answer(await statusOf(api, id, reindex), describe);
      const listed = await api.get<ReindexAnswer[]>(`/admin/tenants/${id}/reindex`, { limit, cursor });
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['REINDEX', 'MODEL', 'VERSION', 'STATUS', 'DOCUMENTS', 'CHUNKS', 'ENDED', 'TROUBLE'],
            ...rows.map((row) => [
              row.reindex_id,
              row.embed_model,
              row.embed_version,
              row.status,
              `${row.documents.done}/${row.documents.total}`,
              row.chunks_done,
              row.ended_at ?? '',
              row.error_code ?? '',
            ]),
          ]),
        goOn({ limit, cursor }, listed),
      );
    });

  tenant
    .command('cancel-reindex <tenant_id> <reindex_id>')
    .description('Give a reindex up; what is served stays')
    .addHelpText('after', '\nExample:\n  frostbyte tenant cancel-reindex nordlaw 0197…')
    .action(async (id: string, reindex: string, _options: unknown, command: Command) => {
      const path = `/admin/tenants/${id}/reindex/${reindex}`;
      output(command).answer((await client(command).send<ReindexAnswer>('DELETE', path)).data, describe);
    });
}

async function statusOf(api: Client, id: string, reindex: string): Promise<ReindexAnswer> {
  return (await api.get<ReindexAnswer>(`/admin/tenants/${id}/reindex/${reindex}`)).data;
}

/** Asks until it is served or given up. */
async function follow(api: Client, started: ReindexAnswer, out: Output): Promise<ReindexAnswer> {
  const bar = out.progress('documents', started.documents.total);
  const ask = () => statusOf(api, started.tenant_id, started.reindex_id);
  const seen = ({ documents, chunks_done, error_code }: ReindexAnswer) =>
    bar.update(documents.done, error_code === null ? `${chunks_done} chunks` : `waits: ${error_code}`);
  const done = await askUntil(ask, ({ status }) => status !== 'building', { from: started, seen });
  bar.end();
  return done;
}

function describe({ documents, ...row }: ReindexAnswer): string {
  return [
    `${row.reindex_id}: ${row.embed_model} ${row.embed_version}, ${row.status}`,
    table([
      ['documents', `${documents.done} of ${documents.total}`],
      ['chunks', row.chunks_done],
      ...(row.error_code === null ? [] : [['trouble', row.error_code]]),
    ]),
  ].join('\n');
}
