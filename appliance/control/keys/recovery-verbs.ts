import { auditEntry } from '../../audit/entry.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import { prefixedSha256 } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { RecoveryChallenge, RecoveryStatus } from '../../secrets/recovery.ts';
import { findEscrow } from '../registry/keys.ts';
import { appendEntries } from '../registry/outbox.ts';
import { copiesOutside, noteCopiesDestroyed, noteCopy } from '../registry/outside-copies.ts';
import { needTenant, tenantsIn } from '../registry/tenants.ts';
import type { KeyParts } from './parts.ts';
import type { OutsideCopy } from './types.ts';

export interface RecoveryReport extends RecoveryStatus {
  /** Tenants whose escrow file is for the recipient in use, and those that wait for the daemon to write it. */
  escrowed: string[];
  waiting: string[];
}

/**
 * What is done on the box itself about recovery (spec 3): the recipient and its proof, copies of escrow files, and what is
 * known to lie outside. Not for the gateway.
 */
export interface RecoveryVerbs {
  recovery(): Promise<RecoveryReport>;
  /** Names a recipient; it is used once its challenge is answered. Throws `VALIDATION_ERROR`. */
  nameRecovery(recipient: string, actor: string): Promise<RecoveryChallenge>;
  /** Another challenge: to be sure that somebody still holds the private half. Throws `RESOURCE_NOT_FOUND`. */
  challengeRecovery(): Promise<RecoveryChallenge>;
  /** Takes the answer to the challenge. Throws `VALIDATION_ERROR`, `RESOURCE_NOT_FOUND`. */
  proveRecovery(answer: string, actor: string): Promise<RecoveryReport>;
  /** Notes that the sealed root key was opened for this box, and by what. */
  noteUnsealed(method: 'passphrase' | 'identity' | 'credential', actor: string): Promise<void>;
  /** Copies escrow files into a folder and remembers that they are there. Throws `RESOURCE_NOT_FOUND` without any. */
  copyEscrows(folder: string, actor: string): Promise<(OutsideCopy & { tenant_id: string })[]>;
  /** Remembers a backup that holds a tenant's objects: the keys that it needs are not purged until it is destroyed. */
  backupKept(tenantId: string, backupId: string): Promise<OutsideCopy>;
  /** A copy (its id) or every copy with this label (a backup's id, a path) is destroyed. How many are. */
  copiesDestroyed(idOrLabel: string): Promise<number>;
}

export function recoveryVerbs(parts: KeyParts): RecoveryVerbs {
  const { registry, clock, resources } = parts;
  const served = () => tenantsIn(registry, ['ACTIVE', 'SUSPENDED']).map(({ tenant_id }) => tenant_id);
  const report = async (): Promise<RecoveryReport> => {
    const status = await resources.recovery.status();
    const isEscrowed = (tenantId: string) =>
      status.recipient !== null && findEscrow(registry, tenantId)?.recipient === status.recipient;
    const tenants = served();
    return {
      ...status,
      escrowed: tenants.filter(isEscrowed),
      waiting: status.recipient === null ? [] : tenants.filter((tenantId) => !isEscrowed(tenantId)),
    };
  };
  const tell = (type: 'RECOVERY_NAMED' | 'RECOVERY_PROVEN', recipient: string, actor: string): void => {
    const about = { tenant_id: APPLIANCE_LOG, actor, resource_id: prefixedSha256(recipient) };
    registry.write(() => appendEntries(registry, [auditEntry(clock, type, { ...about, adds: { recipient } })]));
  };

  return {
    recovery: report,
    nameRecovery: async (recipient, actor) => {
      const challenge = await resources.recovery.name(recipient);
      tell('RECOVERY_NAMED', challenge.recipient, actor);
      return challenge;
    },
    challengeRecovery: () => resources.recovery.challenge(),
    proveRecovery: async (answer, actor) => {
      const { recipient } = await resources.recovery.prove(answer);
      tell('RECOVERY_PROVEN', recipient!, actor);
      return report();
    },
    noteUnsealed: async (method, actor) => {
      const about = { tenant_id: APPLIANCE_LOG, actor, resource_id: APPLIANCE_LOG };
      registry.write(() => appendEntries(registry, [auditEntry(clock, 'UNSEALED', { ...about, adds: { method } })]));
    },
    copyEscrows: async (folder, actor) => {
      const copies: (OutsideCopy & { tenant_id: string })[] = [];
      for (const tenant_id of served()) {
        const copied = await resources.keys.copyEscrow(tenant_id, folder);
        if (copied === null) continue;
        const made_at = clock.iso();
        const copy = { kind: 'escrow', label: copied.path, sha256: copied.sha256, made_at } as const;
        const copy_id = registry.write(() => {
          noteCopiesDestroyed(registry, copied.path, made_at);
          appendEntries(registry, [
            auditEntry(clock, 'ESCROW_COPIED', {
              tenant_id,
              actor,
              resource_id: tenant_id,
              adds: { file_sha256: copied.sha256 },
            }),
          ]);
          return noteCopy(registry, { tenant_id, ...copy });
        });
        copies.push({ copy_id, tenant_id, ...copy, destroyed_at: null });
      }
      if (copies.length > 0) return copies;
      throw new FrostbyteError(
        'RESOURCE_NOT_FOUND',
        'There are no escrow files. Name a recovery recipient (frostbyte keys recovery set) and prove it.',
      );
    },
    backupKept: async (tenantId, backupId) => {
      needTenant(registry, tenantId);
      const made_at = clock.iso();
      const copy_id = registry.write(() =>
        noteCopy(registry, { tenant_id: tenantId, kind: 'backup', label: backupId, sha256: null, made_at }),
      );
      return copiesOutside(registry, tenantId).find((copy) => copy.copy_id === copy_id)!;
    },
    copiesDestroyed: async (idOrLabel) => registry.write(() => noteCopiesDestroyed(registry, idOrLabel, clock.iso())),
  };
}
