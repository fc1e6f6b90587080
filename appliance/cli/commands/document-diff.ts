import type { Command } from 'commander';
import type { DiffAnswer } from '../../api/schemas/diff.ts';
import { client, output } from '../context.ts';
import { placeOnPage, quoted, table } from '../output.ts';

const KINDS = ['changed', 'came', 'went', 'moved', 'stayed'] as const;

/** `frostbyte document diff`. */
export function documentDiffCommand(document: Command): void {
  document
    .command('diff <tenant_id> <doc_id>')
    .description('What changed since a document was read before, or between two revisions of a file')
    .option('--run <number>', 'the earlier run; without it, the version that was served before')
    .option('--against <doc_id>', 'another document: the revision of the file before this one')
    .option('--page <number>', 'the page whose changes are listed', '1')
    .addHelpText('after', '\nExample:\n  frostbyte document diff nordlaw doc_0123456789abcdef --page 2')
    .action(
      async (
        tenant: string,
        id: string,
        options: { run?: string; against?: string; page: string },
        command: Command,
      ) => {
        const { data } = await client(command).get<DiffAnswer>(`/query/${tenant}/document/${id}/diff`, { ...options });
        output(command).answer(data, described);
      },
    );
}

/** The counts for people, then what changed on the page. */
function described({ earlier, later, summary, pages, page, changes }: DiffAnswer): string {
  if (earlier === null) return 'read once: nothing to compare';
  const told = changes.filter(({ kind, gates }) => kind !== 'stayed' || gates);
  return [
    table([
      ['VERSION', 'DOCUMENT', 'RUN', 'SERVED SINCE', 'PARSER', 'CONFIGURATION'],
      ...(
        [
          ['earlier', earlier],
          ['later', later],
        ] as const
      ).map(([word, version]) => [
        word,
        version.doc_id,
        version.run,
        version.published_at,
        version.stage2_parser_version,
        version.config_version,
      ]),
    ]),
    '',
    table([
      ['PAGE', ...KINDS.map((kind) => kind.toUpperCase())],
      ...pages.map((counts) => [counts.page, ...KINDS.map((kind) => counts[kind])]),
      ['all', ...KINDS.map((kind) => summary[kind])],
    ]),
    `${summary.gates} judged otherwise by the gates`,
    ...told.map((change) => `\n${describeChange(change, page)}`),
  ].join('\n');
}

function describeChange({ kind, gates, before, after, gone }: DiffAnswer['changes'][number], page: number): string {
  const side = (after ?? before)!;
  const facts = [
    kind,
    side.element_type,
    `page ${side.page}`,
    before !== null && after !== null && before.page !== page ? `from page ${before.page}` : null,
    placeOnPage(side.boxes),
    `${side.characters} characters`,
    gone > 0 ? `${gone} words gone` : null,
    gates ? 'judged otherwise' : null,
  ];
  const words = side.text === null ? [] : [quoted(side.text)];
  return [facts.filter((fact) => fact !== null).join('  '), ...words].join('\n');
}
