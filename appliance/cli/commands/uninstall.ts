import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { engineContents } from '../../bin/host/engine-contents.ts';
import { confirmationPhrase, type Losses, lossesOf } from '../../bin/host/losses.ts';
import { engineSocket } from '../../bin/host/running-tools.ts';
import { operationOf } from '../../bin/host-operations.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { dryRun, type Intended } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { broughtPackages, onceBroughtPackages } from '../../bundle/uninstall/brought.ts';
import { isLeaving } from '../../bundle/uninstall/leave.ts';
import { UNINSTALL, type UninstallParameters, uninstallParameters } from '../../bundle/uninstall/uninstall.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { askPerson, isAttended } from '../ask-person.ts';
import { output } from '../context.ts';
import { finishLeaving } from './finish-leaving.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';

type UninstallFlags = RootFlag &
  ProgressFlag & {
    withData?: true;
    confirm?: string;
    yes?: true;
    evidenceTo?: string;
    discardEvidence?: true;
    dryRun?: true;
  };

/** `frostbyte uninstall`: removes what was installed; asks twice before it touches data. */
export function uninstallCommand(program: Command): void {
  showing(onHost(program.command('uninstall')))
    .description('Remove what was installed here; documents, keys and volumes stay, unless --with-data')
    .option('--with-data', 'documents, keys, volumes, settings and records too; asks twice, and says what is lost')
    .option('--evidence-to <folder>', 'export the evidence there, first and once more at the end')
    .option('--discard-evidence', 'with --with-data: let the evidence go without an export')
    .option('--yes', 'without --with-data, where nobody sits at a terminal: do it')
    .option('--confirm <phrase>', 'with --with-data, where nobody sits at a terminal: what --dry-run prints')
    .option('--dry-run', 'print what would be done and lost, and do nothing')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte uninstall --dry-run\n  frostbyte uninstall --evidence-to /media/stick/evidence',
    )
    .action(async (flags: UninstallFlags, command: Command) => {
      refuseContradictions(flags);
      const layout = hostLayout(flags.root);
      const all = allOperations(layout.operations);
      const left = unfinishedOperation(layout.operations);
      const parameters = wantedBy(flags, layout, left, all);
      const operation = operationOf(UNINSTALL, { ...parameters }, layout);
      const intended = await dryRun(operation, left);
      const losses = lossesOf(layout);
      if (flags.dryRun) return answerDryRun({ flags, intended, losses, layout }, command);
      const isOver = left === null && intended.every(({ would }) => would === 'nothing');
      if (isOver && !isLeaving(layout)) {
        return output(command).answer({ state: 'done', changed: 0, operation: null }, () => 'Nothing of it is here.');
      }
      if (left === null && !(isOver && wasUninstalled(all))) await confirmed(flags, losses, layout);
      if (!isOver) {
        const outcome = await running(flags, operation, command, executeOperation);
        tell(outcome, { plan: operation }, command);
        if (outcome.state !== 'done') return;
      }
      finishLeaving(parameters, layout, command);
    });
}

/** What the journal asks for, where one was left or is over and not quite gone; else what is typed. */
function wantedBy(
  { withData, evidenceTo }: UninstallFlags,
  layout: HostLayout,
  left: OperationState | null,
  all: readonly OperationState[],
): UninstallParameters {
  const typed = { with_data: withData === true, evidence_to: evidenceTo === undefined ? null : resolve(evidenceTo) };
  const before = left ?? (wasUninstalled(all) && withData !== true ? all.at(-1)! : null);
  if (before?.plan.kind === UNINSTALL) {
    const given = uninstallParameters(before.plan.parameters);
    // Where it was asked for nothing else, it goes on as it was asked for then.
    const asksForMore =
      (withData === true && !given.with_data) || (evidenceTo && typed.evidence_to !== given.evidence_to);
    if (left !== null && asksForMore) return { ...given, ...typed };
    return given;
  }
  const engine = socketOf(layout);
  const contents = engineContents(engine);
  // Of an engine that is gone, what it kept is left: with the data it goes.
  const isLeft = withData === true && !contents.isThere();
  return {
    version: gatherInstallation(thisHost(), layout).version,
    ...typed,
    engine_packages: isLeft ? onceBroughtPackages(all) : broughtPackages(all),
    engine,
  };
}

const wasUninstalled = (all: readonly OperationState[]): boolean => {
  const last = all.at(-1);
  return last?.plan.kind === UNINSTALL && last.result === 'done';
};

