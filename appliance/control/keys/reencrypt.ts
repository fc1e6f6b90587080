import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { errorCode } from '../provisioning/run-steps.ts';
import { findRotation, storageKeys } from '../registry/keys.ts';
import { appendEntries } from '../registry/outbox.ts';
import {
  completeReencryption,
  findReencryption,
  insertReencryption,
  noteProgress,
  type Progress,
  postponeReencryption,
  type ReencryptionRow,
} from '../registry/reencryptions.ts';
import { findTenant } from '../registry/tenants.ts';
import { type KeyParts, keysMayChange, needKeys } from './parts.ts';
import type { Reencryption } from './types.ts';

/** Progress is written down after so many objects, or so many milliseconds. */
const OBJECTS_A_NOTE = 100;
const NOTE_MS = 1000;
const RETRY_MS = 60_000;

/**
 * Begins to move a tenant's objects to its newest storage identity; the walk goes on behind the answer and survives a
 * restart. One that is under way towards the same identity is answered instead. Throws `RESOURCE_NOT_FOUND`,
 * `INVALID_STATE_TRANSITION`.
 */
export function beginReencryption(
  { registry, clock }: KeyParts,
  tenantId: string,
  reason: string,
  actor: string,
): Reencryption {
  return registry.write(() => {
    needKeys(registry, tenantId);
    const newest = newestStorage(registry, tenantId);
    const running = findReencryption(registry, tenantId);
    if (running === null || running.completed_at !== null || running.storage_version !== newest) {
      const row = { tenant_id: tenantId, actor, reason, storage_version: newest, started_at: clock.iso() };
      insertReencryption(registry, row);
      appendEntries(registry, [
        auditEntry(clock, 'REENCRYPT_STARTED', {
          tenant_id: tenantId,
          actor,
          resource_id: tenantId,
          adds: { storage_version: newest, reason },
        }),
      ]);
    }
    return reencryptionView(findReencryption(registry, tenantId)!);
  });
}

/**
 * Carries an unfinished walk on, from the last object that is noted as done. Ends early where the tenant goes, its keys are
 * to be rotated or the signal asks for it; the walk stays unfinished then.
 */
export async function carryReencryption(parts: KeyParts, tenantId: string, signal: AbortSignal): Promise<void> {
  const { registry, clock } = parts;
  const row = findReencryption(registry, tenantId);
  if (row === null || row.completed_at !== null) return;
  try {
    await walk(parts, row, signal);
  } catch (error) {
    if (signal.aborted) return;
    postponeReencryption(registry, tenantId, errorCode(error), new Date(clock.now() + RETRY_MS).toISOString());
    throw error;
  }
}

/** A walk as the API shows it. */
export function reencryptionView(row: ReencryptionRow): Reencryption {
  return {
    tenant_id: row.tenant_id,
    storage_version: row.storage_version,
    status: row.completed_at === null ? 'running' : 'completed',
    started_at: row.started_at,
    completed_at: row.completed_at,
    examined: row.examined,
    moved: row.moved,
    moved_bytes: row.moved_bytes,
    failed: row.failed,
    error_code: row.error_code,
  };
}

async function walk({ registry, clock, resources }: KeyParts, row: ReencryptionRow, signal: AbortSignal) {
  const { tenant_id: tenantId } = row;
  const done: Progress = {
    after_key: row.after_key,
    examined: row.examined,
    moved: row.moved,
    moved_bytes: row.moved_bytes,
    failed: row.failed,
  };
  let noted = performance.now();
  let sinceNote = 0;
  for await (const { key, bytes, outcome } of resources.objects.reseal(tenantId, row.after_key)) {
    done.after_key = key;
    done.examined++;
    if (outcome === 'moved') {
      done.moved++;
      done.moved_bytes += bytes;
    }
    if (outcome === 'failed') done.failed++;
    sinceNote++;
    if (signal.aborted || sinceNote >= OBJECTS_A_NOTE || performance.now() - noted >= NOTE_MS) {
      registry.jot(() => noteProgress(registry, tenantId, done));
      [sinceNote, noted] = [0, performance.now()];
      if (signal.aborted || mustYield(registry, tenantId)) return;
    }
  }
  registry.write(() => {
    if (!keysMayChange(findTenant(registry, tenantId))) return;
    noteProgress(registry, tenantId, done);
    // A storage identity that came while the walk went on: what was passed before is not for it.
    const newest = newestStorage(registry, tenantId);
    if (newest !== row.storage_version) {
      insertReencryption(registry, { ...row, storage_version: newest });
      return;
    }
    completeReencryption(registry, tenantId, clock.iso());
    const { examined, moved, moved_bytes, failed } = done;
    appendEntries(registry, [
      auditEntry(clock, 'REENCRYPT_COMPLETED', {
        tenant_id: tenantId,
        actor: row.actor,
        resource_id: tenantId,
        status: failed === 0 ? 'success' : 'failure',
        adds: { storage_version: row.storage_version, examined, moved, moved_bytes, failed },
      }),
    ]);
  });
}

function mustYield(registry: KeyParts['registry'], tenantId: string): boolean {
  return !keysMayChange(findTenant(registry, tenantId)) || findRotation(registry, tenantId) !== null;
}

function newestStorage(registry: KeyParts['registry'], tenantId: string): number {
  const newest = storageKeys(registry, tenantId).find(({ purged_at }) => purged_at === null);
  if (newest !== undefined) return newest.storage_version;
  throw new FrostbyteError('STORE_CORRUPTED', 'The registry knows no storage identity of the tenant.');
}
