import type { Command } from 'commander';
import type { DeletionReceipt } from '../../api/schemas/query.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { printable, table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { askUntil } from '../waiting.ts';

/** How long `erase` follows an erasure that waits for work in flight. */
const FOLLOW_S = 120;

/** `frostbyte document erase`, `erasures`, `erasure`. */
export function documentEraseCommands(document: Command): void {
  document
    .command('erase <tenant_id> <doc_id>')
    .description('Erase a document from every store, for good; prints the deletion receipt')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .requiredOption('--confirm <doc_id>', 'the document’s id once more')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte document erase nordlaw doc_0123456789abcdef --because "request 4711" --confirm doc_0123456789abcdef',
    )
    .action(async (tenant: string, id: string, options: { because: string; confirm: string }, command: Command) => {
      const api = client(command);
      const body = { reason: options.because, confirm_doc_id: options.confirm };
      const { data: from } = await api.send<DeletionReceipt>('DELETE', `/query/${tenant}/document/${id}`, body);
      const path = `/query/${tenant}/erasures/${from.deletion_receipt_id}`;
      const ask = async () => (await api.get<DeletionReceipt>(path)).data;
      const receipt = await askUntil(ask, ({ status }) => status !== 'pending', { from, seconds: FOLLOW_S });
      output(command).answer(receipt, describeReceipt);
      if (receipt.status === 'pending') {
        throw new CheckFailed('Work in flight holds the document still. Nothing shows it any more; the rest follows.');
      }
    });

  addPlaceOptions(
    document
      .command('erasures <tenant_id>')
      .description('List deletion receipts, newest first')
      .option('--doc <doc_id>', 'only those of this document'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte document erasures nordlaw')
    .action(async (tenant: string, options: Place & { doc?: string }, command: Command) => {
      const { doc: doc_id, limit, cursor } = options;
      const query = { doc_id, limit, cursor };
      const listed = await client(command).get<DeletionReceipt[]>(`/query/${tenant}/erasures`, query);
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['RECEIPT', 'DOCUMENT', 'STATUS', 'CAUSE', 'BY', 'ERASED'],
            ...rows.map((row) => [
              row.deletion_receipt_id,
              row.doc_id,
              row.status,
              row.cause,
              row.requested_by,
              row.erased_at,
            ]),
          ]),
        goOn(options, listed),
      );
    });

  document
    .command('erasure <tenant_id> <deletion_receipt_id>')
    .description('One deletion receipt')
    .addHelpText('after', '\nExample:\n  frostbyte document erasure nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<DeletionReceipt>(`/query/${tenant}/erasures/${id}`);
      output(command).answer(data, describeReceipt);
    });
}

function describeReceipt({ removed, verified, reason, ...receipt }: DeletionReceipt): string {
  const seen = Object.entries(verified).filter(([, isClear]) => isClear);
  return table([
    ...Object.entries(receipt),
    ['reason', printable(reason)],
    ...Object.entries(removed).map(([what, count]) => [`${what} removed`, count]),
    ['looked at again', seen.map(([name]) => name).join(', ') || null],
  ]);
}
