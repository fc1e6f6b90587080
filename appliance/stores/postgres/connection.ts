import { setTimeout as wait } from 'node:timers/promises';
import { Pool, type PoolClient, type QueryResult } from 'pg';
import { Circuit } from '../../kernel/circuit.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { type CopiedRow, copyRows } from './copy.ts';
import { isFull, isLost, isQueued, isRolledBack, isSilent, isTaken, ServerHangs, storeError } from './errors.ts';
import { hangWatch } from './hang-watch.ts';
import { type PostgresOptions, poolConfig } from './options.ts';
import { type Parameters, prepare, valuesOf } from './parameters.ts';

/** Times that a statement or transaction is made anew after a lost connection or a deadlock. */
const TRIES = 4;
const FIRST_WAIT_MS = 50;
/** How long a server that has no place left is asked again: as long as a caller waits for a connection of the pool. */
const FULL_MS = 5_000;
/** As `query_timeout` of a statement that may take as long as it takes, in milliseconds. */
export const FOR_EVER = 2 ** 31 - 1;
/** How long the fate of a commit whose answer was lost is asked for. */
const FATE_MS = 5_000;

/** What runs statements: the store as a whole, or one transaction. */
export interface Statements {
  /** The first row, or undefined. */
  get<Row>(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  all<Row>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Returns the number of rows changed. */
  run(sql: string, parameters?: Parameters): Promise<number>;
}

/** A transaction that may take the store's turn later than at its beginning. */
export interface Transaction extends Statements {
  /**
   * Waits until no other transaction has the turn, and keeps it to the end. Statements behind it see all that earlier
   * turns have committed. Never while it holds a lock that whoever has the turn could want.
   */
  takeTurn(): Promise<void>;
  /**
   * Writes many rows into columns of a table by one COPY. False where a row with one of their keys is there already: then
   * none of them is written, and the transaction goes on. `rows` is walked through once, as the server takes them.
   */
  copy(table: string, columns: readonly string[], rows: Iterable<CopiedRow>): Promise<boolean>;
}

/** What serialises writers: two numbers of an advisory lock of the database. */
export type Turn = readonly [kind: number, key: number];

/**
 * A pool of connections to one database, the way every store in it is used. A statement outside of a transaction stands
 * for itself and may be repeated, so it only reads. All methods throw `FrostbyteError` (`storeError`).
 */
export interface PostgresConnection extends Statements {
  /** One read transaction: every statement in it sees the same state. */
  read<Result>(work: (tx: Statements) => Promise<Result>): Promise<Result>;
  /**
   * One write transaction, durable on return; a throw rolls all of it back. It has the store's turn from its beginning:
   * writers follow each other, as with one file. `work` may run more than once, of which one counts.
   */
  write<Result>(turn: Turn, work: (tx: Statements) => Promise<Result>): Promise<Result>;
  /** As `write`, but the work takes the turn itself, behind what is heavy and in nobody's way. */
  writeLate<Result>(turn: Turn, work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * A write without the turn, which a crash of the server may undo: for what is made again anyway, appends no event and
   * moves no total. It locks the rows it changes.
   */
  jot<Result>(work: (tx: Statements) => Promise<Result>): Promise<Result>;
  /** A connection of its own, outside of any transaction: for VACUUM and migrations. Answers the server's notices too. */
  alone<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Opens a pool; nothing is connected yet. */
export function openPostgres(options: PostgresOptions): PostgresConnection {
  const pool = new Pool(poolConfig(options));
  // A connection that breaks while nobody uses it is no news: the next caller gets another. While it is used, the
  // statement under way reports it. Without a listener it would end the process, at any moment of a connection's life.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const circuit = new Circuit({ name: 'database', counts: isLost });
  const hangs = hangWatch({ host: options.host, port: options.port, ...options.hang });
  /** A server that hangs costs every caller some seconds: two are enough to know. */
  const silence = new Circuit({ name: 'database', counts: isUnanswered, failures: 2 });
  let isClosed = false;

  const connect = async (): Promise<PoolClient> => {
    if (isClosed) throw new FrostbyteError('STORE_UNAVAILABLE', 'The store is closed.');
    return circuit.run(placed);
  };
  /** Where the server has no place for one more, one of the pool that becomes free is as good. */
  const placed = async (): Promise<PoolClient> => {
    const deadline = performance.now() + FULL_MS;
    for (let tries = 1; ; tries++) {
      try {
        return await pool.connect();
      } catch (error) {
        // All of the pool may be waiting for a server that hangs; then it is of no use to wait for one of them again.
        if (isQueued(error) && !(await hangs.answers())) throw new ServerHangs();
        if (!isFull(error) || isClosed || performance.now() > deadline) throw error;
        await wait(FIRST_WAIT_MS * Math.min(tries, 4) * (0.5 + Math.random()));
      }
    }
  };

  /** Lends a connection. One that is lost, or whose state nobody knows, is not given back. */
  const lend = async <Result>(
    work: (client: PoolClient) => Promise<Result>,
    { anyway = false } = {},
  ): Promise<Result> => {
    const lent = async (): Promise<Result> => {
      const client = await connect();
      let broken = true;
      try {
        const result = await hangs.during(client, () => work(client));
        broken = false;
        return result;
      } catch (error) {
        broken = error instanceof Unfinished || error instanceof FateUnknown || isLost(error);
        throw error instanceof Unfinished ? error.cause : error;
      } finally {
        client.release(broken);
      }
    };
    return silence.run(lent, { anyway });
  };

  const once = <Result>(begin: string, work: (tx: Transaction, commit: Commit) => Promise<Result>, turn?: Turn) =>
    lend(async (client) => {
      const commit: Commit = { asked: false, fate: null };
      try {
        await client.query(begin);
        const result = await work(transaction(client, commit, turn), commit);
        commit.asked = true;
        await client.query('COMMIT');
        return result;
      } catch (error) {
        if (commit.asked && isLost(error) && commit.fate !== null) throw new FateUnknown(commit.fate, error);
        if (!isLost(error)) await rollBack(client, error);
        throw error;
      }
    });

  /** Runs a transaction until it stands or cannot. What a lost answer left open is asked of the server. */
  const anew = async <Result>(attempt: () => Promise<Result>, result: () => Result): Promise<Result> => {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        let cause = error;
        if (error instanceof FateUnknown) {
          if ((await fateOf(error)) === 'committed') return result();
          cause = error.cause;
        }
        // Who waited so long for nothing does not wait so long again.
        if (tries >= TRIES || isSilent(cause) || !(isLost(cause) || isRolledBack(cause))) throw storeError(cause);
        await wait(FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random()));
      }
    }
  };

