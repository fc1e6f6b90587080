import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { tenantPaths } from '../../../appliance/kernel/names.ts';

/** Documents of a tenant that are in the middle of their stages, read past the appliance. */
export function documentsUnderWay(dataFolder: string, tenantId: string): number {
  const db = new Database(tenantPaths(dataFolder, tenantId).records, { readonly: true });
  try {
    return db.prepare("SELECT count(*) FROM documents WHERE state = 'processing'").pluck().get() as number;
  } finally {
    db.close();
  }
}

/** A kill between two pieces of work shows little: a share of them must have met one that was half done. */
export function metTheMiddle(met: readonly boolean[], what: string, share = 1 / 4): void {
  const hits = met.filter(Boolean).length;
  assert.ok(hits >= met.length * share, `${hits} of ${met.length} kills met ${what} under way`);
}
