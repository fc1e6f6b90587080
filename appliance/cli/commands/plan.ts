import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { operationOf } from '../../bin/host-operations.ts';
import { hostLayout } from '../../bundle/host-layout.ts';
import { type HostOutcome, type HostRun, resumeOperation, rollBackOperation } from '../../bundle/operation/execute.ts';
import { holderOf } from '../../bundle/operation/host-lock.ts';
import { LOG } from '../../bundle/operation/journal.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import { actorInWords } from '../../bundle/operation/readable-log.ts';
import { noWayBack, type OperationState } from '../../bundle/operation/state.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import { UNINSTALL, uninstallParameters } from '../../bundle/uninstall/uninstall.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { type ProgressKind, showProgress } from '../operation-progress.ts';
import { table } from '../output.ts';
import { stoppable } from '../stoppable.ts';
import { finishLeaving } from './finish-leaving.ts';
import { handOver } from './hand-over.ts';
import { handedToRelease } from './hand-to-release.ts';
import { onHost, type RootFlag } from './host-flags.ts';

/** What commands that run an operation are told beside. */
export interface ProgressFlag {
  progress?: ProgressKind;
}

/** Adds it to a command. */
export function showing(command: Command): Command {
  return command.addOption(
    new Option('--progress <kind>', 'how progress is shown on standard error (else: as the terminal can)').choices([
      'bar',
      'lines',
      'json',
      'none',
    ]),
  );
}

/** `frostbyte plan …`: the operation that was left, and those before it. */
export function planCommands(program: Command): void {
  const plan = program
    .command('plan')
    .description(
      'Operations on this host (install, upgrade, …): look at them, go on with the one that was left, or back',
    );

  onHost(plan.command('show [operation]'))
    .description('Show the phases of the operation that was left, else of the last one')
    .option('--all', 'list all operations that there ever were')
    .option('--log', 'show what was done, with times')
    .addHelpText('after', '\nExample:\n  frostbyte plan show\n  frostbyte plan show --log')
    .action((id: string | undefined, { root, all, log }: RootFlag & ShowFlags, command: Command) => {
      const { operations: folder } = hostLayout(root);
      const operations = allOperations(folder);
      const said = output(command);
      if (all) return said.answer(operations.map(asJson), () => listOf(operations));
      const state =
        id === undefined
          ? (operations.find(({ result }) => result === null) ?? operations.at(-1))
          : operations.find((each) => each.plan.operation === id);
      if (state === undefined) {
        if (id !== undefined) throw unknown(id);
        return said.answer(null, () => 'There was no operation on this host yet.');
      }
      said.answer(asJson(state), () =>
        log ? readFileSync(join(folder, state.plan.operation, LOG), 'utf8').trimEnd() : shown(state, folder),
      );
    });

  showing(onHost(plan.command('resume')))
    .description('Go on with the operation that was left, in the way in which it was going')
    .addHelpText('after', '\nExample:\n  frostbyte plan resume')
    .action(async (flags: RootFlag & ProgressFlag, command: Command) => {
      const left = leftOn(flags);
      if (handedToRelease(left, hostLayout(flags.root))) return;
      const outcome = await running(flags, left, command, (run) => resumeOperation(run, left));
      tell(outcome, left, command);
      const layout = hostLayout(flags.root);
      await handOver({ kind: left.plan.kind, outcome }, layout, command);
      if (left.plan.kind === UNINSTALL && outcome.state === 'done')
        finishLeaving(uninstallParameters(left.plan.parameters), layout, command);
    });

  showing(onHost(plan.command('rollback')))
    .description('Take the operation that was left back: the host becomes as it was before')
    .option('--because <text>', 'why; goes into the evidence', 'the operator wanted it')
    .addHelpText('after', '\nExample:\n  frostbyte plan rollback --because "the window is over"')
    .action(async (flags: RootFlag & ProgressFlag & { because: string }, command: Command) => {
      const left = leftOn(flags);
      if (handedToRelease(left, hostLayout(flags.root))) return;
      tell(await running(flags, left, command, (run) => rollBackOperation(run, left, flags.because)), left, command);
    });
}

interface ShowFlags {
  all?: true;
  log?: true;
}

