import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { tenantPaths } from '../../../appliance/kernel/names.ts';

/**
 * How far a tenant's ingestion is: events committed so far. It grows with every receipt and every finished stage, so a
 * share of the final number is a moment of the ingestion, whatever the speed of the machine. 0 while it cannot be read.
 */
export function eventsCommitted(dataFolder: string, tenant: string): number {
  const file = tenantPaths(dataFolder, tenant).records;
  if (!existsSync(file)) return 0;
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 1000 });
    return (db.prepare('SELECT max(seq) AS events FROM audit_events').get() as { events: number | null }).events ?? 0;
  } catch {
    return 0;
  } finally {
    db?.close();
  }
}
