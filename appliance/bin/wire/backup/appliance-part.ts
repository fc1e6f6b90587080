import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { BackupManifest, TreeHead } from '../../../bundle/backup/manifest.ts';
import type { Write } from '../../../bundle/backup/write-tar.ts';
import { GENESIS } from '../../../control/ledger/entries.ts';
import { APPLIANCE_LOG } from '../../../kernel/audit-event.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { treeHead } from './log-heads.ts';
import { SealedPart, sealFile } from './sealed-part.ts';
import { snapshotSqlite } from './snapshot.ts';
import type { BackupSource } from './source.ts';

/** Names in the appliance's part, in their order; behind them `audit/LOG.sqlite`. */
export const REGISTRY = 'registry.sqlite';
export const CLOCK = 'clock';
export const LOGS = 'audit/';

export interface CopyParts {
  source: BackupSource;
  dataFolder: string;
  clock: Clock;
  temporary: string;
}

/** A log as it was copied. */
export interface LogCopy {
  head: TreeHead;
}

/**
 * Writes the appliance's own part: the registry, how far time was, its log, and the logs of tenants that have no part (those
 * that are gone: their log stays).
 */
export async function writeAppliancePart(
  parts: CopyParts,
  withPart: readonly string[],
  recipient: string,
  write: Write,
): Promise<{ ledger: BackupManifest['ledger']; log: TreeHead }> {
  const { dataFolder, temporary, source } = parts;
  const paths = controlPaths(dataFolder);
  const part = await SealedPart.begin(recipient, write);
  const registry = join(temporary, REGISTRY);
  snapshotSqlite(paths.registry, registry);
  const ledger = ledgerHead(registry);
  await part.addFile(REGISTRY, registry);
  rmSync(registry);
  await part.addBytes(CLOCK, existsSync(paths.clock) ? readFileSync(paths.clock) : Buffer.from('0'));
  const gone = (await source.logs()).filter((logId) => !withPart.includes(logId)).sort();
  let log: TreeHead | undefined;
  for (const logId of [APPLIANCE_LOG, ...gone]) {
    const { file, head } = await copyLog(parts, logId);
    await part.addFile(`${LOGS}${logId}.sqlite`, file);
    rmSync(file);
    if (logId === APPLIANCE_LOG) log = head;
  }
  await part.end();
  return { ledger, log: log! };
}

/** Writes a tenant's log, as it is now, for its backup key. */
export async function sealLog(parts: CopyParts, tenantId: string, recipient: string, write: Write): Promise<LogCopy> {
  const { file, head } = await copyLog(parts, tenantId);
  await sealFile(recipient, file, write);
  rmSync(file);
  return { head };
}

async function copyLog({ source, clock, temporary }: CopyParts, logId: string) {
  const file = join(temporary, `log-${logId}.sqlite`);
  await source.copyLog(logId, file);
  const log = openSqliteLog(file, { tenant_id: logId, clock, readonly: true });
  const head = await treeHead(log).finally(() => log.close());
  return { file, head };
}

function ledgerHead(registry: string): BackupManifest['ledger'] {
  const db = new Database(registry, { readonly: true });
  try {
    const last = db.prepare('SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1').get() as
      | { seq: number; hash: string }
      | undefined;
    return { entries: last?.seq ?? 0, head: last?.hash ?? GENESIS };
  } finally {
    db.close();
  }
}
