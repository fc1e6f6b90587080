import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { errorCode } from '../provisioning/run-steps.ts';
import {
  endRotation,
  findRotation,
  insertRotation,
  KEY_DAYS_MS,
  keyHistory,
  noteEscrow,
  noteKeys,
  postponeRotation,
  type RotationRow,
  storageKeys,
} from '../registry/keys.ts';
import { appendEntries } from '../registry/outbox.ts';
import { type KeyParts, needKeys } from './parts.ts';
import type { KeyRotation, RotationRequest } from './types.ts';

/** After a failure a rotation that has begun is tried again by itself, so long after. */
const RETRY_MS = 60_000;

/**
 * Rotates a tenant's keys (spec 3): new identity, secrets encrypted to it and proven to open, old one archived, registry
 * and KEY_ROTATED in one transaction. In an emergency also the next storage identity and new credentials. That it has begun
 * is written down first, so a crash at any step is finished by the next start; a rotation that an earlier call began is
 * finished before this one. Throws `RESOURCE_NOT_FOUND`, `INVALID_STATE_TRANSITION`, `KEY_UNAVAILABLE`.
 */
export function rotateKeys(
  parts: KeyParts,
  tenantId: string,
  request: Required<RotationRequest>,
  actor: string,
): Promise<KeyRotation> {
  return parts.turns.take(tenantId, async () => {
    needKeys(parts.registry, tenantId);
    const unfinished = findRotation(parts.registry, tenantId);
    if (unfinished !== null) await carry(parts, unfinished);
    return carry(parts, begin(parts, tenantId, request, actor));
  });
}

/** Finishes a rotation that has begun, also by a process that died. None is no error. */
export function finishRotation(parts: KeyParts, tenantId: string): Promise<void> {
  return parts.turns.take(tenantId, async () => {
    const unfinished = findRotation(parts.registry, tenantId);
    if (unfinished !== null) await carry(parts, unfinished);
  });
}

function begin(
  { registry, clock }: KeyParts,
  tenantId: string,
  { reason, emergency }: Required<RotationRequest>,
  actor: string,
): RotationRow {
  return registry.write(() => {
    needKeys(registry, tenantId);
    const versions = keyHistory(registry, tenantId).map(({ key_version }) => key_version);
    const storage = Math.max(0, ...storageKeys(registry, tenantId).map(({ storage_version }) => storage_version));
    const row = {
      tenant_id: tenantId,
      actor,
      reason,
      emergency: emergency ? 1 : 0,
      key_version: Math.max(0, ...versions) + 1,
      storage_version: storage + (emergency ? 1 : 0),
      started_at: clock.iso(),
    } as const;
    insertRotation(registry, row);
    return { ...row, retry_at: null, error_code: null };
  });
}

async function carry(parts: KeyParts, row: RotationRow): Promise<KeyRotation> {
  try {
    await steps(parts, row);
    return finish(parts, row);
  } catch (error) {
    const retryAt = new Date(parts.clock.now() + RETRY_MS).toISOString();
    postponeRotation(parts.registry, row.tenant_id, errorCode(error), retryAt);
    throw error;
  }
}

/** Each ends the same when it is repeated. Before the second the old identity opens the secrets, after it the new one. */
async function steps({ resources }: KeyParts, row: RotationRow): Promise<void> {
  const { tenant_id: tenantId } = row;
  await resources.keys.addIdentity(tenantId, row.key_version);
  await resources.keys.rewrap(tenantId, row.key_version);
  if (row.emergency === 0) return;
  await resources.keys.addStorage(tenantId, row.storage_version);
  await resources.credentials.renew(tenantId);
}

async function finish({ registry, clock, resources }: KeyParts, row: RotationRow): Promise<KeyRotation> {
  const { tenant_id: tenantId, key_version, reason, actor } = row;
  const key = await resources.keys.current(tenantId);
  if (key.key_version !== key_version)
    throw new FrostbyteError('KEY_UNAVAILABLE', 'After the rotation another identity opens the secrets.');
  const escrow = await resources.keys.escrow(tenantId);
  const storage_version = key.storage[0]?.storage_version ?? 0;
  const now = clock.now();
  return registry.write(() => {
    // A deletion that began meanwhile has the last word; what is left of keys goes with the others.
    const previous = needKeys(registry, tenantId).key_version ?? 0;
    noteKeys(registry, tenantId, key, now, reason);
    noteEscrow(registry, tenantId, escrow, clock.iso());
    endRotation(registry, tenantId);
    const adds = {
      key_version,
      previous_key_version: previous,
      storage_version,
      emergency: row.emergency === 1,
      rotation_reason: reason,
      escrowed: escrow !== null,
    };
    appendEntries(registry, [
      auditEntry(clock, 'KEY_ROTATED', { tenant_id: tenantId, actor, resource_id: tenantId, adds }),
    ]);
    return {
      tenant_id: tenantId,
      key_version,
      previous_key_version: previous,
      age_public_key: key.age_public_key,
      storage_version,
      emergency: row.emergency === 1,
      key_rotation_due_at: new Date(now + KEY_DAYS_MS).toISOString(),
    };
  });
}
