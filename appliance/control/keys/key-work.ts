import { auditEntry } from '../../audit/entry.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { errorCode } from '../provisioning/run-steps.ts';
import {
  findEscrow,
  findRotation,
  KEY_DAYS_MS,
  keyHistory,
  noteEscrow,
  noteKeys,
  storageKeys,
} from '../registry/keys.ts';
import { appendEntries } from '../registry/outbox.ts';
import { findReencryption } from '../registry/reencryptions.ts';
import { findTenant, tenantsIn } from '../registry/tenants.ts';
import { type KeyParts, keysMayChange } from './parts.ts';
import { purgeKey } from './purge.ts';
import { carryReencryption } from './reencrypt.ts';
import { finishRotation, rotateKeys } from './rotate.ts';

/** What could not be done (a purge that something forbids, a failed rotation) is tried again after so long. */
const AGAIN_MS = 6 * 3_600_000;

/** Work on keys that is due by itself: all of it can be found in registry and folders after a restart. */
export interface KeyWork {
  /** Tenants that have work to be carried now. Cheap: asked with every beat. */
  due(): Promise<string[]>;
  /** Does what is due for a tenant: unfinished and due rotations, purges, escrow files, moving objects. */
  carry(tenantId: string, signal: AbortSignal): Promise<void>;
}

/** Rotations every 90 days, purges 90 days after, escrow files for a recipient that was proven, walks over objects. */
export function keyWork(parts: KeyParts & { logger: Logger }): KeyWork {
  const { registry, clock, resources, logger } = parts;
  /** What was tried in vain, and when it may be tried again. */
  const resting = new Map<string, number>();

  const rests = (what: string): boolean => (resting.get(what) ?? 0) > clock.now();
  const attempt = async (tenantId: string, what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      resting.set(`${tenantId} ${what}`, clock.now() + AGAIN_MS);
      // That something still needs a key is how it should be.
      if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION')) return;
      logger.warn('keys could not be looked after', {
        ...shaped({ tenant_id: tenantId }),
        code: asCode(errorCode(error)),
      });
    }
  };
  const overdue = (at: string | null): boolean => at !== null && Date.parse(at) + KEY_DAYS_MS <= clock.now();

  const rotation = (tenantId: string): (() => Promise<unknown>) | null => {
    const begun = findRotation(registry, tenantId);
    if (begun !== null) {
      return begun.retry_at !== null && begun.retry_at > clock.iso() ? null : () => finishRotation(parts, tenantId);
    }
    const due = findTenant(registry, tenantId)?.key_rotation_due_at ?? null;
    if (due === null || due > clock.iso() || rests(`${tenantId} rotation`)) return null;
    return () => rotateKeys(parts, tenantId, { reason: 'scheduled', emergency: false }, 'system');
  };
  const purges = (tenantId: string) => {
    const identities = keyHistory(registry, tenantId)
      .filter(({ archived_at, purged_at }) => purged_at === null && overdue(archived_at))
      .map(({ key_version }) => ({ kind: 'identity', version: key_version }) as const);
    const moved = findReencryption(registry, tenantId);
    const storage = storageKeys(registry, tenantId)
      .filter(({ archived_at, purged_at }) => purged_at === null && overdue(archived_at))
      // Without a whole walk since, objects need it: they are not all looked at to find that out.
      .filter(({ archived_at }) => (moved?.completed_at ?? '') > archived_at! && moved?.failed === 0)
      .map(({ storage_version }) => ({ kind: 'storage', version: storage_version }) as const);
    return [...identities, ...storage].filter(({ kind, version }) => !rests(`${tenantId} ${kind} ${version}`));
  };
  const escrowMissing = (tenantId: string, recipient: string | null): boolean =>
    recipient !== null && findEscrow(registry, tenantId)?.recipient !== recipient && !rests(`${tenantId} escrow`);
  /** A storage identity of before the registry kept them. */
  const unseen = (tenantId: string): boolean =>
    storageKeys(registry, tenantId).some(({ public_key_hash }) => public_key_hash === '') && !rests(`${tenantId} keys`);
  const reencryption = (tenantId: string): boolean => {
    const row = findReencryption(registry, tenantId);
    if (row === null || row.completed_at !== null) return false;
    return row.retry_at === null || row.retry_at <= clock.iso();
  };

  const noteCurrent = async (tenantId: string): Promise<void> => {
    const key = await resources.keys.current(tenantId);
    registry.write(() => noteKeys(registry, tenantId, key, clock.now(), 'found'));
  };
  /** Null too where it cannot be told: relay and plans do not wait for it, and who asks for the recipient is told why. */
  const provenRecipient = async (): Promise<string | null> => {
    const status = await resources.recovery.status().catch(() => null);
    return status?.recipient ?? null;
  };
  const writeEscrow = async (tenantId: string): Promise<void> => {
    const escrow = await resources.keys.escrow(tenantId);
    if (escrow === null) return;
    registry.write(() => {
      noteEscrow(registry, tenantId, escrow, clock.iso());
      const { recipient, file_sha256 } = escrow;
      appendEntries(registry, [
        auditEntry(clock, 'KEYS_ESCROWED', {
          tenant_id: tenantId,
          actor: 'system',
          resource_id: tenantId,
          adds: { recipient, file_sha256 },
        }),
      ]);
    });
  };

  return {
    due: async () => {
      const recipient = await provenRecipient();
      return tenantsIn(registry, ['ACTIVE', 'SUSPENDED'])
        .map(({ tenant_id }) => tenant_id)
        .filter(
          (tenantId) =>
            unseen(tenantId) ||
            rotation(tenantId) !== null ||
            purges(tenantId).length > 0 ||
            escrowMissing(tenantId, recipient) ||
            reencryption(tenantId),
        );
    },
    carry: async (tenantId, signal) => {
      const may = () => !signal.aborted && keysMayChange(findTenant(registry, tenantId));
      if (!may()) return;
      if (unseen(tenantId)) await attempt(tenantId, 'keys', () => noteCurrent(tenantId));
      const rotate = rotation(tenantId);
      if (rotate !== null) await attempt(tenantId, 'rotation', rotate);
      for (const { kind, version } of may() ? purges(tenantId) : []) {
        const request = { kind, version, reason: 'scheduled' } as const;
        await attempt(tenantId, `${kind} ${version}`, () => purgeKey(parts, tenantId, request, 'system'));
      }
      const recipient = await provenRecipient();
      if (may() && escrowMissing(tenantId, recipient)) {
        await attempt(tenantId, 'escrow', () => parts.turns.take(tenantId, () => writeEscrow(tenantId)));
      }
      if (may() && reencryption(tenantId)) await carryReencryption(parts, tenantId, signal);
    },
  };
}
