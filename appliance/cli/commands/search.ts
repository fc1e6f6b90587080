import type { Command } from 'commander';
import type { ChunkExplanation, DecidedClass, RetrievalProof } from '../../api/schemas/query.ts';
import { client, output } from '../context.ts';
import { customFieldsOf } from '../custom-fields-of.ts';
import { printable, quoted, table } from '../output.ts';
import { addPageOptions, addPlaceOptions, goOn, nextPage, type Page, type Place } from '../paging.ts';
import { readWhere } from '../where.ts';
import { documentDiffCommand } from './document-diff.ts';
import { documentEraseCommands } from './document-erase.ts';
import { originalsCommand } from './originals.ts';
import { reprocessCommands } from './reprocess.ts';

interface DocumentAnswer {
  doc_id: string;
  original_filename: string;
  state: string;
  classification: string | null;
  received_at: string;
  page_count: number | null;
  chunk_count: number | null;
  lineage?: Record<string, unknown>;
}

/** `frostbyte search` and `frostbyte document …`. */
export function searchCommands(program: Command): void {
  program
    .command('search <tenant_id> <words...>')
    .description('Search a tenant’s documents; prints the retrieval proof')
    .option('-k, --top-k <number>', 'how many chunks')
    .option('--class <classification...>', 'only these classes')
    .option('--doc <doc_id...>', 'only these documents')
    .option('--where <condition...>', 'only documents whose metadata meet this: name=value, >=, <=, >, <, name~item')
    .option('--explain', 'how each chunk came to its place: its ranks and scores')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte search nordlaw notice period of the lease -k 3 --where matter=25-104877',
    )
    .action(
      async (
        tenant: string,
        words: string[],
        options: { topK?: string; class?: string[]; doc?: string[]; where?: string[]; explain?: true },
        command: Command,
      ) => {
        const api = client(command);
        const filters = {
          ...(options.class ? { classification: options.class } : {}),
          ...(options.doc ? { doc_ids: options.doc } : {}),
          ...(options.where ? { metadata: readWhere(options.where, await customFieldsOf(api, tenant)) } : {}),
        };
        const { data, headers } = await api.send<RetrievalProof>('POST', `/query/${tenant}/search`, {
          query_text: words.join(' '),
          ...(options.topK ? { top_k: Number(options.topK) } : {}),
          filters,
          ...(options.explain && { explain: true }),
        });
        const warning = headers.get('warning');
        if (warning) output(command).warn(warning);
        output(command).answer(data, describeProof);
      },
    );

  const document = program.command('document').description('Documents of a tenant');
  documentDiffCommand(document);
  documentEraseCommands(document);
  reprocessCommands(document);
  addPlaceOptions(
    document
      .command('list <tenant_id>')
      .description('List documents, newest first')
      .option('--state <state>', 'only those in this state')
      .option('--batch <batch_id>', 'only those of this batch'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte document list nordlaw --state quarantined')
    .action(async (tenant: string, options: Place & { state?: string; batch?: string }, command: Command) => {
      const { batch: batch_id, state, limit, cursor } = options;
      const query = { state, batch_id, limit, cursor };
      const listed = await client(command).get<DocumentAnswer[]>(`/query/${tenant}/documents`, query);
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['DOCUMENT', 'STATE', 'CLASS', 'PAGES', 'CHUNKS', 'FILE'],
            ...rows.map((row) => [
              row.doc_id,
              row.state,
              row.classification,
              row.page_count,
              row.chunk_count,
              row.original_filename,
            ]),
          ]),
        goOn(options, listed),
      );
    });
  addPageOptions(
    document.command('show <tenant_id> <doc_id>').description('A document: metadata, chunks, lineage'),
    'the chunks',
  )
    .addHelpText('after', '\nExample:\n  frostbyte document show nordlaw doc_0123456789abcdef --json')
    .action(async (tenant: string, id: string, { page, limit }: Page, command: Command) => {
      const { data } = await client(command).get<
        DocumentAnswer & { review: DecidedClass | null; chunks: { chunk_id: string; page: number; text: string }[] }
      >(`/query/${tenant}/document/${id}`, { page, limit });
      output(command).answer(
        data,
        ({ chunks, lineage, review, ...row }) =>
          [
            table(
              Object.entries({ ...row, review: review === null ? 'none' : decidedClass(review) }).map(
                ([field, value]) => [field, typeof value === 'object' ? JSON.stringify(value) : String(value)],
              ),
            ),
            '',
            table(
              Object.entries(lineage ?? {}).map(([field, value]) => [
                field,
                typeof value === 'object' ? JSON.stringify(value) : String(value),
              ]),
            ),
            '',
            ...chunks.map((chunk) => `${chunk.chunk_id} page ${chunk.page}\n${quoted(chunk.text)}`),
          ].join('\n'),
        nextPage({ page, limit }, data.chunks.length, data.chunk_count ?? 0),
      );
    });
  originalsCommand(document);
}

/** The proof for people: where each chunk stands, then its text. */
export function describeProof(proof: RetrievalProof): string {
  if (proof.chunks.length === 0) return 'nothing found';
  return [
    `evidence: ${proof.evidence}   query ${proof.query_id}   ${proof.embed_model} ${proof.embed_version}`,
    ...(proof.explain ? [describeFusion(proof.explain)] : []),
    ...proof.chunks.map(
      (chunk, i) =>
        `\n${i + 1}. ${printable(chunk.original_filename)}  page ${chunk.page}  ${chunk.start_char}–${chunk.end_char}  score ${chunk.similarity_score.toFixed(3)}  ${chunk.classification}\n` +
        `   ${chunk.chunk_id}  source ${chunk.source_sha256.slice(0, 12)}…  canonical ${chunk.canonical_sha256.slice(0, 12)}…\n` +
        `${chunk.explain ? `   ${describePlace(chunk.explain)}\n` : ''}${quoted(chunk.text)}`,
    ),
  ].join('\n');
}

function describeFusion({
  text_weight,
  vector_weight,
  rank_constant,
  candidates,
}: NonNullable<RetrievalProof['explain']>): string {
  return `ranks: full text counts ${text_weight}, vectors ${vector_weight}, each / (${rank_constant} + rank), among ${candidates} of each`;
}

function describePlace({ vector_rank, cosine, text_rank, text_score, fused_score }: ChunkExplanation): string {
  const text = text_rank === null ? 'not found' : `rank ${text_rank}, score ${text_score?.toFixed(3)}`;
  const vectors = `${vector_rank === null ? 'not among the nearest' : `rank ${vector_rank}`}, cosine ${cosine.toFixed(3)}`;
  return `full text ${text}   vectors ${vectors}   fused ${fused_score.toFixed(6)}`;
}

/** A person's word on the class of a document, and what they added. */
function decidedClass({ decision, classification, proposed, note, decided_by, decided_at }: DecidedClass): string {
  const told = decision === 'approve' ? classification : `${classification}, not ${proposed}`;
  return `${told}, by ${decided_by}, ${decided_at}${note === null ? '' : `: ${note}`}`;
}
