import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BackupManifest } from '../../../bundle/backup/manifest.ts';
import type { Settled } from '../../../control/restore/settle-registry.ts';
import { replaceFile } from '../../../kernel/durable-file.ts';
import type { CheckedTenant } from './check-restored.ts';

/** What a restore brought back, what it did not, and what it cannot know. */
export interface RestoreReport {
  backup_id: string;
  /** When the backup was made. */
  made_at: string;
  restored_at: string;
  file_sha256: string;
  ledger: {
    given: boolean;
    /** Lines that the backup had, and that the given ledger added. */
    in_backup: number;
    added: number;
    until: string | null;
  };
  /** Behind this time nobody can say what was erased, held, suspended, deleted or revoked. */
  unknown_since: string;
  tenants: (CheckedTenant & {
    tenant_id: string;
    /** Suspended until an administrator confirms it. */
    state: 'SUSPENDED';
    erased_again: number;
    chunks_in_backup: number;
    log: { tree_size: number; tree_root: string };
  })[];
  /** Their deletion is carried through at the next start. */
  deleted: string[];
  /** Tenants in the backup whose part was not taken. */
  not_restored: string[];
  holds_set: number;
  holds_lifted: number;
}

/** What the phases found. */
export interface Findings {
  manifest: BackupManifest;
  file_sha256: string;
  restored_at: string;
  ledger: RestoreReport['ledger'];
  settled: Settled;
  erased: Record<string, number>;
  checked: Record<string, CheckedTenant>;
}

/** The report of a restore. Pure. */
export function restoreReport(found: Findings): RestoreReport {
  const { manifest, ledger, settled, erased, checked } = found;
  return {
    backup_id: manifest.backup_id,
    made_at: manifest.made_at,
    restored_at: found.restored_at,
    file_sha256: found.file_sha256,
    ledger,
    // What the ledger says last may be older than the backup, which knows all until it was begun.
    unknown_since: [manifest.began_at, ledger.given ? (ledger.until ?? '') : ''].sort().at(-1)!,
    tenants: manifest.tenants
      .filter(({ tenant_id }) => checked[tenant_id] !== undefined)
      .map(({ tenant_id, chunks, log }) => ({
        tenant_id,
        state: 'SUSPENDED' as const,
        erased_again: erased[tenant_id] ?? 0,
        chunks_in_backup: chunks,
        log: { tree_size: log.size, tree_root: log.root },
        ...checked[tenant_id]!,
      })),
    deleted: settled.deleted,
    not_restored: manifest.tenants.map(({ tenant_id }) => tenant_id).filter((id) => checked[id] === undefined),
    holds_set: settled.holds_set,
    holds_lifted: settled.holds_lifted,
  };
}

const reportFile = (dataFolder: string): string => join(dataFolder, 'control', 'restore-report.json');

/** Keeps the report below a data folder: whoever looks later finds what was not known. */
export function keepReport(dataFolder: string, report: RestoreReport): void {
  const file = reportFile(dataFolder);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  replaceFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** The report of the restore that a data folder came from, or null. */
export function keptReport(dataFolder: string): RestoreReport | null {
  const file = reportFile(dataFolder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RestoreReport) : null;
}
