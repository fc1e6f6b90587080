import type { Command } from 'commander';
import { TUS_VERSION, type UploadAnswer } from '../../api/schemas/uploads.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';

/** `frostbyte upload …`. */
export function uploadCommands(program: Command): void {
  const upload = program
    .command('upload')
    .description('Resumable uploads that no batch has taken yet, and those taken');

  addPlaceOptions(
    upload
      .command('list <tenant_id>')
      .description('List resumable uploads, newest first')
      .option('--state <state>', 'open, finished or taken'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte upload list nordlaw --state open')
    .action(async (tenant: string, options: Place & { state?: string }, command: Command) => {
      const { state, limit, cursor } = options;
      const listed = await client(command).get<UploadAnswer[]>(`/ingest/${tenant}/uploads`, { state, limit, cursor });
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['UPLOAD', 'STATE', 'OFFSET', 'LENGTH', 'FILE', 'EXPIRES'],
            ...rows.map((row) => [
              row.upload_id,
              row.state,
              row.offset,
              row.length,
              row.metadata.filename ?? row.metadata.name,
              row.expires_at,
            ]),
          ]),
        goOn(options, listed),
      );
    });

  upload
    .command('show <tenant_id> <upload_id>')
    .description('State of a resumable upload')
    .addHelpText('after', '\nExample:\n  frostbyte upload show nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<UploadAnswer>(`/ingest/${tenant}/uploads/${id}`);
      output(command).answer(data, (row) => JSON.stringify(row, null, 2));
    });

  upload
    .command('delete <tenant_id> <upload_id>')
    .description('Give a resumable upload up and delete its bytes')
    .addHelpText('after', '\nExample:\n  frostbyte upload delete nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      await client(command).call('DELETE', `/ingest/${tenant}/uploads/${id}`, {
        headers: { 'tus-resumable': TUS_VERSION },
      });
      output(command).answer({ upload_id: id, deleted: true }, () => `${id}: deleted`);
    });
}