/** Settings that cannot be read keep nobody from removing what they belong to. */
function socketOf(layout: HostLayout): string {
  try {
    return engineSocket(layout);
  } catch {
    return engineSocket({ ...layout, settings: '/nonexistent' });
  }
}

function refuseContradictions({
  withData,
  evidenceTo,
  discardEvidence,
  confirm,
  yes,
  dryRun: looks,
}: UninstallFlags): void {
  const problems: { field: string; constraint: string }[] = [];
  if (withData && !looks && (evidenceTo === undefined) === (discardEvidence === undefined))
    problems.push({
      field: 'evidence-to',
      constraint: 'with --with-data the evidence goes: name a folder of a medium, or say --discard-evidence',
    });
  if (!withData && discardEvidence) problems.push({ field: 'discard-evidence', constraint: 'only with --with-data' });
  if (!withData && confirm !== undefined) problems.push({ field: 'confirm', constraint: 'only with --with-data' });
  if (withData && yes) problems.push({ field: 'yes', constraint: 'never with --with-data: it needs --confirm' });
  if (problems.length > 0)
    throw new FrostbyteError('VALIDATION_ERROR', 'That does not go together.', { details: problems });
}

/** Throws `CONFIRMATION_MISMATCH` where nobody means it. */
async function confirmed(flags: UninstallFlags, losses: Losses, layout: HostLayout): Promise<void> {
  const host = hostname();
  if (flags.withData) {
    if (evidenceWouldGo(flags, layout)) throw unconfirmed('the evidence would be exported to a folder that goes too');
    const phrase = confirmationPhrase(host, losses);
    if (flags.confirm !== undefined) {
      if (flags.confirm !== phrase) throw unconfirmed('--confirm is not what --dry-run prints now');
      return;
    }
    if (!isAttended()) throw unconfirmed('nobody sits at a terminal: give --confirm with what --dry-run prints');
    process.stderr.write(`${lossesInWords(losses).join('\n')}\nNone of it comes back.\n\n`);
    if ((await askPerson(`Type the name of this host (${host}) to go on: `)) !== host)
      throw unconfirmed('another name');
    if ((await askPerson(`Once more, type ${phrase}: `)) !== phrase) throw unconfirmed('another phrase');
    return;
  }
  if (flags.yes) return;
  if (!isAttended()) throw unconfirmed('nobody sits at a terminal: give --yes');
  const typed = await askPerson(`Frostbyte is removed from ${host}; documents and keys stay. Type the host’s name: `);
  if (typed !== host) throw unconfirmed('another name');
}

const evidenceWouldGo = ({ evidenceTo }: UninstallFlags, { data, settings, programs }: HostLayout): boolean =>
  evidenceTo !== undefined &&
  [data, settings, programs].some((folder) => `${resolve(evidenceTo)}/`.startsWith(`${folder}/`));

function unconfirmed(constraint: string): FrostbyteError {
  return new FrostbyteError('CONFIRMATION_MISMATCH', 'Nothing was removed.', {
    details: [{ field: 'confirm', constraint }],
  });
}

interface DryRun {
  flags: UninstallFlags;
  intended: Intended[];
  losses: Losses;
  layout: HostLayout;
}

function answerDryRun({ flags, intended, losses, layout }: DryRun, command: Command): void {
  const confirm = flags.withData ? confirmationPhrase(hostname(), losses) : null;
  output(command).answer({ phases: intended, lost: flags.withData ? losses : null, confirm }, () =>
    [
      intendedTable(intended),
      '',
      ...(flags.withData
        ? [...lossesInWords(losses), `What confirms it where nobody sits at a terminal: --confirm ${confirm}`]
        : [`Documents, keys and records stay in ${layout.data}, the stores’ volumes in the engine.`]),
    ].join('\n'),
  );
}

function lossesInWords({ tenants, keys, root_key, bytes }: Losses): string[] {
  const list = (names: readonly string[]) =>
    names.length === 0 ? 'none' : `${names.length} (${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''})`;
  return [
    'This is lost:',
    `  tenants with all their documents: ${tenants === null ? 'not known, the registry cannot be read' : list(tenants)}`,
    `  keys of tenants: ${list(keys)}`,
    `  the root key: ${root_key ? 'yes; without it no backup of this box opens but by the recovery identity' : 'there is none'}`,
    `  ${(bytes / 1e6).toFixed(1)} MB of files, and the volumes of the stores`,
  ];
}