  /**
   * What became of a transaction. Throws `STORE_UNAVAILABLE` where the server does not say in time, and where it crashed
   * since: it gives the id of a transaction that it lost to another one, whose fate says nothing of ours.
   */
  const fateOf = async ({ asked, cause }: FateUnknown): Promise<'committed' | 'aborted'> => {
    const deadline = performance.now() + FATE_MS;
    for (let tries = 1; performance.now() < deadline; tries++) {
      try {
        const question = { text: FATE, values: [asked.id], query_timeout: FATE_MS };
        const { rows } = await lend((client) => client.query(question), { anyway: true });
        const { fate, life } = rows[0] as { fate: string | null; life: string };
        if (fate === 'aborted' || (fate === 'committed' && life === asked.life)) return fate;
        if (fate === 'committed') break;
      } catch (error) {
        if (!isLost(error)) break;
      }
      await wait(FIRST_WAIT_MS * tries * (0.5 + Math.random()));
    }
    throw storeError(cause);
  };

  const transact = <Result>(
    begin: string,
    turn: Turn | undefined,
    work: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> => {
    let last: { result: Result };
    return anew(
      () =>
        once(
          begin,
          async (tx) => {
            last = { result: await work(tx) };
            return last.result;
          },
          turn,
        ),
      () => last.result,
    );
  };

  const single = <Result>(sql: string, parameters: Parameters, pick: (result: QueryResult) => Result) =>
    anew(
      () => lend(async (client) => pick(await ask(client, sql, parameters))),
      () => {
        throw new Error('A single statement has no commit of its own.');
      },
    );

  return {
    get: (sql, parameters = []) => single(sql, parameters, ({ rows }) => rows[0]),
    all: (sql, parameters = []) => single(sql, parameters, ({ rows }) => rows),
    run: (sql, parameters = []) => single(sql, parameters, ({ rowCount }) => rowCount ?? 0),
    read: (work) => transact('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', undefined, work),
    write: (turn, work) =>
      transact('BEGIN', turn, async (tx) => {
        await tx.takeTurn();
        return work(tx);
      }),
    writeLate: (turn, work) => transact('BEGIN', turn, work),
    jot: (work) => transact('BEGIN; SET LOCAL synchronous_commit = off', undefined, work),
    alone: async (work) => {
      try {
        return await lend(work);
      } catch (error) {
        throw storeError(error);
      }
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await pool.end();
    },
  };
}

/** As `isSilent`, also of a commit that was not answered. */
function isUnanswered(error: unknown): boolean {
  return isSilent(error instanceof FateUnknown ? error.cause : error);
}

/** How far a transaction has come. */
interface Commit {
  asked: boolean;
  /** By what the server can be asked about it; null as long as it has changed nothing that it could be asked about. */
  fate: AskedFor | null;
}

/** A transaction by the server's id, and in which life of the server it has it. */
interface AskedFor {
  id: string;
  life: string;
}

/** The answer to a commit was lost. */
class FateUnknown extends Error {
  readonly asked: AskedFor;
  constructor(asked: AskedFor, cause: unknown) {
    super('The answer to a commit was lost.', { cause });
    this.asked = asked;
  }
}

/** A transaction could not be rolled back: its connection must go. */
class Unfinished extends Error {
  constructor(cause: unknown) {
    super('A transaction was not ended.', { cause });
  }
}

async function rollBack(client: PoolClient, cause: unknown): Promise<void> {
  try {
    await client.query('ROLLBACK');
  } catch {
    throw new Unfinished(cause);
  }
}

function transaction(client: PoolClient, commit: Commit, turn: Turn | undefined): Transaction {
  return {
    get: async <Row>(sql: string, parameters: Parameters = []) =>
      (await ask(client, sql, parameters)).rows[0] as Row | undefined,
    all: async <Row>(sql: string, parameters: Parameters = []) => (await ask(client, sql, parameters)).rows as Row[],
    run: async (sql, parameters = []) => (await ask(client, sql, parameters)).rowCount ?? 0,
    takeTurn: async () => {
      if (turn === undefined) throw new Error('This transaction has no turn to take.');
      const { rows } = await ask(client, TAKE_TURN, turn);
      commit.fate = rows[0] as AskedFor;
    },
    copy: async (table, columns, rows) => {
      await client.query('SAVEPOINT copied');
      try {
        await copyRows(client, table, columns, rows);
      } catch (error) {
        if (!isTaken(error)) throw error;
        await client.query('ROLLBACK TO SAVEPOINT copied; RELEASE SAVEPOINT copied');
        return false;
      }
      await client.query('RELEASE SAVEPOINT copied');
      return true;
    },
  };
}

/**
 * What is another after each crash: when the server was started, and when its statistics began, which it throws away
 * where only a session of it crashed and the rest began anew.
 */
const LIFE = "pg_postmaster_start_time()::text || ' ' || (SELECT coalesce(stats_reset::text, '') FROM pg_stat_wal)";

// The lock is taken by a statement of its own: the next one sees what was committed until then.
const TAKE_TURN = `SELECT pg_advisory_xact_lock(?::integer, ?::integer), pg_current_xact_id()::text AS id, ${LIFE} AS life`;
const FATE = `SELECT pg_xact_status($1::xid8) AS fate, ${LIFE} AS life`;

function ask(client: PoolClient, sql: string, parameters: Parameters): Promise<QueryResult> {
  const statement = prepare(sql);
  return client.query({ name: statement.name, text: statement.text, values: valuesOf(statement, parameters) });
}
