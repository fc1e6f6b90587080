import { Command, CommanderError } from 'commander';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import { addGlobalOptions } from './context.ts';
import { EXIT, exitCode, explain, explainAsJson } from './exit.ts';

interface Commands {
  /** What a person types first. */
  words: readonly string[];
  load(): Promise<(program: Command) => unknown>;
}

/** In the order of the help page. Each is loaded when it is typed: most of a short command's time is loading the others. */
const COMMANDS: readonly Commands[] = [
  { words: ['serve', 'worker', 'config', 'token'], load: async () => (await import('./commands/box.ts')).boxCommands },
  { words: ['user'], load: async () => (await import('./commands/user.ts')).userCommands },
  { words: ['tenant'], load: async () => (await import('./commands/tenant.ts')).tenantCommands },
  { words: ['keys'], load: async () => (await import('./commands/keys.ts')).keyCommands },
  { words: ['seal', 'unseal'], load: async () => (await import('./commands/seal.ts')).sealCommands },
  { words: ['certificate'], load: async () => (await import('./commands/certificate.ts')).certificateCommands },
  { words: ['manifest'], load: async () => (await import('./commands/manifest.ts')).manifestCommands },
  { words: ['ingest'], load: async () => (await import('./commands/ingest.ts')).ingestCommands },
  { words: ['upload'], load: async () => (await import('./commands/uploads.ts')).uploadCommands },
  { words: ['report'], load: async () => (await import('./commands/report.ts')).reportCommands },
  { words: ['inbox'], load: async () => (await import('./commands/inbox.ts')).inboxCommands },
  { words: ['batch'], load: async () => (await import('./commands/batch.ts')).batchCommands },
  { words: ['receipt'], load: async () => (await import('./commands/receipt.ts')).receiptCommands },
  { words: ['search', 'document'], load: async () => (await import('./commands/search.ts')).searchCommands },
  { words: ['chunk'], load: async () => (await import('./commands/chunk.ts')).chunkCommands },
  { words: ['audit'], load: async () => (await import('./commands/audit.ts')).auditCommands },
  { words: ['dlq'], load: async () => (await import('./commands/dead-letters.ts')).deadLetterCommands },
  { words: ['review'], load: async () => (await import('./commands/review.ts')).reviewCommands },
  { words: ['quarantine'], load: async () => (await import('./commands/quarantine.ts')).quarantineCommands },
  { words: ['alerts'], load: async () => (await import('./commands/alerts.ts')).alertCommand },
  { words: ['notices'], load: async () => (await import('./commands/break-glass.ts')).noticeCommands },
  { words: ['parse', 'policy', 'eval'], load: async () => (await import('./commands/stages.ts')).stageCommands },
  { words: ['bundle'], load: async () => (await import('./commands/bundle.ts')).bundleCommands },
  { words: ['preflight'], load: async () => (await import('./commands/preflight.ts')).preflightCommand },
  { words: ['install'], load: async () => (await import('./commands/install.ts')).installCommand },
  { words: ['installer'], load: async () => (await import('./commands/installer.ts')).installerCommand },
  { words: ['update'], load: async () => (await import('./commands/update.ts')).updateCommand },
  { words: ['upgrade'], load: async () => (await import('./commands/upgrade.ts')).upgradeCommand },
  { words: ['rollback'], load: async () => (await import('./commands/rollback.ts')).rollbackCommand },
  { words: ['plan'], load: async () => (await import('./commands/plan.ts')).planCommands },
  { words: ['verify'], load: async () => (await import('./commands/verify.ts')).verifyCommand },
  { words: ['boundary'], load: async () => (await import('./commands/boundary.ts')).boundaryCommand },
  { words: ['backup'], load: async () => (await import('./commands/backup.ts')).backupCommands },
  { words: ['restore'], load: async () => (await import('./commands/restore.ts')).restoreCommand },
  { words: ['export'], load: async () => (await import('./commands/export.ts')).exportCommands },
  { words: ['evidence'], load: async () => (await import('./commands/evidence.ts')).evidenceCommands },
  { words: ['uninstall'], load: async () => (await import('./commands/uninstall.ts')).uninstallCommand },
  { words: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctorCommand },
  { words: ['support-bundle'], load: async () => (await import('./commands/support-bundle.ts')).supportBundleCommand },
  { words: ['model'], load: async () => (await import('./commands/model.ts')).modelCommands },
];

/**
 * The whole command line as one tree, from which help pages are made; where words are given, only as much of it as they
 * need.
 */
export async function createProgram(words: readonly string[] = []): Promise<Command> {
  const program = addGlobalOptions(new Command('frostbyte'))
    .description('Frostbyte Appliance: document in, structure out, every step provable afterwards')
    .version(PIPELINE_VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed check, 2 usage, 3 unreachable; from 10 on: what is wrong with a bundle',
    );
  const typed = commandIn(words, program);
  const meant = COMMANDS.find((one) => typed !== undefined && one.words.includes(typed));
  const adding = await Promise.all((meant ? [meant] : COMMANDS).map(({ load }) => load()));
  for (const add of adding) add(program);
  return program;
}

/** The first word that is neither an option nor an option's value. */
function commandIn(words: readonly string[], { options }: Command): string | undefined {
  const takingValues = options.filter(({ required }) => required).map(({ long }) => long);
  return words.find((word, at) => !word.startsWith('-') && !takingValues.includes(words[at - 1]));
}

/** Runs one command; the answer is the exit code (spec 4). */
export async function main(argv: readonly string[]): Promise<number> {
  if (!process.stdout.listeners('error').includes(seenEnough)) process.stdout.on('error', seenEnough);
  try {
    await (await createProgram(argv.slice(2))).parseAsync(argv);
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
