import { checkHandlers, type RouteName } from '../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../api/schemas/common.ts';
import type { TenantConfigPatch } from '../api/tenant-config.ts';
import type {
  ControlVerbs,
  CreateTenant,
  HoldTarget,
  PurgeRequest,
  RotationRequest,
  TokenRequest,
} from '../control/verbs.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { TenantState } from '../kernel/identity.ts';
import { supportBundleName } from '../kernel/names.ts';
import type { Admitted } from './app.ts';

/** Admin routes: each is one verb of control; what is saved as a file is answered as it is. */
type Answer = { data: unknown; meta?: unknown };
type Verb = (control: ControlVerbs, admitted: Admitted) => Promise<Answer | Response>;

const data = async (promise: Promise<unknown>): Promise<Answer> => ({ data: await promise });

const VERBS: Partial<Record<RouteName, Verb>> = {
  createTenant: (control, { body, caller }) => data(control.createTenant(body as CreateTenant, caller.subject)),
  async listTenants(control, { query }) {
    const page = query as { state?: TenantState; page: number; limit: number };
    const { tenants, total } = await control.tenants(page);
    return { data: tenants, meta: listMeta(total, page, { state: page.state }) };
  },
  tenant: (control, { tenantId }) => data(control.tenant(tenantId!)),
  configureTenant(control, { tenantId, body, caller }) {
    const { config, reason } = body as { config: TenantConfigPatch; reason: string };
    return data(control.configure(tenantId!, config, reason, caller.subject));
  },
  setCustomFields(control, { tenantId, body, caller }) {
    const { custom_fields, reason } = body as Required<Pick<TenantConfigPatch, 'custom_fields'>> & { reason: string };
    return data(control.configure(tenantId!, { custom_fields }, reason, caller.subject));
  },
  clearCustomFields: (control, { tenantId, query, caller }) =>
    data(control.configure(tenantId!, { custom_fields: null }, (query as { reason: string }).reason, caller.subject)),
  suspendTenant: (control, { tenantId, body, caller }) =>
    data(control.suspend(tenantId!, body as { reason: string; notify_tenant: boolean }, caller.subject)),
  resumeTenant: (control, { tenantId, body, caller }) =>
    data(control.resume(tenantId!, body as { reason: string }, caller.subject)),
  deprovisionTenant: (control, { tenantId, body, caller }) =>
    data(
      control.deprovision(
        tenantId!,
        body as { reason: string; confirm: boolean; confirm_tenant_id: string },
        caller.subject,
      ),
    ),
  retryTenant: (control, { tenantId, caller }) => data(control.retry(tenantId!, caller.subject)),
  abandonTenant: (control, { tenantId, caller }) => data(control.abandon(tenantId!, caller.subject)),
  holdTenant(control, { tenantId, body, caller }) {
    const { action, reason, scope, resource_id } = body as HoldTarget & { action: 'set' | 'lift'; reason: string };
    const target = { scope, ...(resource_id === undefined ? {} : { resource_id }) };
    const act = action === 'set' ? control.setHold : control.liftHold;
    return data(act(tenantId!, target, reason, caller.subject));
  },
  async listHolds(control, { tenantId, query }) {
    const page = query as unknown as PageQuery & { status: 'in_force' | 'lifted' | 'all' };
    const { status } = page;
    const { holds, total } = await control.holds(tenantId!, { status, ...placeOf(page) });
    return { data: holds, meta: listMeta(total, page, { status }, cursorOf(holds, page.limit, 'hold_id')) };
  },
  tenantKeys: (control, { tenantId }) => data(control.tenantKeys(tenantId!)),
  rotateKeys: (control, { tenantId, body, caller }) =>
    data(control.rotateKeys(tenantId!, body as RotationRequest, caller.subject)),
  reencryptTenant: (control, { tenantId, body, caller }) =>
    data(control.reencrypt(tenantId!, (body as { reason: string }).reason, caller.subject)),
  purgeKey: (control, { tenantId, body, caller }) =>
    data(control.purgeKey(tenantId!, body as PurgeRequest, caller.subject)),
  verifyTenant: (control, { tenantId, caller }) => data(control.verify(tenantId!, caller.subject)),
  async listIsolation(control, { tenantId, query }) {
    const page = query as unknown as PageQuery;
    const { reports, total } = await control.isolationReports(tenantId!, placeOf(page));
    return { data: reports, meta: listMeta(total, page, {}, cursorOf(reports, page.limit, 'report_id')) };
  },
  getIsolation: (control, { tenantId, params }) => data(control.isolationReport(tenantId!, params.report_id!)),
  openBreakGlass: (control, { tenantId, body, caller }) =>
    data(control.openBreakGlass(tenantId!, body as { reason: string; minutes?: number }, caller.subject)),
  async listBreakGlass(control, { tenantId, query }) {
    const page = query as unknown as PageQuery;
    const { grants, total } = await control.breakGlassGrants(tenantId!, placeOf(page));
    return { data: grants, meta: listMeta(total, page, {}, cursorOf(grants, page.limit, 'grant_id')) };
  },
  closeBreakGlass: (control, { tenantId, params, caller }) =>
    data(control.closeBreakGlass(tenantId!, params.grant_id!, caller.subject)),
  async listNotices(control, { tenantId, query }) {
    const page = query as unknown as PageQuery & { unread?: boolean };
    const { unread } = page;
    const { notices, total } = await control.noticesOf(tenantId!, {
      ...placeOf(page),
      ...(unread ? { unread } : {}),
    });
    return { data: notices, meta: listMeta(total, page, { unread }, cursorOf(notices, page.limit, 'notice_id')) };
  },
  acknowledgeNotice: (control, { tenantId, params, caller }) =>
    data(control.acknowledgeNotice(tenantId!, params.notice_id!, caller.subject)),
  measures: (control, { query }) => data(control.plots(query as { tenant_id?: string; hours: number })),
  alerts: (control) => data(control.alerts()),
  installation: (control) => data(control.installation()),
  diagnose: (control) => data(control.diagnose()),
  supportListing: (control) => data(control.supportListing()),
  async supportBundle(control, { caller }) {
    const bytes = await control.supportBundle(caller.subject);
    return new Response(bytes, {
      headers: {
        'content-type': 'application/gzip',
        'content-length': String(bytes.length),
        'content-disposition': `attachment; filename="${supportBundleName(new Date())}"`,
        'cache-control': 'no-store',
      },
    });
  },
  boundary: (control) => data(control.boundary()),
  makeBoundary: (control) => data(control.makeBoundary()),
  issueToken: (control, { body, caller }) => data(control.issueToken(body as TokenRequest, caller.subject)),
  async revokeTokens(control, { body, caller }) {
    const { reason, ...which } = body as { jti?: string; subject?: string; tenant_id?: string; reason: string };
    return { data: { revoked: await control.revokeTokens(which, reason, caller.subject) } };
  },
};

export function adminHandler(control: ControlVerbs): (admitted: Admitted) => Promise<Response> {
  checkHandlers('control', VERBS);
  return async (admitted) => {
    const verb = VERBS[admitted.name];
    if (!verb) throw new FrostbyteError('INTERNAL_ERROR', 'This route has no handler.');
    const answered = await verb(control, admitted);
    if (answered instanceof Response) return answered;
    const { data, meta } = answered;
    return Response.json({ success: true, data, ...(meta ? { meta } : {}) }, { status: admitted.route.status });
  };
}
