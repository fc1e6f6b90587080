import type { Command } from 'commander';
import type { DeadLettersDecided } from '../../api/schemas/ingest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { withinLimits } from '../waiting.ts';

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

/** Dead letters decided about in one call. */
const PAGE = 500;

/** `frostbyte dlq …`. */
export function deadLetterCommands(program: Command): void {
  const dlq = program.command('dlq').description('Dead letters: documents that a stage gave up on');

  addPlaceOptions(
    dlq
      .command('list <tenant_id>')
      .description('List dead letters, newest first')
      .option('--status <status>', 'pending_review, resolved or abandoned')
      .option('--stage <stage>', 'only those of parse, policy, embed or index'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte dlq list nordlaw --status pending_review')
    .action(async (tenant: string, options: Place & { status?: string; stage?: string }, command: Command) => {
      const { status, stage, limit, cursor } = options;
      const query = { status, stage, limit, cursor };
      const listed = await client(command).get<DeadLetter[]>(`/ingest/${tenant}/dlq`, query);
      output(command).answer(
        listed.data,
        (rows) =>
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
        goOn(options, listed),
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
      .command(`${verb} <tenant_id> [dlq_entry_id]`)
      .description(`${text}; with --all for every pending one`)
      .option('--all', 'all that are pending, instead of one')
      .option('--stage <stage>', 'with --all: only those of parse, policy, embed or index')
      .addHelpText('after', `\nExample:\n  frostbyte dlq ${verb} nordlaw --all --stage embed`)
      .action(async (tenant: string, id: string | undefined, which: Which, command: Command) => {
        checkWhich(id, which);
        const api = client(command);
        if (id === undefined) return all(api, tenant, action, which.stage, command);
        const { data } = await api.send<DeadLetter>('POST', `/ingest/${tenant}/dlq/${id}`, { action });
        return output(command).answer(data, ({ resource_id, resolution }) => `${resource_id}: ${resolution}`);
      });
  }
}

interface Which {
  all?: boolean;
  stage?: string;
}

function checkWhich(id: string | undefined, { all, stage }: Which): void {
  const one = id !== undefined && !all && stage === undefined;
  if (one || (id === undefined && all)) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'Name one dead letter, or --all, which --stage may narrow.', {
    details: [{ field: 'dlq_entry_id', constraint: 'an id, or --all' }],
  });
}

/** Goes through all of them, page by page; a limit of requests is waited for. */
async function all(api: Client, tenant: string, action: string, stage: string | undefined, command: Command) {
  const out = output(command);
  const sum: Omit<DeadLettersDecided, 'cursor'> = { action: action as 'retry', decided: 0, passed_over: [] };
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const body = { action, all: true, limit: PAGE, ...(stage ? { stage } : {}), ...(cursor ? { cursor } : {}) };
    const { data } = await withinLimits(() => api.send<DeadLettersDecided>('POST', `/ingest/${tenant}/dlq`, body));
    sum.decided += data.decided;
    sum.passed_over.push(...data.passed_over);
    cursor = data.cursor;
    if (cursor !== null) out.say(`${sum.decided} decided, going on`);
  }
  out.answer(sum, ({ decided, passed_over }) =>
    [
      `${decided} decided (${action})`,
      ...passed_over.map(
        ({ dlq_entry_id, resource_id, code }) => `passed over: ${dlq_entry_id} ${resource_id} ${code}`,
      ),
    ].join('\n'),
  );
  if (sum.passed_over.length > 0) throw new CheckFailed(`${sum.passed_over.length} could not be decided so.`);
}
