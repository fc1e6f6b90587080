import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { secondOf } from '../../kernel/second-of.ts';
import type { Actor, Plan } from './events.ts';
import { createJournal, JOURNAL, type Journal, openJournal, readJournal } from './journal.ts';
import type { Operation } from './phase.ts';
import { type OperationState, stateOf } from './state.ts';

/** The operations that were ever begun on a host: a folder each, its name says when and what. */

const NAME = /^[0-9]{8}T[0-9]{6}Z-[a-z-]{1,40}(?:-\d{1,4})?$/;

/** All of them, the newest last. Reads every journal. Throws `STORE_CORRUPTED`. */
export function allOperations(folder: string): OperationState[] {
  return names(folder).map((name) => stateOf(readJournal(join(folder, name))));
}

/** The one that is neither done nor rolled back, if any; there is one at most. */
export function unfinishedOperation(folder: string): OperationState | null {
  return allOperations(folder).find(({ result }) => result === null) ?? null;
}

/** What a new run is asked for. */
export interface Wanted {
  folder: string;
  operation: Operation;
  version: string;
  by: Actor;
  now(): Date;
}

/**
 * The journal of an operation: of the one that was left unfinished, if that is the same (then it is gone on with), else a new
 * one. The caller holds the host's lock. Throws `OPERATION_UNFINISHED` where another one was left, and as `resumeJournal`.
 */
export function beginOrResume(wanted: Wanted): Journal {
  const { folder, operation, version, by, now } = wanted;
  const left = unfinishedOperation(folder);
  if (left !== null) {
    if (!isSame(left.plan, operation)) throw unfinished(left);
    return resumeJournal(wanted, left);
  }
  const { kind, title, parameters, on_failure, phases } = operation;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const id = freeName(folder, kind, now());
  const plan: Plan = {
    event: 'planned',
    operation: id,
    kind,
    title,
    parameters,
    version,
    on_failure,
    phases: phases.map(({ name, title: called, seconds, undo }) => ({
      name,
      title: called,
      seconds,
      reversible: undo !== null,
    })),
    by,
  };
  return createJournal(join(folder, id), plan, now);
}

/**
 * Opens the journal of an operation that was left. Throws `OPERATION_UNFINISHED` where the program's phases are not those of
 * the plan: another release made it, and that one's program must go on.
 */
export function resumeJournal({ folder, operation, version, by, now }: Wanted, { plan }: OperationState): Journal {
  const [planned, known] = [plan.phases, operation.phases].map((phases) => phases.map(({ name }) => name).join(' '));
  if (planned !== known) {
    throw new FrostbyteError(
      'OPERATION_UNFINISHED',
      `${plan.title} was planned by release ${plan.version}, in other phases than release ${version} knows. Go on, or back, with the program of ${plan.version}: frostbyte plan resume, frostbyte plan rollback.`,
      { details: [{ field: 'operation', value: plan.operation, constraint: `by release ${plan.version}` }] },
    );
  }
  const journal = openJournal(join(folder, plan.operation), now);
  journal.append({ event: 'resumed', by, version });
  return journal;
}

function isSame(plan: Plan, { kind, parameters }: Operation): boolean {
  return plan.kind === kind && canonicalJson(plan.parameters) === canonicalJson(parameters);
}

function unfinished({ plan }: OperationState): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_UNFINISHED',
    `${plan.title} is neither done nor rolled back. First: frostbyte plan resume, or frostbyte plan rollback.`,
    { details: [{ field: 'operation', value: plan.operation, constraint: 'finished or rolled back' }] },
  );
}

function names(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name) && existsSync(join(folder, name, JOURNAL)))
    .sort(inOrder);
}

/** By when, and those of one second by their number. */
function inOrder(a: string, b: string): number {
  const [when, other] = [a.slice(0, 16), b.slice(0, 16)];
  if (when !== other) return when < other ? -1 : 1;
  return numberOf(a) - numberOf(b) || (a < b ? -1 : 1);
}

const numberOf = (name: string): number => Number(/-(\d{1,4})$/.exec(name)?.[1] ?? 1);

function freeName(folder: string, kind: string, now: Date): string {
  const base = `${secondOf(now)}-${kind}`;
  if (!existsSync(join(folder, base))) return base;
  for (let number = 2; ; number++) {
    if (!existsSync(join(folder, `${base}-${number}`))) return `${base}-${number}`;
  }
}
