import { cameTo, NOTHING, REASON, type Run } from './action.ts';
import { look } from './looks.ts';
import type { Rules, TenantModel } from './model.ts';
import type { Session } from './session.ts';

/** What surrounds documents: terms, law, the kill-switch, break-glass, time. */

export const configure = (change: Partial<Rules>): Run => {
  return async (session, tenant) => {
    const changed = Object.entries(change).filter(
      ([name, value]) => tenant.rules[name as keyof Rules] !== value,
    ).length;
    const status = tenant.isSuspended ? 409 : 200;
    const body = { config: change, ...REASON };
    await session.must(status, 'frode', 'PATCH', `/admin/tenants/${tenant.id}`, body);
    if (status !== 200 || changed === 0) return;
    tenant.rules = { ...tenant.rules, ...change, version: tenant.rules.version + 1 };
    tenant.tell('TENANT_CONFIG_UPDATED', tenant.id, changed);
  };
};

export const hold = (
  action: 'set' | 'lift',
  target: (session: Session, tenant: TenantModel) => HoldTarget | null,
): Run => {
  return async (session, tenant) => {
    const found = target(session, tenant);
    if (found === null) return NOTHING;
    const { scope, id, isThere } = found;
    const key = `${scope} ${id}`;
    const isHeld = tenant.holds.has(key);
    const status = action === 'lift' ? (isHeld ? 200 : 404) : isHeld ? 409 : isThere ? 200 : 404;
    const body = { action, scope, ...(scope === 'tenant' ? {} : { resource_id: id }), ...REASON };
    await session.must(status, 'greta', 'POST', `/admin/tenants/${tenant.id}/hold`, body);
    if (status !== 200) return key;
    if (action === 'set') tenant.holds.add(key);
    else tenant.holds.delete(key);
    tenant.tell(action === 'set' ? 'HOLD_SET' : 'HOLD_LIFTED', id);
    return key;
  };
};

interface HoldTarget {
  scope: 'tenant' | 'batch' | 'document';
  id: string;
  isThere: boolean;
}

export const theTenant = (_: Session, { id }: TenantModel): HoldTarget => ({ scope: 'tenant', id, isThere: true });
export const theDocument =
  (nth: number) =>
  (session: Session, tenant: TenantModel): HoldTarget | null => {
    const came = cameTo(session, tenant);
    const content = came[nth % Math.max(came.length, 1)];
    if (content === undefined) return null;
    const id = session.docId(tenant, content);
    return { scope: 'document', id, isThere: tenant.docs.has(id) };
  };
export const theBatch =
  (nth: number) =>
  (_: Session, { batches }: TenantModel): HoldTarget | null => {
    const id = [...batches.keys()][nth % Math.max(batches.size, 1)];
    return id === undefined ? null : { scope: 'batch', id, isThere: true };
  };

export const suspend: Run = async (session, tenant) => {
  const status = tenant.isSuspended ? 409 : 200;
  const body = { ...REASON, notify_tenant: true };
  await session.must(status, 'frode', 'POST', `/admin/tenants/${tenant.id}/suspend`, body);
  if (status !== 200) return;
  tenant.isSuspended = true;
  const live = tenant.glass.filter(({ until }) => until > session.now);
  tenant.tell('BREAK_GLASS_CLOSED', tenant.id, live.length);
  tenant.glass = [];
  tenant.tell('TENANT_SUSPENDED', tenant.id);
};

export const resume: Run = async (session, tenant) => {
  const status = tenant.isSuspended ? 200 : 409;
  await session.must(status, 'frode', 'POST', `/admin/tenants/${tenant.id}/resume`, REASON);
  if (status !== 200) return;
  tenant.isSuspended = false;
  tenant.tell('TENANT_RESUMED', tenant.id);
  await session.issueTokens(tenant.id);
};

/** Greta opens break-glass by a grant, not by each look. */
export const openGlass: Run = async (session, tenant) => {
  const status = tenant.isSuspended ? 403 : 201;
  await session.must(status, 'greta', 'POST', `/admin/tenants/${tenant.id}/break-glass`, REASON);
  if (status !== 201) return;
  session.openGlass(tenant, 'greta');
};

export const search: Run = async (session, tenant) => {
  for (const who of ['dana', 'bob', 'greta'] as const) await look(session, tenant, who, { view: 'search' });
};

/** Time passes, and the daemon's round comes. */
export const wait = (ms: number): Run => {
  return async (session) => {
    await session.passTime(ms);
    for (const each of session.tenants) {
      // The sweeper rests while a tenant is suspended.
      if (each.isSuspended) continue;
      await session.world.maintain(each.id);
      each.maintain(session.now);
    }
  };
};

export const restart: Run = (session) => session.world.restart();
