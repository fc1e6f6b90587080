import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { lockDataFolder } from '../../bin/data-folder-lock.ts';
import type { RestoreParameters } from '../../bin/wire/restore/restore-operation.ts';
import type { RestoreReport } from '../../bin/wire/restore/restore-report.ts';
import type { RestoredStores } from '../../bin/wire/restore/restored-stores.ts';
import { keysFolder } from '../../bundle/backup/check-file.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { executeOperation, type HostOutcome, type HostRun, rollBackOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import type { Config } from '../../config/schema.ts';
import { parseLedger } from '../../control/restore/take-ledger.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import { output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { showProgress } from '../operation-progress.ts';
import { table } from '../output.ts';
import { configOf } from './box.ts';
import { identityText } from './identity-text.ts';
import { type ProgressFlag, showing } from './plan.ts';

type RestoreFlags = ProgressFlag & {
  identity?: string;
  keys?: string;
  ledger?: string;
  without: string[];
  undo?: true;
};

/** `frostbyte restore`: a backup into an empty data folder. */
export function restoreCommand(program: Command): void {
  showing(program.command('restore <file>'))
    .description(
      'Restore a backup onto a box without tenants, or into an empty data folder, with the identity of the recovery recipient',
    )
    .option('--identity <file>', 'identity file of the recovery recipient (- reads standard input)')
    .option('--keys <folder>', 'where the tenants’ keys lie (else FILE.keys)')
    .option('--ledger <file>', 'the newest ledger that was carried out of the box: what was erased or stopped since')
    .option(
      '--without <tenant_id>',
      'leave a tenant out whose keys were destroyed: it is deleted (may be repeated)',
      (tenantId: string, all: string[]) => [...all, tenantId],
      [],
    )
    .option('--undo', 'go back: take a restore away that was not finished')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte restore /mnt/backup/monday.tar --identity recovery.key --ledger ledger.jsonl --data /var/lib/frostbyte',
    )
    .action(async (file: string, flags: RestoreFlags, command: Command) => {
      const config = configOf(command);
      const { unsealedRoot } = await import('../../bin/wire/unseal.ts');
      const { stagingFolder } = await import('../../bin/wire/restore/restore-places.ts');
      const { RESTORE, restoreOperation } = await import('../../bin/wire/restore/restore-operation.ts');
      const { withRestoredStores } = await import('../../bin/wire/restore/with-restored-stores.ts');
      const { keptReport } = await import('../../bin/wire/restore/restore-report.ts');
      const layout = layoutOf(config);
      const lock = lockDataFolder(controlPaths(config.data_folder).lock);
      const say = (why: string) => void process.stderr.write(`${why}\n`);
      const restore = async (into: RestoredStores): Promise<void> => {
        const left = unfinishedOperation(layout.operations);
        const ledger = flags.ledger === undefined ? null : textOf(flags.ledger);
        const parameters: RestoreParameters = {
          file: resolve(file),
          keys: resolve(flags.keys ?? keysFolder(file)),
          data_folder: config.data_folder,
          ledger_sha256: ledger === null ? null : sha256Hex(ledger),
          without: flags.without.toSorted(),
        };
        if (flags.undo) {
          if (left === null || left.plan.kind !== RESTORE) throw nothingLeft();
          const before = left.plan.parameters as unknown as RestoreParameters;
          const run = runOf(layout, restoreOperation(before, null, into), flags);
          return tell(await rollBackOperation(run, left, 'the operator wanted it'), null, command);
        }
        if (flags.identity === undefined)
          throw new FrostbyteError(
            'VALIDATION_ERROR',
            'A backup is restored with the recovery identity: --identity FILE.',
          );
        const done = doneBefore(layout, parameters, RESTORE);
        const report = done === null ? null : keptReport(config.data_folder);
        if (done !== null && report !== null) {
          const nothing = { state: 'done', changed: 0, failure: null, operation: done } as const;
          return tell(nothing, report, command);
        }
        // Behind the last phase a killed run has everything in its place, and only its end is missing.
        if (left === null && !existsSync(stagingFolder(config.data_folder))) await into.refuseUsed();
        const job = {
          openers: { identity: identityText(flags.identity) },
          ledger: ledger === null ? null : parseLedger(ledger),
          actor: 'operator',
          unsealed: unsealedRoot(config),
        };
        const outcome = await executeOperation(runOf(layout, restoreOperation(parameters, job, into), flags));
        tell(outcome, outcome.state === 'done' ? keptReport(config.data_folder) : null, command);
      };
      try {
        await withRestoredStores(config, say, restore);
      } finally {
        lock.release();
      }
    });
}

