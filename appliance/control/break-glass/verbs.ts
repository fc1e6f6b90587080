import { acknowledgeNotice, noticeView } from '../notices.ts';
import { pageOfGrants } from '../registry/break-glass.ts';
import { pageOfNotices } from '../registry/notices.ts';
import { needTenant } from '../registry/tenants.ts';
import type { ControlVerbs } from '../verbs.ts';
import { type BreakGlass, closeGrant, grantView, openGrant, standing } from './grants.ts';

type Verbs = Pick<
  ControlVerbs,
  'openBreakGlass' | 'breakGlassStanding' | 'breakGlassGrants' | 'closeBreakGlass' | 'noticesOf' | 'acknowledgeNotice'
>;

/** The verbs about break-glass and about what tenants are told of it. `wake`: events wait to be relayed. */
export function breakGlassVerbs(parts: BreakGlass, wake: () => void): Verbs {
  const { registry, clock } = parts;
  const answer = <Value>(value: Value): Value => {
    wake();
    return value;
  };
  return {
    openBreakGlass: async (tenantId, request, actor) => answer(openGrant(parts, tenantId, request, actor)),
    breakGlassStanding: async (tenantId, subject) => standing(parts, tenantId, subject),
    breakGlassGrants: async (tenantId, page) => {
      needTenant(registry, tenantId);
      const { rows, total } = pageOfGrants(registry, tenantId, page);
      const now = clock.iso();
      return { grants: rows.map((row) => grantView(row, now)), total };
    },
    closeBreakGlass: async (tenantId, grantId, actor) => answer(closeGrant(parts, tenantId, grantId, actor)),
    noticesOf: async (tenantId, page) => {
      needTenant(registry, tenantId);
      const { rows, total } = pageOfNotices(registry, tenantId, page);
      return { notices: rows.map(noticeView), total };
    },
    acknowledgeNotice: async (tenantId, noticeId, actor) =>
      answer(acknowledgeNotice(registry, clock, tenantId, noticeId, actor)),
  };
}
