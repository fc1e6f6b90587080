import type { Command } from 'commander';
import type { InboxStatus } from '../../api/schemas/inbox.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { withinLimits } from '../waiting.ts';

/** `frostbyte inbox …`: the folder on the host from which batches are taken by themselves. */
export function inboxCommands(program: Command): void {
  const inbox = program.command('inbox').description('The inbox folder of a tenant');
  inbox
    .command('status <tenant_id>')
    .description('What waits in the inbox and why, what was taken')
    .option('--state <state>', 'waiting, refused or taken')
    .addHelpText('after', '\nExample:\n  frostbyte inbox status nordlaw --state waiting')
    .action(async (tenant: string, options: { state?: string }, command: Command) => {
      const api = client(command);
      const path = `/ingest/${tenant}/inbox`;
      const { data: first } = await api.get<InboxStatus>(path, { state: options.state, limit: 500 });
      const folders = [...first.folders];
      for (let { cursor } = first; cursor !== null; ) {
        const query = { state: options.state, limit: 500, cursor };
        const { data } = await withinLimits(() => api.get<InboxStatus>(path, query));
        folders.push(...data.folders);
        cursor = data.cursor;
      }
      output(command).answer({ ...first, folders, cursor: null }, describeInbox);
    });
}

/** The inbox for a terminal. */
export function describeInbox(status: InboxStatus): string {
  if (!status.watched) return 'This appliance has no inbox: the setting inbox.folder names none.';
  const { waiting, refused, taken } = status.counts;
  const rows = status.folders.map((folder) => [
    folder.folder,
    folder.state,
    folder.batch_id,
    folder.since,
    folder.code ?? folder.reason,
    folder.message ?? (folder.results === 'unwritable' ? `results cannot be written (${folder.results_code})` : ''),
    folder.remediation ?? '',
  ]);
  const missing = status.folders.flatMap((folder) =>
    folder.missing.map((file) => [
      folder.folder,
      file.filename,
      file.actual_bytes === null ? 'not there' : `${file.actual_bytes} of ${file.expected_bytes} bytes`,
    ]),
  );
  return [
    `waiting ${waiting}, refused ${refused}, taken ${taken}; last looked at ${status.last_round_at ?? 'never'}, every ${status.poll_seconds} s`,
    ...(status.trouble === null ? [] : [`The tenant’s folder cannot be used (${status.trouble}).`]),
    ...(status.crowded ? ['There are more folders than are looked at: clear out what is done.'] : []),
    ...(rows.length > 0
      ? ['', table([['FOLDER', 'STATE', 'BATCH', 'SINCE', 'CODE', 'WHAT', 'WHAT TO DO'], ...rows])]
      : []),
    ...(missing.length > 0 ? ['', table([['FOLDER', 'FILE', 'THERE'], ...missing])] : []),
  ].join('\n');
}
