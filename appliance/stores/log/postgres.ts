import { createHash } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { openPostgres, type PostgresConnection, type Turn } from '../postgres/connection.ts';
import { isCurrent, migrate } from '../postgres/migrate.ts';
import type { PostgresOptions } from '../postgres/options.ts';
import { oweScrub, scrub } from '../postgres/scrub.ts';
import { MIGRATIONS } from './migrations/postgres.gen.ts';
import type { AuditLog } from './port.ts';
import { appendEvents } from './postgres/append.ts';
import { grantLogs, type LogRoles } from './postgres/grants.ts';
import { logReads } from './postgres/reads.ts';

/** In the control database, beside what else control may keep there. */
const SCHEMA = 'audit';

/** How to reach the control database, and in whose name. */
export type LogDatabase = Omit<PostgresOptions, 'schema' | 'application'>;

/** The logs of all tenants, and of the appliance, in one database over one pool. */
export interface PostgresLogs {
  /** The log of a tenant, or `_appliance`. Closing it closes nothing: the pool is that of all. */
  log(tenantId: string): AuditLog;
  close(): Promise<void>;
}

const ERASE = `WITH gone AS (DELETE FROM event_references
    WHERE tenant_id = @tenant_id AND resource_type = @type AND resource_id = @id AND log_index <= @through::bigint
    RETURNING tableoid::regclass::text AS part)
  SELECT count(*)::bigint AS entries, min(part) AS part FROM gone`;
const CHECK = `INSERT INTO store_check (one, checked_at) VALUES (1, ?)
  ON CONFLICT (one) DO UPDATE SET checked_at = excluded.checked_at`;

/**
 * Makes or migrates the logs of the control database as its owner, and grants the roles what they need. Throws
 * `STORE_UNAVAILABLE`, with kind `never` where a newer build wrote the schema.
 */
export async function migratePostgresLogs(
  database: LogDatabase,
  options: { clock: Clock; roles?: LogRoles },
): Promise<void> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte migrations', connections: 1 });
  try {
    await migrate(db, SCHEMA, MIGRATIONS, options.clock.iso());
    if (options.roles !== undefined) await grantLogs(db, SCHEMA, options.roles);
  } finally {
    await db.close();
  }
}

/**
 * Opens the logs of a control database that was migrated before. Throws `STORE_UNAVAILABLE` where it cannot be reached or
 * is of another version.
 */
export async function openPostgresLogs(database: LogDatabase, options: { clock: Clock }): Promise<PostgresLogs> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte logs' });
  try {
    if (!(await isCurrent(db, SCHEMA, MIGRATIONS))) {
      throw new FrostbyteError('STORE_UNAVAILABLE', 'The database of the logs has yet to be migrated.');
    }
  } catch (error) {
    await db.close();
    throw error;
  }
  return { log: (tenantId) => openLog(db, tenantId, options.clock), close: () => db.close() };
}

/** The ids of all logs that hold an event, in order. O(events). */
export async function postgresLogIds(database: LogDatabase): Promise<string[]> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte logs', connections: 1 });
  try {
    const rows = await db.all<{ tenant_id: string }>('SELECT DISTINCT tenant_id FROM events ORDER BY tenant_id');
    return rows.map(({ tenant_id }) => tenant_id);
  } finally {
    await db.close();
  }
}

/**
 * Appends from several processes are put in one order; positions grow from 0 without a gap. Throws `ISOLATION_VIOLATED`
 * for another tenant's event, and `AUDIT_CHAIN_BROKEN` for an event id that is there with another content.
 */
function openLog(db: PostgresConnection, tenantId: string, clock: Clock): AuditLog {
  const turn = turnOf(tenantId);
  return {
    ...logReads(db, tenantId),
    append: async (entries) =>
      entries.length === 0 ? [] : db.write(turn, (tx) => appendEvents(tx, tenantId, entries)),
    eraseReferences: async (type, id, through = Number.MAX_SAFE_INTEGER) =>
      db.write(turn, async (tx) => {
        const gone = await tx.get<{ entries: number; part: string | null }>(ERASE, {
          tenant_id: tenantId,
          type,
          id,
          through,
        });
        if (gone?.part) await oweScrub(tx, [gone.part]);
        return gone?.entries ?? 0;
      }),
    scrub: () => scrub(db),
    check: async () => {
      await db.jot((tx) => tx.run(CHECK, [clock.iso()]));
    },
    close: async () => undefined,
  };
}

/** Each log has a turn of its own. Where two should share one, they only wait for each other. */
function turnOf(tenantId: string): Turn {
  return [0x464c, createHash('sha256').update(tenantId).digest().readInt32BE(0)];
}
