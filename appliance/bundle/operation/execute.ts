import { mkdirSync } from 'node:fs';
import { addEvidence, readEvidence } from '../evidence/log.ts';
import type { BundleIdentity, Happening } from '../evidence/record.ts';
import type { HostLayout } from '../host-layout.ts';
import type { Actor } from './events.ts';
import { lockHost } from './host-lock.ts';
import type { Journal } from './journal.ts';
import { beginOrResume, resumeJournal, type Wanted } from './operations.ts';
import type { Operation } from './phase.ts';
import type { ProgressEvent } from './progress.ts';
import { roomOn } from './room.ts';
import { type Outcome, rollBack, runOperation } from './run.ts';
import type { OperationState } from './state.ts';

/** What an operation on this host is run with. */
export interface HostRun {
  layout: HostLayout;
  operation: Operation;
  /** The release of this program. */
  version: string;
  /** The command that runs it, for whoever comes second. */
  command: string;
  by: Actor;
  host: string;
  bundle: BundleIdentity | null;
  signal: AbortSignal;
  listen(event: ProgressEvent): void;
  now?(): Date;
}

export type HostOutcome = Outcome & { operation: string };

/**
 * Runs an operation on this host: alone, with its journal, and into the evidence. One that was left and is the same is gone on
 * with. Throws `OPERATION_RUNNING` where another process works here, and as `beginOrResume`.
 */
export function executeOperation(run: HostRun): Promise<HostOutcome> {
  return alone(run, beginOrResume, runOperation);
}

/** Goes on with an operation that was left, whichever way it was going. */
export function resumeOperation(run: HostRun, left: OperationState): Promise<HostOutcome> {
  return alone(run, (wanted) => resumeJournal(wanted, left), runOperation);
}

/** Takes an operation that was left back to where it began. */
export function rollBackOperation(run: HostRun, left: OperationState, because: string): Promise<HostOutcome> {
  return alone(
    run,
    (wanted) => resumeJournal(wanted, left),
    (options) => rollBack({ ...options, because }),
  );
}

async function alone(run: HostRun, open: (wanted: Wanted) => Journal, work: typeof runOperation): Promise<HostOutcome> {
  const { layout, operation, version, command, by, signal, listen, now = () => new Date() } = run;
  mkdirSync(layout.operations, { recursive: true, mode: 0o700 });
  const lock = lockHost(layout.operations, { command, pid: process.pid, since: now().toISOString(), by });
  try {
    const journal = open({ folder: layout.operations, operation, version, by, now });
    try {
      const id = journal.state.plan.operation;
      const outcome = await work({
        operation,
        journal,
        by,
        signal,
        room: roomOn(layout),
        listen,
        elapsed: () => performance.now() / 1000,
        ending: (result) => attest(run, id, result === 'done' ? 'ok' : 'rolled-back', journal.state.failure, now),
      });
      if (outcome.state === 'waiting') attest(run, id, 'failed', outcome.failure, now);
      if (outcome.state === 'stopped') attest(run, id, 'stopped', null, now);
      return { ...outcome, operation: id };
    } finally {
      journal.close();
    }
  } finally {
    lock.release();
  }
}

/** Adds what became of an operation. Its end is added once, although a kill may have come behind it. */
function attest(
  { layout, operation: { kind, title }, version, by, host, bundle }: HostRun,
  operation: string,
  result: Happening['result'],
  failure: Outcome['failure'],
  now: () => Date,
): void {
  const isEnd = result === 'ok' || result === 'rolled-back';
  const isThere = readEvidence(layout.evidence).records.some(
    ({ detail, result: known }) => detail.operation === operation && known === result,
  );
  if (isEnd && isThere) return;
  const detail = { operation, title, program: version, ...(failure === null ? {} : { failure: { ...failure } }) };
  addEvidence(layout.evidence, { by, host, action: kind as Happening['action'], bundle, result, detail }, now);
}
