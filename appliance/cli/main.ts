import { Command, CommanderError } from 'commander';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import { auditCommands } from './commands/audit.ts';
import { backupCommands } from './commands/backup.ts';
import { batchCommands } from './commands/batch.ts';
import { boundaryCommand } from './commands/boundary.ts';
import { boxCommands } from './commands/box.ts';
import { noticeCommands } from './commands/break-glass.ts';
import { bundleCommands } from './commands/bundle.ts';
import { certificateCommands } from './commands/certificate.ts';
import { chunkCommands } from './commands/chunk.ts';
import { deadLetterCommands } from './commands/dead-letters.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evidenceCommands } from './commands/evidence.ts';
import { inboxCommands } from './commands/inbox.ts';
import { ingestCommands } from './commands/ingest.ts';
import { installCommand } from './commands/install.ts';
import { keyCommands } from './commands/keys.ts';
import { manifestCommands } from './commands/manifest.ts';
import { modelCommands } from './commands/model.ts';
import { planCommands } from './commands/plan.ts';
import { preflightCommand } from './commands/preflight.ts';
import { quarantineCommands } from './commands/quarantine.ts';
import { receiptCommands } from './commands/receipt.ts';
import { reportCommands } from './commands/report.ts';
import { restoreCommand } from './commands/restore.ts';
import { reviewCommands } from './commands/review.ts';
import { sealCommands } from './commands/seal.ts';
import { searchCommands } from './commands/search.ts';
import { stageCommands } from './commands/stages.ts';
import { supportBundleCommand } from './commands/support-bundle.ts';
import { tenantCommands } from './commands/tenant.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { uploadCommands } from './commands/uploads.ts';
import { verifyCommand } from './commands/verify.ts';
import { addGlobalOptions } from './context.ts';
import { EXIT, exitCode, explain, explainAsJson } from './exit.ts';

/** The whole command line as one tree; help pages are made from it. */
export function createProgram(): Command {
  const program = addGlobalOptions(new Command('frostbyte'))
    .description('Frostbyte Appliance: document in, structure out, every step provable afterwards')
    .version(PIPELINE_VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed check, 2 usage, 3 unreachable; from 10 on: what is wrong with a bundle',
    );
  boxCommands(program);
  tenantCommands(program);
  keyCommands(program);
  sealCommands(program);
  certificateCommands(program);
  manifestCommands(program);
  ingestCommands(program);
  uploadCommands(program);
  reportCommands(program);
  inboxCommands(program);
  batchCommands(program);
  receiptCommands(program);
  searchCommands(program);
  chunkCommands(program);
  auditCommands(program);
  deadLetterCommands(program);
  reviewCommands(program);
  quarantineCommands(program);
  noticeCommands(program);
  stageCommands(program);
  bundleCommands(program);
  preflightCommand(program);
  installCommand(program);
  planCommands(program);
  verifyCommand(program);
  boundaryCommand(program);
  backupCommands(program);
  restoreCommand(program);
  evidenceCommands(program);
  uninstallCommand(program);
  doctorCommand(program);
  supportBundleCommand(program);
  modelCommands(program);
  return program;
}

/** Runs one command; the answer is the exit code (spec 4). */
export async function main(argv: readonly string[]): Promise<number> {
  if (!process.stdout.listeners('error').includes(seenEnough)) process.stdout.on('error', seenEnough);
  try {
    await createProgram().parseAsync(argv);
    return process.exitCode === undefined ? EXIT.ok : Number(process.exitCode);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`${argv.includes('--json') ? explainAsJson(error) : explain(error)}\n`);
    return exitCode(error);
  }
}

/** A reader that has seen enough (`| head`) is no error. */
function seenEnough(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
}
