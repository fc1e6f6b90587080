import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { PostgresConnection, Statements, Turn } from '../../postgres/connection.ts';
import { oweScrub } from '../../postgres/scrub.ts';
import { ownRow } from '../rules/own-row.ts';
import { appendEntries } from './events.ts';

/** What every part of the adapter works on. */
export interface RecordContext {
  readonly db: PostgresConnection;
  readonly tenantId: string;
  readonly clock: Clock;
}

/** Whose turn it is to write to the records of a database. */
export const TURN: Turn = [0x4642, 1];

/** One write transaction that has the store's turn. */
export interface Change extends Statements {
  readonly tenantId: string;
  readonly clock: Clock;
  /** Has entries appended at its end, in the order in which they are told. Throws for another tenant's. */
  tell(entries: readonly AuditEntry[]): void;
  /** Notes that it deletes from a table what must not stay in its file. */
  owe(...tables: string[]): void;
}

/** Runs a change. All of it is there on return, or it throws and nothing is. */
export function inTurn<Result>(context: RecordContext, work: (change: Change) => Promise<Result>): Promise<Result> {
  return context.db.write(TURN, (tx) => changing(context, tx, work));
}

/** A change inside a transaction that has the turn already. */
export async function changing<Result>(
  { tenantId, clock }: RecordContext,
  tx: Statements,
  work: (change: Change) => Promise<Result>,
): Promise<Result> {
  const told: AuditEntry[] = [];
  const owed: string[] = [];
  const change: Change = {
    ...tx,
    tenantId,
    clock,
    tell: (entries) => {
      for (const { event } of entries) ownRow({ tenantId }, event.tenant_id);
      told.push(...entries);
    },
    owe: (...tables) => owed.push(...tables),
  };
  const result = await work(change);
  await appendEntries(tx, told);
  await oweScrub(tx, owed);
  return result;
}
