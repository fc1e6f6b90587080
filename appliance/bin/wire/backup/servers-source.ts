import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Database from 'better-sqlite3';
import type { Config } from '../../../config/schema.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { tenantNames, tenantPaths } from '../../../kernel/names.ts';
import { openPostgresLogs, type PostgresLogs, postgresLogIds } from '../../../stores/log/postgres.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { openMinioObjects } from '../../../stores/object/minio.ts';
import { goneFromRecords, readRecordsSnapshot } from '../../../stores/record/postgres-snapshot.ts';
import { type ControlLogins, controlLogins } from '../stack/control-logins.ts';
import { CONTROL_DATABASE } from '../stack/logs.ts';
import { addVectorFiles } from './files-source.ts';
import type { BackupSource, CopiedRows, NamedObjects, TenantSource } from './source.ts';
import { copyWholeLog } from './whole-log.ts';

/** Rows of servers in a tenant's part: a file of COPY's text format for each table, and before them how they were made. */
export const TABLES = 'rows/';
export const TABLE_SUFFIX = '.copy';
export const SCHEMA = `${TABLES}schema.json`;

/** An appliance on servers, read with what control has of them; nothing is changed there. */
export function serversSource(config: Config, { clock }: { clock: Clock }): BackupSource {
  const logins = controlLogins(config);
  let logs: Promise<PostgresLogs> | undefined;
  const control = () => logins.database(CONTROL_DATABASE);
  const openedLogs = () => {
    logs ??= openPostgresLogs({ ...control(), connections: 2 }, { clock });
    return logs;
  };
  return {
    mode: 'stack',
    tenant: async (tenantId, temporary) => tenantOnServers(config, logins, tenantId, temporary),
    async copyLog(logId, file) {
      const copy = openSqliteLog(file, { tenant_id: logId, clock });
      try {
        await copyWholeLog((await openedLogs()).log(logId), copy);
      } finally {
        await copy.close();
      }
    },
    logs: async () => (await postgresLogIds(control())).filter((logId) => !logId.startsWith('_')),
    async close() {
      await (await logs)?.close();
    },
  };
}

function tenantOnServers(config: Config, logins: ControlLogins, tenantId: string, temporary: string): TenantSource {
  const { bucket, database } = tenantNames(tenantId);
  const login = logins.database(database);
  const objects = openMinioObjects({ ...logins.objects(), bucket });
  let named: Database.Database | undefined;
  return {
    addRows: (part) =>
      readRecordsSnapshot(login, async (snapshot): Promise<CopiedRows> => {
        await part.addBytes(SCHEMA, Buffer.from(`${JSON.stringify(snapshot.schema)}\n`));
        for (const name of snapshot.tables) {
          // A tar says an entry's size before its bytes.
          const copy = join(temporary, 'table.copy');
          await pipeline(Readable.from(snapshot.table(name)), createWriteStream(copy, { flags: 'wx', mode: 0o600 }));
          await part.add(`${TABLES}${name}${TABLE_SUFFIX}`, statSync(copy).size, createReadStream(copy));
          rmSync(copy);
        }
        named = await noteNamed(snapshot.documentObjects(), join(temporary, 'named.sqlite'));
        const db = named;
        const all = 'SELECT doc_id, storage_path, canonical FROM named ORDER BY doc_id';
        const { documents, chunks } = snapshot;
        return { documents, chunks, named: () => db.prepare<[], NamedObjects>(all).iterate() };
      }),
    // What Qdrant keeps is made anew of the documents' own vectors, at a restore.
    addVectors: async (part) => {
      if (config.stack.vectors === 'sqlite-vec')
        await addVectorFiles(part, tenantPaths(config.data_folder, tenantId).vectors, temporary);
    },
    objects,
    gone: async (docIds) => new Set(await goneFromRecords(login, docIds)),
    async close() {
      named?.close();
      await objects.close();
    },
  };
}

/** What the rows name, kept in a file: the snapshot is not held open while objects are copied. */
async function noteNamed(documents: AsyncIterable<NamedObjects>, file: string): Promise<Database.Database> {
  const db = new Database(file);
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.exec('CREATE TABLE named (doc_id TEXT PRIMARY KEY, storage_path TEXT, canonical TEXT) STRICT, WITHOUT ROWID');
  const insert = db.prepare('INSERT INTO named (doc_id, storage_path, canonical) VALUES (?, ?, ?)');
  db.exec('BEGIN');
  for await (const { doc_id, storage_path, canonical } of documents) insert.run(doc_id, storage_path, canonical);
  db.exec('COMMIT');
  return db;
}
