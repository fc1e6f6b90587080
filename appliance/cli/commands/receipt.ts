import type { Command } from 'commander';
import type { ReceiptAnswer } from '../../api/receipts.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';

/** `frostbyte receipt show`. */
export function receiptCommands(program: Command): void {
  program
    .command('receipt')
    .description('Receipts: what a tenant has in hand for each file')
    .command('show <tenant_id> <receipt_id>')
    .description('One receipt: which file came when, its checksum, what became of it')
    .addHelpText('after', '\nExample:\n  frostbyte receipt show nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<ReceiptAnswer>(`/ingest/${tenant}/receipt/${id}`);
      output(command).answer(data, (row) =>
        table(Object.entries(row).map(([field, value]) => [field, inOneLine(value)])),
      );
    });
}

function inOneLine(value: string | number | Record<string, unknown> | null): string | number | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
