import type { Command } from 'commander';
import { type LedgerEntry, verifyLedger } from '../../control/ledger/entries.ts';
import { client } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { withinLimits } from '../waiting.ts';

const PAGE = 500;

/** `frostbyte audit ledger`: JSON Lines, with `--json` or without, so that it can be kept as it comes. */
export function auditLedgerCommand(audit: Command): void {
  audit
    .command('ledger')
    .description('Print the ledger of erasures, holds, suspensions and revocations as JSON Lines, verified')
    .option('--tenant <tenant_id>', 'only lines about this tenant; what lies between them cannot be verified then')
    .addHelpText('after', '\nExample:\n  frostbyte audit ledger > ledger.jsonl')
    .action(async (options: { tenant?: string }, command: Command) => {
      const api = client(command);
      const entries: LedgerEntry[] = [];
      for (let cursor: string | undefined; ; ) {
        const path = `/audit/${options.tenant ?? '_appliance'}/ledger`;
        const { data, meta } = await withinLimits(() => api.get<LedgerEntry[]>(path, { limit: PAGE, cursor }));
        for (const entry of data) process.stdout.write(`${JSON.stringify(entry)}\n`);
        if (options.tenant === undefined) entries.push(...data);
        if (!meta?.cursor) break;
        cursor = meta.cursor;
      }
      const { valid, breaks } = verifyLedger(entries);
      if (valid) return;
      throw new CheckFailed(`The ledger is broken: ${breaks[0]!.problem} of entry ${breaks[0]!.seq} does not fit.`);
    });
}
