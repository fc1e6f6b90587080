import type { Command } from 'commander';
import { client, output } from '../context.ts';
import { table } from '../output.ts';

interface DeadLetter {
  dlq_entry_id: string;
  stage: string;
  resource_id: string;
  retry_count: number;
  last_attempt_at: string;
  error: { code: string; message: string; stack_trace_hash: string };
  status: string;
  resolution: string | null;
}

/** `frostbyte dlq …`. */
export function deadLetterCommands(program: Command): void {
  const dlq = program.command('dlq').description('Dead letters: documents that a stage gave up on');

  dlq
    .command('list <tenant_id>')
    .description('List dead letters, newest first')
    .option('--status <status>', 'pending_review, resolved or abandoned')
    .addHelpText('after', '\nExample:\n  frostbyte dlq list nordlaw --status pending_review')
    .action(async (tenant: string, options: { status?: string }, command: Command) => {
      const data = await client(command).all<DeadLetter>(`/ingest/${tenant}/dlq`, { status: options.status });
      output(command).answer(data, (rows) =>
        table([
          ['ENTRY', 'STAGE', 'DOCUMENT', 'CODE', 'RETRIES', 'STATUS'],
          ...rows.map((r) => [
            r.dlq_entry_id,
            r.stage,
            r.resource_id,
            r.error.code,
            r.retry_count,
            r.resolution ?? r.status,
          ]),
        ]),
      );
    });

  dlq
    .command('show <tenant_id> <dlq_entry_id>')
    .description('One dead letter')
    .addHelpText('after', '\nExample:\n  frostbyte dlq show nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<DeadLetter>(`/ingest/${tenant}/dlq/${id}`);
      output(command).answer(data, (row) => JSON.stringify(row, null, 2));
    });

  for (const [verb, action, text] of [
    ['retry', 'retry', 'Run the document again from the stage that gave up'],
    ['skip', 'skip', 'Leave the document as it is'],
    ['resolve', 'manual_fix', 'Note that it was mended by hand'],
  ] as const) {
    dlq
      .command(`${verb} <tenant_id> <dlq_entry_id>`)
      .description(text)
      .addHelpText('after', `\nExample:\n  frostbyte dlq ${verb} nordlaw 0197…`)
      .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
        const { data } = await client(command).send<DeadLetter>('POST', `/ingest/${tenant}/dlq/${id}`, { action });
        output(command).answer(data, ({ resource_id, resolution }) => `${resource_id}: ${resolution}`);
      });
  }
}
