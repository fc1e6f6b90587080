import type { Command } from 'commander';
import type { ChunkAnswer } from '../../api/schemas/query.ts';
import { client, output } from '../context.ts';
import { placeOnPage, quoted, table } from '../output.ts';

/** `frostbyte chunk show`. */
export function chunkCommands(program: Command): void {
  program
    .command('chunk')
    .description('Chunks: the pieces of documents that search answers with')
    .command('show <tenant_id> <chunk_id>')
    .description('One chunk: its place in the document, its lineage, its text')
    .addHelpText('after', '\nExample:\n  frostbyte chunk show nordlaw chk_0123456789abcdef')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<ChunkAnswer>(`/query/${tenant}/chunk/${id}`);
      output(command).answer(data, described);
    });
}

function described({ lineage, ...chunk }: ChunkAnswer): string {
  return [
    table([
      ['chunk', chunk.chunk_id],
      ['document', chunk.doc_id],
      ['page', chunk.page],
      ['place', placeOnPage(chunk.boxes)],
      ['characters', `${chunk.start_char}–${chunk.end_char}`],
      ['element', chunk.element_type],
      ['path', chunk.path && JSON.stringify(chunk.path)],
      ['metadata', JSON.stringify(chunk.metadata)],
    ]),
    '',
    table(
      Object.entries(lineage).map(([field, value]) => [
        field,
        typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
      ]),
    ),
    '',
    quoted(chunk.text),
  ].join('\n');
}
