import type { Command } from 'commander';
import type { ReviewDocument, ReviewItem } from '../../api/schemas/review.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { placeOnPage, quoted, table } from '../output.ts';
import { addPageOptions, addPlaceOptions, goOn, nextPage, type Page, type Place } from '../paging.ts';
import { type Waiting, withinLimits } from '../waiting.ts';

interface Reviewed {
  doc_id: string;
  decision: string;
  classification: string;
  proposed: string;
}

/** `frostbyte review …`: documents whose class a person decides. */
export function reviewCommands(program: Command): void {
  const review = program.command('review').description('The review queue: documents whose class a person decides');

  addPlaceOptions(
    review
      .command('list <tenant_id>')
      .description('List documents that wait for a decision')
      .option('--oldest', 'oldest first')
      .option('--batch <batch_id>', 'only those of this batch'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte review list nordlaw --oldest')
    .action(async (tenant: string, options: Place & { oldest?: boolean; batch?: string }, command: Command) => {
      const { batch: batch_id, limit, cursor } = options;
      const query = { sort: options.oldest ? 'asc' : 'desc', batch_id, limit, cursor };
      const page = await client(command).get<ReviewItem[]>(`/ingest/${tenant}/review`, query);
      output(command).answer(page.data, listed, goOn(options, page));
    });

  addPageOptions(
    review
      .command('show <tenant_id> <doc_id>')
      .description('What there is to judge by: the text after the gates, the proposed class, alternatives, findings'),
    'the text',
  )
    .addHelpText('after', '\nExample:\n  frostbyte review show nordlaw doc_0123456789abcdef')
    .action(async (tenant: string, id: string, { page, limit }: Page, command: Command) => {
      const path = `/ingest/${tenant}/review/${id}`;
      const { data } = await client(command).get<ReviewDocument>(path, { page, limit });
      const more = nextPage({ page, limit }, data.chunks.length, data.chunk_total);
      output(command).answer(data, (row) => described(tenant, row), more);
    });

  review
    .command('approve <tenant_id> [doc_id]')
    .description('Approve the proposed class of a document, or of all held documents of a batch')
    .option('--batch <batch_id>', 'all held documents of this batch')
    .option('--class <classification>', 'the class that you saw: refused where another one is proposed by now')
    .option('--note <text>', 'kept with the document')
    .addHelpText('after', '\nExample:\n  frostbyte review approve nordlaw doc_0123456789abcdef --class contract')
    .action(
      async (
        tenant: string,
        id: string | undefined,
        options: { batch?: string; class?: string; note?: string },
        command: Command,
      ) => {
        if ((id === undefined) === (options.batch === undefined)) {
          throw new FrostbyteError('VALIDATION_ERROR', 'Name a document, or a batch with --batch.', {
            details: [{ field: 'doc_id', constraint: 'either a document or --batch' }],
          });
        }
        if (options.batch !== undefined && options.class !== undefined) {
          throw new FrostbyteError('VALIDATION_ERROR', 'A batch is approved as it is proposed, class by class.', {
            details: [{ field: '--class', constraint: 'with a document, not with --batch' }],
          });
        }
        if (options.batch !== undefined) {
          const result = await approveBatch(client(command), tenant, options.batch, options.note);
          return output(command).answer(
            result,
            ({ batch_id, approved, remaining }) => `${batch_id}: ${approved} approved, ${remaining} left`,
          );
        }
        const { class: classification, note } = options;
        return decide(command, tenant, id!, { decision: 'approve', classification, note });
      },
    );

  review
    .command('correct <tenant_id> <doc_id>')
    .description('Name the class of a document')
    .requiredOption('--class <classification>', 'contract, invoice, SOP, policy, correspondence, legal_filing or other')
    .option('--note <text>', 'kept with the document')
    .addHelpText('after', '\nExample:\n  frostbyte review correct nordlaw doc_0123456789abcdef --class contract')
    .action(async (tenant: string, id: string, options: { class: string; note?: string }, command: Command) =>
      decide(command, tenant, id, { decision: 'correct', classification: options.class, note: options.note }),
    );
}

async function decide(command: Command, tenant: string, id: string, body: Record<string, unknown>): Promise<void> {
  const { data } = await client(command).send<Reviewed>('POST', `/ingest/${tenant}/review/${id}`, body);
  output(command).answer(data, ({ doc_id, classification, proposed }) =>
    classification === proposed ? `${doc_id}: ${classification}` : `${doc_id}: ${classification}, not ${proposed}`,
  );
}

/** Asks again while some remain, so that a large batch needs no long request. */
export async function approveBatch(
  api: Client,
  tenant: string,
  batch_id: string,
  note: string | undefined,
  waiting: Waiting = {},
): Promise<{ batch_id: string; approved: number; remaining: number }> {
  const body = { decision: 'approve', batch_id, note };
  const send = () => api.send<{ approved: number; remaining: number }>('POST', `/ingest/${tenant}/review`, body);
  for (let approved = 0; ; ) {
    const { data } = await withinLimits(send, waiting);
    approved += data.approved;
    if (data.remaining === 0 || data.approved === 0) return { batch_id, approved, remaining: data.remaining };
  }
}

function listed(rows: readonly ReviewItem[]): string {
  return table([
    ['DOCUMENT', 'PROPOSED', 'SURE', 'RECEIVED', 'BATCH', 'FILE'],
    ...rows.map((row) => [
      row.doc_id,
      row.classification,
      row.classification_confidence.toFixed(2),
      row.received_at,
      row.batch_id,
      row.original_filename,
    ]),
  ]);
}

function described(tenant: string, { chunks, alternatives, findings, ...row }: ReviewDocument): string {
  const others = alternatives.map(({ classification, confidence }) => `${classification} ${confidence.toFixed(2)}`);
  return [
    table([
      ['document', row.doc_id],
      ['file', row.original_filename],
      ['batch', row.batch_id],
      ['received', row.received_at],
      ['proposed', `${row.classification} ${row.classification_confidence.toFixed(2)}`],
      ['or else', others.join(', ') || null],
      ...Object.entries(findings).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') || null : value,
      ]),
      ['chunks', `${chunks.length} of ${row.chunk_total}`],
    ]),
    '',
    ...chunks.map(
      (chunk) => `page ${chunk.page} ${chunk.chunk_id}${foundIn(chunk)}\n${quoted(chunk.text ?? withheldAt(chunk))}`,
    ),
    '',
    // With the class that stands above: by the time of the decision another one may be proposed.
    `to approve: frostbyte review approve ${tenant} ${row.doc_id} --class ${row.classification}`,
  ].join('\n');
}

/** What the gates found in a chunk, behind its id; nothing where they found nothing. */
function foundIn({ pii_types, injection_score, injection_patterns }: ReviewDocument['chunks'][number]): string {
  const found = [
    ...(injection_patterns.length > 0 ? [`injection ${injection_score}: ${injection_patterns.join(' ')}`] : []),
    ...(pii_types.length > 0 ? [`personal data: ${pii_types.join(' ')}`] : []),
  ];
  return found.map((one) => `  ${one}`).join('');
}

function withheldAt({ boxes }: ReviewDocument['chunks'][number]): string {
  const place = placeOnPage(boxes);
  return `(in quarantine: its text is withheld${place === null ? '' : `; it stands at ${place}`})`;
}