/** Runs an operation that an operator can stop, and shows it. */
export async function running<T>(
  { root, progress }: RootFlag & ProgressFlag,
  what: OperationState | HostRun['operation'],
  command: Command,
  work: (run: HostRun) => Promise<T>,
  bundle: HostRun['bundle'] = null,
): Promise<T> {
  const layout = hostLayout(root);
  return stoppable((signal) =>
    work({
      layout,
      operation: 'plan' in what ? operationOf(what.plan.kind, what.plan.parameters, layout) : what,
      version: PIPELINE_VERSION,
      command: `frostbyte ${pathOf(command)}`,
      by: whoRuns(),
      host: hostname(),
      bundle,
      signal,
      listen: showProgress(progress ?? (process.stderr.isTTY ? 'bar' : 'lines'), process.stderr),
    }),
  );
}

/** Answers how an operation ended. Throws `CheckFailed` where it is not over as it was asked to be. */
export function tell(outcome: HostOutcome, { plan: { title } }: { plan: { title: string } }, command: Command): void {
  const { state, changed, failure, operation } = outcome;
  const ways =
    'frostbyte plan resume goes on, frostbyte plan rollback goes back; frostbyte plan show --log says what was done.';
  output(command).answer(outcome, () => {
    if (state === 'done')
      return changed === 0 ? `${title}: all was so already, nothing was changed.` : `${title}: done.`;
    const why = failure === null ? '' : `${failure.code}: ${failure.message}\n`;
    if (state === 'rolled-back') return `${why}${title}: rolled back, the host is as it was before.`;
    return `${why}${title}: ${state === 'stopped' ? 'stopped' : 'it waits'}. ${ways}`;
  });
  if (state === 'waiting' || state === 'stopped') throw new CheckFailed(`OPERATION_UNFINISHED: ${operation}`);
  if (failure !== null) throw new CheckFailed(`OPERATION_FAILED: ${operation} was rolled back.`);
}

function leftOn({ root }: RootFlag): OperationState {
  const left = unfinishedOperation(hostLayout(root).operations);
  if (left !== null) return left;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'No operation was left: there is nothing to go on with, or back.',
  );
}

function unknown(id: string): FrostbyteError {
  return new FrostbyteError(
    'RESOURCE_NOT_FOUND',
    `There was no operation ${id} on this host. frostbyte plan show --all lists them.`,
  );
}

const asJson = ({ plan: { event: _, ...plan }, phases, ...state }: OperationState) => ({
  ...plan,
  ...state,
  phases: plan.phases.map((phase) => ({ ...phase, state: phases.get(phase.name)!.state })),
});

function listOf(operations: readonly OperationState[]): string {
  return table([
    ['OPERATION', 'WHAT', 'BY', 'STATE'],
    ...operations.map((state) => [
      state.plan.operation,
      state.plan.title,
      actorInWords(state.plan.by),
      stateInWords(state),
    ]),
  ]);
}

function shown(state: OperationState, folder: string): string {
  const { plan, phases, failure } = state;
  const rows = plan.phases.map(({ name, title, reversible }, at) => [
    `${at + 1}`,
    title,
    phases.get(name)!.state,
    reversible ? '' : 'no way back behind it',
  ]);
  const holder = state.result === null ? holderOf(folder) : null;
  return [
    `${plan.title}: ${stateInWords(state)} (${plan.operation}, release ${plan.version}, by ${actorInWords(plan.by)})`,
    ...(failure === null ? [] : [`${failure.code}: ${failure.message}`]),
    '',
    table([['', 'PHASE', 'STATE', ''], ...rows]),
    ...(state.result === null
      ? ['', `Last worked on by process ${holder?.pid ?? '–'}. frostbyte plan resume goes on${back(state)}.`]
      : []),
  ].join('\n');
}

const back = (state: OperationState) =>
  noWayBack(state) === null && state.direction === 'forward' ? ', frostbyte plan rollback goes back' : '';

function stateInWords({ result, direction, failure }: OperationState): string {
  if (result !== null) return result === 'done' ? 'done' : 'rolled back';
  const way = direction === 'back' ? 'on its way back' : 'on its way';
  return failure === null ? `${way}, not finished` : `${way}, failed in ${failure.phase}`;
}

function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}
