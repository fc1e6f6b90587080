import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { FrostbyteError } from '../../kernel/errors.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';
import { askUntil } from '../waiting.ts';
import { auditLedgerCommand } from './audit-ledger.ts';

interface EventAnswer {
  event_id: string;
  event_type: string;
  timestamp: string;
  actor: string;
  resource_type: string;
  resource_id: string;
  log_index: number;
  details: { input_hash?: string; output_hash?: string; gate?: string };
}

interface ChainAnswer {
  resource_id: string;
  events: EventAnswer[];
  retrievals: EventAnswer[];
  hash_chain_verification: {
    valid: boolean | null;
    complete: boolean;
    links: number;
    breaks: { event_id: string; message: string }[];
  };
}

interface ExportOptions {
  from?: string;
  to?: string;
  format: string;
  out?: string;
}

interface ChainOptions {
  type: string;
  complete?: boolean;
}

/** `frostbyte audit …`. */
export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('The audit log: events, provenance chains, exports');

  auditLedgerCommand(audit);

  addPlaceOptions(
    audit
      .command('events <tenant_id>')
      .description('Events, newest first (_appliance for the appliance’s own)')
      .option('--type <event_type>', 'only this type')
      .option('--resource <id>', 'only this resource'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte audit events nordlaw --type TENANT_SUSPENDED')
    .action(async (tenant: string, options: Place & { type?: string; resource?: string }, command: Command) => {
      const { type: event_type, resource: resource_id, limit, cursor } = options;
      const query = { event_type, resource_id, limit, cursor };
      const listed = await client(command).get<EventAnswer[]>(`/audit/${tenant}/events`, query);
      output(command).answer(
        listed.data,
        (events) =>
          table([
            ['#', 'TIME', 'EVENT', 'ACTOR', 'RESOURCE'],
            ...events.map((e) => [e.log_index, e.timestamp, e.event_type, e.actor, e.resource_id]),
          ]),
        goOn(options, listed),
      );
    });

  audit
    .command('chain <tenant_id> <resource_id>')
    .description('The provenance chain of a document, verified')
    .option('--type <resource_type>', 'document, batch, tenant, …', 'document')
    .option('--complete', 'fail unless the chain leads from the raw file to the index')
    .addHelpText('after', '\nExample:\n  frostbyte audit chain nordlaw doc_0123456789abcdef')
    .action(async (tenant: string, resource: string, options: ChainOptions, command: Command) => {
      const path = `/audit/${tenant}/chain/${encodeURIComponent(resource)}`;
      const { data } = await client(command).get<ChainAnswer>(path, { resource_type: options.type });
      output(command).answer(data, describeChain);
      const { valid, complete } = data.hash_chain_verification;
      if (valid === false) throw new CheckFailed('The provenance chain is broken.');
      if (options.complete && !complete) throw new CheckFailed('The provenance chain does not lead to the index.');
    });

  audit
    .command('export <tenant_id>')
    .description(
      'Export the log of a range as JSON Lines or CSV, to standard output or with its manifest into a folder',
    )
    .option('--from <date>', 'first day or time')
    .option('--to <date>', 'last day or time')
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option('--out <folder>', 'write the file and audit_export_manifest.json there')
    .addHelpText('after', '\nExample:\n  frostbyte audit export nordlaw --from 2026-01-01 --out ./evidence')
    .action(async (tenant: string, { out, ...options }: ExportOptions, command: Command) => {
      const api = client(command);
      const { data: started } = await api.send<{ export_id: string }>('POST', `/audit/${tenant}/export`, options);
      const path = `/audit/${tenant}/export/${started.export_id}`;
      const ask = async () => (await api.get<{ status: string }>(path)).data;
      const { status } = await askUntil(ask, (answer) => ['ready', 'failed'].includes(answer.status));
      if (status === 'failed') throw new CheckFailed('The export failed; the appliance’s log says why.');
      const response = await api.raw(`${path}/download`);
      if (out === undefined) {
        for await (const chunk of response.body ?? []) process.stdout.write(chunk);
        return;
      }
      const files = [response, await api.raw(`${path}/manifest`)];
      const written: string[] = [];
      for (const file of files) written.push(await saveTo(out, file));
      output(command).answer({ files: written }, () => written.join('\n'));
    });
}

/** Saves an answer under the name that it gives itself; what is there is not overwritten. Returns the path. */
async function saveTo(folder: string, response: Response): Promise<string> {
  const name = /filename="([\w.-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  if (name === undefined) throw new FrostbyteError('INTERNAL_ERROR', 'The answer does not name its file.');
  const path = join(folder, name);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path, response.body ?? '', { flag: 'wx', mode: 0o600 });
    return path;
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new FrostbyteError('VALIDATION_ERROR', `${path} cannot be written (${errno}).`, { cause });
  }
}

function describeChain({ events, retrievals, hash_chain_verification: verified }: ChainAnswer): string {
  const short = (hash?: string) => (hash ? `${hash.replace('sha256:', '').slice(0, 12)}…` : '–');
  return [
    table([
      ['#', 'TIME', 'EVENT', 'IN', 'OUT'],
      ...events.map((e) => [
        e.log_index,
        e.timestamp,
        e.details.gate ? `${e.event_type} (${e.details.gate})` : e.event_type,
        short(e.details.input_hash),
        short(e.details.output_hash),
      ]),
    ]),
    '',
    `${retrievals.length} retrieval(s) name this document`,
    verdict(verified),
  ].join('\n');
}

function verdict({ valid, complete, links, breaks }: ChainAnswer['hash_chain_verification']): string {
  if (valid === null) return 'no hash chain: only documents that were taken have one';
  if (!valid) return `CHAIN BROKEN:\n${breaks.map((b) => `  ${b.event_id}: ${b.message}`).join('\n')}`;
  const reach = complete ? 'from the raw file to the index' : 'as far as the document has come, which is not the index';
  return `chain valid, ${reach}: ${links} links`;
}
