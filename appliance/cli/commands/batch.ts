import type { Command } from 'commander';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { describeStatus } from './ingest.ts';

interface BatchLine {
  batch_id: string;
  status: string;
  file_count: number;
  submitted_at: string;
  submitted_by: string;
}

/** `frostbyte batch show|list|cancel`; without a verb, `show`. */
export function batchCommands(program: Command): void {
  const batch = program.command('batch').description('Batches: look, list, cancel');

  batch
    .command('show <tenant_id> <batch_id>', { isDefault: true })
    .description('Status of a batch and its acceptance report')
    .addHelpText('after', '\nExample:\n  frostbyte batch show nordlaw cli-0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<BatchStatus>(`/ingest/${tenant}/batch/${id}`);
      output(command).answer(data, describeStatus);
    });

  addPlaceOptions(
    batch
      .command('list <tenant_id>')
      .description('List batches, newest first')
      .option('--status <status>', 'receiving, processing, held, completed or cancelled'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte batch list nordlaw --status processing')
    .action(async (tenant: string, options: Place & { status?: string }, command: Command) => {
      const { status, limit, cursor } = options;
      const listed = await client(command).get<BatchLine[]>(`/ingest/${tenant}/batches`, { status, limit, cursor });
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['BATCH', 'STATUS', 'FILES', 'SUBMITTED', 'BY'],
            ...rows.map((row) => [row.batch_id, row.status, row.file_count, row.submitted_at, row.submitted_by]),
          ]),
        goOn(options, listed),
      );
    });

  batch
    .command('cancel <tenant_id> <batch_id>')
    .description('Cancel what has not started of a batch; what runs is finished')
    .addHelpText('after', '\nExample:\n  frostbyte batch cancel nordlaw cli-0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).send<BatchStatus>('DELETE', `/ingest/${tenant}/batch/${id}`);
      const count = (state: string) => data.files.filter((file) => file.state === state).length;
      output(command).answer(
        data,
        ({ batch_id, status }) =>
          `${batch_id} is ${status}: ${count('cancelled')} document(s) cancelled, ${count('processing')} at work`,
      );
    });
}
