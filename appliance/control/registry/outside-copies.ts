import { newId } from '../../kernel/ids.ts';
import type { OutsideCopy } from '../keys/types.ts';
import type { Registry } from './open.ts';

/** Notes a copy that left the box. Inside `registry.write`. */
export function noteCopy(
  registry: Registry,
  copy: { tenant_id: string; kind: OutsideCopy['kind']; label: string; sha256: string | null; made_at: string },
): string {
  const copy_id = newId();
  registry.run(
    `INSERT INTO outside_copies (copy_id, tenant_id, kind, label, sha256, made_at)
     VALUES (:copy_id, :tenant_id, :kind, :label, :sha256, :made_at)`,
    { copy_id, ...copy },
  );
  return copy_id;
}

/** Copies of a tenant that are not said to be destroyed, oldest first. */
export function copiesOutside(registry: Registry, tenantId: string): OutsideCopy[] {
  return registry.all<OutsideCopy>(
    `SELECT copy_id, kind, label, sha256, made_at, destroyed_at FROM outside_copies
     WHERE tenant_id = ? AND destroyed_at IS NULL ORDER BY copy_id`,
    [tenantId],
  );
}

/** Notes that a copy, or each with this label, is destroyed. Inside `registry.write`. How many were. */
export function noteCopiesDestroyed(registry: Registry, idOrLabel: string, at: string): number {
  return registry.run(
    'UPDATE outside_copies SET destroyed_at = :at WHERE (copy_id = :which OR label = :which) AND destroyed_at IS NULL',
    { at, which: idOrLabel },
  );
}

/** A kept backup of a tenant that was made within a span of time, or null. */
export function backupWithin(registry: Registry, tenantId: string, from: string, until: string | null): string | null {
  const row = registry.get<{ label: string }>(
    `SELECT label FROM outside_copies WHERE tenant_id = :tenant AND kind = 'backup' AND destroyed_at IS NULL
       AND made_at >= :from AND (:until IS NULL OR made_at <= :until) ORDER BY made_at LIMIT 1`,
    { tenant: tenantId, from, until },
  );
  return row?.label ?? null;
}
