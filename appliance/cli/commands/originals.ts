import type { Command } from 'commander';
import type { OriginalsAnswer } from '../../api/schemas/quarantine.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { client, output } from '../context.ts';
import { printable, table } from '../output.ts';
import { saveFile } from '../save-file.ts';
import { withinLimits } from '../waiting.ts';

/** `frostbyte document originals`: what lies before redaction. */
export function originalsCommand(document: Command): void {
  document
    .command('originals <tenant_id> <doc_id>')
    .description(
      'What redaction took out, or the file before it; for an administrator, with --reason, in the audit log',
    )
    .option('--what <what>', 'pii, canonical, page or raw', 'pii')
    .option('--page <number>', 'which page, with --what page')
    .option('--chunk <chunk_id>', 'only this chunk, with --what pii')
    .option('--out <file>', 'a new file for canonical, page and raw; - for standard output')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte document originals nordlaw doc_0123456789abcdef --reason "request by the data subject"',
    )
    .action(
      async (
        tenant: string,
        id: string,
        options: { what: string; page?: string; chunk?: string; out?: string },
        command: Command,
      ) => {
        const path = `/query/${tenant}/document/${id}/originals`;
        if (options.what !== 'pii') return save(command, path, id, options);
        const chunks = await everything(command, path, options.chunk);
        return output(command).answer({ doc_id: id, chunks }, spelledOut);
      },
    );
}

async function save(
  command: Command,
  path: string,
  doc_id: string,
  { what, page, out }: { what: string; page?: string; out?: string },
): Promise<void> {
  if (out === undefined) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Say where the file goes.', {
      details: [{ field: 'out', constraint: 'required with canonical, page and raw; - for standard output' }],
    });
  }
  const query = new URLSearchParams({ what, ...(page === undefined ? {} : { page }) });
  const bytes = await saveFile(await client(command).raw(`${path}?${query}`), out);
  if (out !== '-') output(command).answer({ doc_id, file: out, bytes }, () => `${bytes} bytes`);
}

/** Every page of the list; each is a read in the log. */
async function everything(command: Command, path: string, chunk?: string): Promise<OriginalsAnswer['chunks']> {
  const api = client(command);
  const chunks: OriginalsAnswer['chunks'] = [];
  for (let cursor: string | undefined; ; ) {
    const query: Record<string, string | number | undefined> = { what: 'pii', limit: 1000, chunk_id: chunk, cursor };
    const { data } = await withinLimits(() => api.get<OriginalsAnswer>(path, query));
    chunks.push(...data.chunks);
    if (data.cursor === null) return chunks;
    cursor = data.cursor;
  }
}

function spelledOut({ chunks }: { chunks: OriginalsAnswer['chunks'] }): string {
  if (chunks.length === 0) return 'nothing was redacted';
  return table([
    ['CHUNK', 'WHERE', 'TYPE', 'FROM', 'TO', 'TEXT'],
    ...chunks.flatMap(({ chunk_id, spans }) =>
      spans.map((span) => [
        chunk_id,
        span.column === null ? span.field : `${span.field} ${span.column}`,
        span.type,
        span.start,
        span.end,
        printable(span.text),
      ]),
    ),
  ]);
}
