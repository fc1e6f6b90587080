import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { AcceptanceReport } from '../../api/schemas/ingest.ts';
import { keepsEarlier } from '../../data/report-line.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';

/** `frostbyte report`: the acceptance report of a batch, on the screen or as a page to print or to send. */
export function reportCommands(program: Command): void {
  program
    .command('report <batch_id>')
    .description('The acceptance report of a batch; with --html as a printable page')
    .requiredOption('--tenant <tenant_id>', 'whose batch it is')
    .option('--html <file>', 'write the page into this file, or to standard output for -')
    .addHelpText('after', '\nExample:\n  frostbyte report cli-0197 --tenant nordlaw --html report.html')
    .action(async (batch: string, options: { tenant: string; html?: string }, command: Command) => {
      const api = client(command);
      const path = `/ingest/${options.tenant}/batch/${encodeURIComponent(batch)}/report`;
      if (options.html === undefined) {
        const { data } = await api.get<AcceptanceReport>(path);
        return output(command).answer(data, describeReport);
      }
      const page = await (await api.raw(`${path}.html`, { accept: 'text/html' })).text();
      if (options.html === '-') return void process.stdout.write(page);
      await writeFile(options.html, page);
      return output(command).answer({ batch_id: batch, file: options.html }, ({ file }) => `written: ${file}`);
    });
}

/** The report for a terminal: what became of the files, what is to be done, file by file. */
export function describeReport(report: AcceptanceReport): string {
  const { summary, files } = report;
  const problems = files.flatMap((file) =>
    file.problems
      .filter(({ severity }) => severity !== 'note')
      .map(({ code, page, message, remediation }) => [file.original_filename, page, code, message, remediation]),
  );
  const rows = files.map((file) => [
    file.original_filename,
    file.outcome,
    file.parsing?.pages,
    file.parsing?.coverage === undefined || file.parsing.coverage === null
      ? null
      : `${Math.floor(file.parsing.coverage * 100)} %`,
    file.parsing === null ? null : `${file.indexing?.chunks_indexed ?? 0}/${file.parsing.chunks ?? 0}`,
    file.policy?.classification,
    file.policy?.pii_types.join(' '),
  ]);
  const earlier = files.filter(keepsEarlier).length;
  return [
    `Acceptance report ${report.report_id} of batch ${report.batch_id}, ${report.generated_at}${report.final ? '' : ' (not final: files wait for a decision)'}`,
    `${summary.outcomes.indexed} of ${summary.files_submitted} files in search; accepted ${summary.files_accepted}, rejected ${summary.files_rejected}, quarantined ${summary.files_quarantined}, held ${summary.files_held}, duplicates ${summary.files_duplicate}`,
    ...(earlier === 0 ? [] : [`in search in an earlier version: ${earlier}`]),
    '',
    table([['FILE', 'OUTCOME', 'PAGES', 'READ', 'IN SEARCH', 'CLASS', 'PERSONAL DATA'], ...rows]),
    ...(problems.length > 0 ? ['', table([['FILE', 'PAGE', 'CODE', 'PROBLEM', 'WHAT TO DO'], ...problems])] : []),
  ].join('\n');
}
