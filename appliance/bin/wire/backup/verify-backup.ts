import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import { APPLIANCE_PART, type TreeHead, tenantLog, tenantPart } from '../../../bundle/backup/manifest.ts';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import { APPLIANCE_LOG } from '../../../kernel/audit-event.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { openStream } from '../../../secrets/age-file.ts';
import type { EscrowedKeys } from '../../../secrets/escrow.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { LOGS, REGISTRY } from './appliance-part.ts';
import { CountedTables, countFile, type RowCounts } from './counted-rows.ts';
import { ROWS } from './files-source.ts';
import { proveLog } from './log-heads.ts';
import { type BackupOpeners, entriesOf, type OpenedBackup, openBackup, unsealed } from './open-backup.ts';
import { sqliteIn, unpackTenant, writeFile } from './unpack-tenant.ts';

/**
 * Opens all of a backup and holds it against what it says: every object's seal, every SQLite file, the counts of rows and
 * objects, each log's tree and every event in it. Rows are read in `work`, a folder for the time of the check. Throws
 * `OBJECT_CORRUPTED`, `AUDIT_CHAIN_BROKEN`, `STORE_CORRUPTED`, `KEY_UNAVAILABLE`. Parts whose key is not there are named.
 */
export async function verifyBackup(file: string, openers: BackupOpeners, work = tmpdir()): Promise<OpenedBackup> {
  const opened = await openBackup(file, openers);
  const folder = mkdtempSync(join(work, 'frostbyte-verify-'));
  try {
    for await (const entry of entriesOf(file, opened.manifest)) await verifyEntry(entry, opened, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return opened;
}

async function verifyEntry(entry: TarFile, { manifest, keys, identity }: OpenedBackup, folder: string): Promise<void> {
  if (entry.path === APPLIANCE_PART) {
    let hasRegistry = false;
    for await (const inner of readTar(unsealed(entry, identity))) {
      const path = join(folder, inner.path.replaceAll('/', '-'));
      await writeFile(path, inner);
      if (inner.path.endsWith('.sqlite')) checkPages(path, inner.path);
      hasRegistry ||= inner.path === REGISTRY;
      if (inner.path === `${LOGS}${APPLIANCE_LOG}.sqlite`) await verifyLog(path, APPLIANCE_LOG, manifest.appliance_log);
      rmSync(path);
    }
    if (!hasRegistry) throw differs(entry.path, 'holds no registry');
    return;
  }
  for (const tenant of manifest.tenants) {
    const key = keys.get(tenant.tenant_id);
    if (key === undefined) continue;
    if (entry.path === tenantLog(tenant.tenant_id)) {
      const path = join(folder, 'log.sqlite');
      await writeFile(path, { content: () => unsealed(entry, key.backup!.identity) });
      checkPages(path, entry.path);
      await verifyLog(path, tenant.tenant_id, tenant.log);
      rmSync(path);
    } else if (entry.path === tenantPart(tenant.tenant_id)) {
      const tables = new CountedTables();
      const part = await unpackTenant(unsealed(entry, key.backup!.identity), {
        fileOf: sqliteIn(folder),
        rows: (name, table) => tables.add(name, table),
        object: (_key, object) => openObject(object, key),
      });
      const rows = manifest.mode === 'stack' ? tables.counts : countRows(join(folder, ROWS));
      const counted = { ...rows, objects: part.objects, object_bytes: part.object_bytes };
      for (const [name, count] of Object.entries(counted) as [keyof typeof counted, number][]) {
        if (tenant[name] !== count) throw differs(entry.path, `has ${count} ${name} in place of ${tenant[name]}`);
      }
    }
  }
}

async function openObject(object: TarFile, { storage }: EscrowedKeys): Promise<void> {
  const identities = storage.map(({ pair }) => pair.identity);
  for await (const _ of openStream(identities, Readable.from(object.content())));
}

async function verifyLog(path: string, tenant_id: string, head: TreeHead): Promise<void> {
  const log = openSqliteLog(path, { tenant_id, clock: systemClock(), readonly: true });
  await proveLog(log, head).finally(() => log.close());
}

function countRows(file: string): RowCounts {
  checkPages(file, ROWS);
  return countFile(file);
}

function checkPages(file: string, name: string): void {
  const db = new Database(file, { readonly: true });
  try {
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw differs(name, 'is a damaged file');
  } finally {
    db.close();
  }
}

function differs(what: string, how: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `The backup does not hold what it says: ${what} ${how}.`);
}
