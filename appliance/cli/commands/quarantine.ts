import type { Command } from 'commander';
import type { QuarantineDocument, QuarantineItem } from '../../api/schemas/quarantine.ts';
import { client, output } from '../context.ts';
import { placeOnPage, printable, table } from '../output.ts';
import { addPageOptions, addPlaceOptions, goOn, nextPage, type Page, type Place } from '../paging.ts';
import { saveFile } from '../save-file.ts';

interface Decided {
  doc_id: string;
  chunk_ids: string[];
  state: string;
  released?: string;
  pii_action?: string | null;
  rejected?: string;
}

/** `frostbyte quarantine …`: what the gates and the scanner keep out. */
export function quarantineCommands(program: Command): void {
  const quarantine = program.command('quarantine').description('What the gates and the scanner keep out');

  addPlaceOptions(
    quarantine
      .command('list <tenant_id>')
      .description('List documents in quarantine, and documents with chunks in quarantine, newest first')
      .option('--cause <code>', 'MALWARE_DETECTED, PII_BLOCK_POLICY, INJECTION_DETECTED or GATE_UNAVAILABLE')
      .option('--scope <scope>', 'document, or chunks')
      .option('--status <status>', 'open, or rejected'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte quarantine list nordlaw --status open')
    .action(
      async (
        tenant: string,
        options: Place & { cause?: string; scope?: string; status?: string },
        command: Command,
      ) => {
        const { cause: reason, scope, status, limit, cursor } = options;
        const query = { reason, scope, status, limit, cursor };
        const page = await client(command).get<QuarantineItem[]>(`/ingest/${tenant}/quarantine`, query);
        output(command).answer(page.data, listed, goOn(options, page));
      },
    );

  addPageOptions(
    quarantine
      .command('show <tenant_id> <doc_id>')
      .description('The evidence: types, categories, scores and places, never text'),
    'the chunks',
  )
    .addHelpText('after', '\nExample:\n  frostbyte quarantine show nordlaw doc_0123456789abcdef')
    .action(async (tenant: string, id: string, { page, limit }: Page, command: Command) => {
      const path = `/ingest/${tenant}/quarantine/${id}`;
      const { data } = await client(command).get<QuarantineDocument>(path, { page, limit });
      output(command).answer(data, described, nextPage({ page, limit }, data.chunks.length, data.chunk_total));
    });

  quarantine
    .command('release <tenant_id> <doc_id>')
    .description('Let a document, or some of its chunks, out of quarantine; never malware')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .option('--chunk <chunk_id...>', 'only these chunks')
    .option('--pii <action>', 'redact or flag: what becomes of blocked personal data')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte quarantine release nordlaw doc_0123456789abcdef --because "read it: a quote"',
    )
    .action(
      async (
        tenant: string,
        id: string,
        options: { because: string; chunk?: string[]; pii?: string },
        command: Command,
      ) => {
        await decide(command, `/ingest/${tenant}/quarantine/${id}/release`, {
          reason: options.because,
          chunk_ids: options.chunk,
          pii_action: options.pii,
        });
      },
    );

  quarantine
    .command('reject <tenant_id> <doc_id>')
    .description('Refuse a document, or some of its chunks, for good')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .option('--chunk <chunk_id...>', 'only these chunks')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte quarantine reject nordlaw doc_0123456789abcdef --because "an attack"',
    )
    .action(async (tenant: string, id: string, options: { because: string; chunk?: string[] }, command: Command) => {
      await decide(command, `/ingest/${tenant}/quarantine/${id}/reject`, {
        reason: options.because,
        chunk_ids: options.chunk,
      });
    });

  quarantine
    .command('bytes <tenant_id> <doc_id>')
    .description('Save the bytes of a document in quarantine, malware too; for an administrator, with --reason')
    .requiredOption('--out <file>', 'a new file; - for standard output')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte quarantine bytes nordlaw doc_0123456789abcdef --out sample.bin --reason "incident 4711"',
    )
    .action(async (tenant: string, id: string, options: { out: string }, command: Command) => {
      const response = await client(command).raw(`/ingest/${tenant}/quarantine/${id}/bytes`);
      const bytes = await saveFile(response, options.out);
      if (options.out !== '-') output(command).answer({ doc_id: id, file: options.out, bytes }, () => `${bytes} bytes`);
    });
}

async function decide(command: Command, path: string, body: Record<string, unknown>): Promise<void> {
  const { data } = await client(command).send<Decided>('POST', path, body);
  output(command).answer(data, ({ doc_id, released, rejected, chunk_ids, pii_action }) =>
    [
      `${doc_id}: ${released === undefined ? `rejected (${rejected})` : `released (${released})`}`,
      ...(pii_action ? [`personal data: ${pii_action}`] : []),
      ...(chunk_ids.length > 0 ? [`${chunk_ids.length} chunk(s)`] : []),
    ].join(', '),
  );
}

function listed(rows: readonly QuarantineItem[]): string {
  return table([
    ['DOCUMENT', 'WHY', 'SCOPE', 'STATUS', 'CHUNKS', 'SCORE', 'RECEIVED', 'FILE'],
    ...rows.map((row) => [
      row.doc_id,
      row.reason,
      row.scope,
      row.status,
      row.chunks_quarantined,
      row.injection_max_score,
      row.received_at,
      row.original_filename,
    ]),
  ]);
}

function described({ chunks, hidden_text, release, rejection, ...row }: QuarantineDocument): string {
  return [
    table([
      ['document', row.doc_id],
      ['file', row.original_filename],
      ['why', row.reason],
      ['scope', row.scope],
      ['status', row.status],
      ['signature', row.signature],
      ['personal data', row.pii_types.join(', ') || null],
      ['released', release && `${release.scope} by ${release.released_by}, ${release.released_at}`],
      ['rejected', rejection && `${rejection.scope} by ${rejection.rejected_by}, ${rejection.rejected_at}`],
    ]),
    '',
    `${row.message} ${row.remediation}`,
    ...(chunks.length > 0
      ? [
          '',
          table([
            ['CHUNK', 'PAGE', 'PLACE', 'HELD BY', 'SCORE', 'PATTERNS', 'PERSONAL DATA', 'REJECTED'],
            ...chunks.map((chunk) => [
              chunk.chunk_id,
              chunk.page,
              placeOnPage(chunk.boxes),
              chunk.held_by.join('+'),
              chunk.injection_score,
              chunk.injection_patterns.join(' ') || null,
              chunk.pii_types.join(' ') || null,
              chunk.rejected ? 'yes' : 'no',
            ]),
          ]),
          `${chunks.length} of ${row.chunk_total} chunks`,
        ]
      : []),
    ...hidden_text.map(
      (hidden) =>
        `hidden text: ${printable(hidden.kind)}, page ${hidden.page}, ${hidden.characters} characters, sha256 ${hidden.sha256.slice(0, 12)}…`,
    ),
  ].join('\n');
}