/** The operation that did the very same here, where it was the last one and came to its end: there is nothing left to do. */
function doneBefore({ operations }: HostLayout, parameters: RestoreParameters, kind: string): string | null {
  const last = allOperations(operations).at(-1);
  const isSame = last?.plan.kind === kind && canonicalJson(last.plan.parameters) === canonicalJson(parameters);
  return isSame && last.result === 'done' ? last.plan.operation : null;
}

/** A data folder may lie anywhere: its operations and its evidence are in it, as on an installed host. */
function layoutOf({ data_folder: data }: Config): HostLayout {
  return { ...hostLayout(), data, operations: join(data, 'operations'), evidence: join(data, 'evidence') };
}

function runOf(layout: HostLayout, operation: HostRun['operation'], { progress }: ProgressFlag): HostRun {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return {
    layout,
    operation,
    version: PIPELINE_VERSION,
    command: 'frostbyte restore',
    by: whoRuns(),
    host: hostname(),
    bundle: null,
    signal: stop.signal,
    listen: showProgress(progress ?? (process.stderr.isTTY ? 'bar' : 'lines'), process.stderr),
  };
}

function tell(outcome: HostOutcome, report: RestoreReport | null, command: Command): void {
  const { state, failure, operation } = outcome;
  output(command).answer({ ...outcome, report }, () => {
    if (report !== null) return inWords(report, outcome.changed === 0);
    const why = failure === null ? '' : `${failure.code}: ${failure.message}\n`;
    if (state === 'rolled-back') return `${why}Nothing was restored; the data folder is as it was before.`;
    return `${why}The restore is not finished. Run the same command again: it goes on. With --undo it goes back.`;
  });
  if (state === 'waiting' || state === 'stopped') throw new CheckFailed(`OPERATION_UNFINISHED: ${operation}`);
  if (failure !== null) throw new CheckFailed(`${failure.code}: nothing was restored.`);
}

function inWords(report: RestoreReport, before: boolean): string {
  const { tenants, ledger } = report;
  return [
    before
      ? `This was restored ${report.restored_at}, and nothing was changed now: the backup ${report.backup_id}, made ${report.made_at}.`
      : `Restored the backup ${report.backup_id}, made ${report.made_at}.`,
    table([
      ['TENANT', 'STATE', 'DOCUMENTS', 'FILES', 'CHAINS', 'FOUND', 'UNFINISHED', 'ERASED AGAIN'],
      ...tenants.map((tenant) => [
        tenant.tenant_id,
        tenant.state,
        ...[tenant.documents, tenant.files, tenant.chains, tenant.found, tenant.unfinished, tenant.erased_again].map(
          String,
        ),
      ]),
    ]),
    ...(report.deleted.length === 0
      ? []
      : [`Deleted since, and deleted again at the next start: ${report.deleted.join(', ')}.`]),
    ...(report.not_restored.length === 0 ? [] : [`Not restored: ${report.not_restored.join(', ')}.`]),
    ledger.given
      ? `The ledger added ${ledger.added} lines; ${report.holds_set} holds were set and ${report.holds_lifted} lifted.`
      : 'No ledger was given.',
    `What was erased, held, suspended, deleted or revoked behind ${report.unknown_since} is not known here.`,
    'Every token is dead. Start the appliance, issue a token for an administrator (frostbyte token issue --role admin),',
    'and confirm each tenant: frostbyte tenant resume TENANT --because "restored and looked at"',
  ].join('\n');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `The ledger ${file} cannot be read.`, { cause });
  }
}

function nothingLeft(): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'No restore was left unfinished here: there is nothing to go back from.',
  );
}
