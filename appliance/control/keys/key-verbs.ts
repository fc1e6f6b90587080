import { reasonText } from '../reason.ts';
import type { ControlVerbs } from '../verbs.ts';
import { keyReport } from './key-report.ts';
import type { KeyParts } from './parts.ts';
import { purgeKey } from './purge.ts';
import { beginReencryption } from './reencrypt.ts';
import { rotateKeys } from './rotate.ts';

type KeyVerbs = Pick<ControlVerbs, 'rotateKeys' | 'tenantKeys' | 'reencrypt' | 'purgeKey'>;

/** The verbs about tenants' keys (spec 3, "Secrets and keys"). */
export function keyVerbs(parts: KeyParts & { kick(tenantId: string): void; wake(): void }): KeyVerbs {
  const { registry } = parts;
  return {
    rotateKeys: async (tenantId, { reason, emergency = false }, actor) => {
      const rotated = await rotateKeys(parts, tenantId, { reason: reasonText(reason), emergency }, actor);
      parts.wake();
      return rotated;
    },
    tenantKeys: async (tenantId) => keyReport(registry, tenantId),
    reencrypt: async (tenantId, reason, actor) => {
      const begun = beginReencryption(parts, tenantId, reasonText(reason), actor);
      parts.kick(tenantId);
      parts.wake();
      return begun;
    },
    purgeKey: async (tenantId, request, actor) => {
      await purgeKey(parts, tenantId, { ...request, reason: reasonText(request.reason) }, actor);
      parts.wake();
      return keyReport(registry, tenantId);
    },
  };
}
