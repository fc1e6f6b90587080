import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { keyHistory, noteEscrow, notePurged, storageKeys } from '../registry/keys.ts';
import { appendEntries } from '../registry/outbox.ts';
import { backupWithin } from '../registry/outside-copies.ts';
import { type KeyParts, needKeys } from './parts.ts';
import type { PurgeRequest } from './types.ts';

/**
 * Destroys an archived key on this box (spec 3). Refused while it is in use, and while an object or a kept backup needs it:
 * `INVALID_STATE_TRANSITION`, saying which. Looks at every object for a storage identity: O(objects). May be repeated after
 * a crash half way. Throws `RESOURCE_NOT_FOUND` for a key that there never was.
 */
export function purgeKey(parts: KeyParts, tenantId: string, request: PurgeRequest, actor: string): Promise<void> {
  const { registry, clock, resources, turns } = parts;
  const { kind, version, reason } = request;
  return turns.take(tenantId, async () => {
    needKeys(registry, tenantId);
    const key = keyOf(parts, tenantId, request);
    if (key.archived_at === null) throw refused(request, 'is in use: rotate first');
    if (key.purged_at !== null) throw refused(request, 'is purged already');
    // Secrets in a backup are for the identity of its day; its objects may be for any storage identity of before.
    const backup = backupWithin(registry, tenantId, key.created_at, kind === 'identity' ? key.archived_at : null);
    if (backup !== null) throw refused(request, `is needed by the backup ${backup}`);
    if (kind === 'storage' && (await resources.objects.needStorage(tenantId, version)))
      throw refused(request, 'is needed by objects: move them first with frostbyte tenant reencrypt');
    await resources.keys.purge(tenantId, kind, version);
    const escrow = await resources.keys.escrow(tenantId);
    registry.write(() => {
      notePurged(registry, tenantId, kind, version, clock.iso());
      noteEscrow(registry, tenantId, escrow, clock.iso());
      appendEntries(registry, [
        auditEntry(clock, 'KEY_PURGED', {
          tenant_id: tenantId,
          actor,
          resource_id: tenantId,
          adds: { key_kind: kind, key_version: version, reason },
        }),
      ]);
    });
  });
}

function keyOf({ registry }: KeyParts, tenantId: string, { kind, version }: PurgeRequest) {
  const found =
    kind === 'identity'
      ? keyHistory(registry, tenantId).find(({ key_version }) => key_version === version)
      : storageKeys(registry, tenantId).find(({ storage_version }) => storage_version === version);
  if (found !== undefined) return found;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', `There is no ${kind} key ${version} of this tenant.`);
}

function refused({ kind, version }: PurgeRequest, constraint: string): FrostbyteError {
  return new FrostbyteError('INVALID_STATE_TRANSITION', `The ${kind} key ${version} ${constraint}.`, {
    details: [{ field: 'version', value: version, constraint }],
  });
}
