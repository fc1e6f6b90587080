import { DEFAULT_TENANT_CONFIG } from '../../appliance/api/tenant-config.ts';
import type {
  BreakGlassGrant,
  ControlVerbs,
  Hold,
  HoldTarget,
  Notice,
  StateChange,
  Tenant,
  TenantKeyReport,
} from '../../appliance/control/verbs.ts';
import { type ErrorCode, FrostbyteError } from '../../appliance/kernel/errors.ts';
import type { Caller, Role, Scope, TenantState } from '../../appliance/kernel/identity.ts';
import { newId } from '../../appliance/kernel/ids.ts';
import { type MemoryLog, memoryLog } from './control/memory-log.ts';

/**
 * Control as the gateway sees it, in memory and strict: a verb that a test did not expect throws, tokens are the keys of
 * a table, and every call is written down in order.
 */
export interface ControlDouble {
  verbs: ControlVerbs;
  calls: { verb: string; args: unknown[] }[];
  states: Map<string, TenantState>;
  logs: Map<string, MemoryLog>;
  /** Makes a token for a role; `fails` is what authenticate throws for it. */
  token(role: Role, options?: { tenant?: string; scopes?: Scope[]; fails?: ErrorCode }): string;
}

const AT = '2026-01-01T00:00:00.000Z';
const REPORT = '01900000-0000-7000-8000-000000000001';
const SCOPES_OF: Record<Role, Scope[]> = {
  tenant_user: ['ingest', 'query'],
  tenant_admin: ['ingest', 'query', 'audit'],
  admin: ['ingest', 'query', 'admin', 'audit'],
  auditor: ['audit'],
};

const WALK = {
  storage_version: 1,
  status: 'running',
  started_at: AT,
  completed_at: null,
  examined: 0,
  moved: 0,
  moved_bytes: 0,
  failed: 0,
  error_code: null,
} as const;

const keysOf = (tenant_id: string): TenantKeyReport => ({
  tenant_id,
  key_version: 1,
  key_rotated_at: AT,
  key_rotation_due_at: AT,
  rotation: null,
  identities: [],
  storage: [],
  reencryption: null,
  escrow: null,
  outside_copies: [],
});

/** Tenants by state; each has an empty log. `changes` are verbs that behave otherwise. */
export function controlDouble(
  tenants: Record<string, TenantState> = {},
  changes: Partial<ControlVerbs> = {},
): ControlDouble {
  const calls: ControlDouble['calls'] = [];
  const states = new Map(Object.entries(tenants));
  const logs = new Map([...states.keys(), '_appliance'].map((id) => [id, memoryLog()]));
  const callers = new Map<string, Caller | ErrorCode>();

  const grants: BreakGlassGrant[] = [];

  const known = (id: string): TenantState => {
    const state = states.get(id);
    if (state === undefined) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
    return state;
  };
  const change = (id: string, current_state: TenantState): StateChange => {
    const previous_state = known(id);
    states.set(id, current_state);
    return { tenant_id: id, previous_state, current_state, actions_taken: [], at: AT };
  };
  const verbs: ControlVerbs = {
    authenticate: async (token) => {
      const found = callers.get(token);
      if (found === undefined) throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'A valid token is required.');
      if (typeof found === 'string') throw new FrostbyteError(found, 'The token is not accepted.');
      return found;
    },
    publicKeys: async () => [],
    isLive: async () => true,
    issueToken: async ({ subject }) => ({ token: `t-${subject}`, jti: 'j', expires_at: AT }),
    redeemCode: async (code) => {
      if (code === 'GOOD0-00000-00000-00000-00000') return { token: 't-admin', jti: 'j', expires_at: AT };
      throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'This code cannot be exchanged.');
    },
    revokeTokens: async (which) => Object.keys(which).length,
    signIn: async () => {
      throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'User name and password do not belong together.');
    },
    session: async (secret) => {
      const found = callers.get(secret);
      if (found === undefined) throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'Sign in to go on.');
      if (typeof found === 'string') throw new FrostbyteError(found, 'The session is over.');
      return { ...found, expires_at: AT };
    },
    signOut: async () => undefined,
    authenticationFailed: () => undefined,
    gate: async (id) => ({ state: states.get(id) ?? null, config: DEFAULT_TENANT_CONFIG, config_version: 1 }),
    createTenant: async (request) => {
      const id = request.tenant_id ?? 'made';
      if (states.has(id)) throw new FrostbyteError('TENANT_ALREADY_EXISTS', 'There is a tenant of this id.');
      states.set(id, 'PENDING');
      return tenantOf(id, 'PENDING');
    },
    tenants: async ({ state, page, limit }) => {
      const rows = [...states].filter(([, now]) => state === undefined || now === state);
      return {
        tenants: rows.slice((page - 1) * limit, page * limit).map(([id, now]) => tenantOf(id, now)),
        total: rows.length,
      };
    },
    tenant: async (id) => tenantOf(id, known(id)),
    configure: async (tenant_id, patch, reason, actor) => ({
      tenant_id,
      config: { ...DEFAULT_TENANT_CONFIG, ...(patch as object) },
      config_version: 2,
      previous_config_version: 1,
      changes: Object.entries(patch).map(([field, new_value]) => ({
        field,
        old_value: null,
        new_value,
        changed_by: actor,
        reason,
      })),
    }),
    suspend: async (id) => change(id, 'SUSPENDED'),
    resume: async (id) => change(id, 'ACTIVE'),
    deprovision: async (id) => change(id, 'DEPROVISIONING'),
    retry: async (id) => change(id, 'PROVISIONING'),
    abandon: async (id) => change(id, 'DEPROVISIONING'),
    verify: async (tenant_id) => ({
      report_id: REPORT,
      tenant_id,
      checked_at: AT,
      checks: [{ store: 'objects', test: 'read', target: 'probe', result: 'DENIED', timestamp: AT }],
      overall_pass: true,
    }),
    isolationReports: async () => ({ reports: [], total: 0 }),
    plots: async ({ tenant_id }) => {
      if (tenant_id !== undefined) known(tenant_id);
      return { from: AT, to: AT, step_seconds: 60, times: [AT], plots: [] };
    },
    alerts: async () => ({ evaluated_at: AT, alerts: [], rules: [] }),
    installation: async () => ({ release: null, images: [], containers: [], networks: [], evidence: null }),
    diagnose: async () => ({ looked_for: 1, ok: true, findings: [], blind: [] }),
    supportListing: async () => ({ files: [], bytes: 0, missing: [] }),
    supportBundle: async () => new Uint8Array([0x1f, 0x8b]),
    boundary: async () => ({ statement: null, being_made: false, failed: null }),
    makeBoundary: async () => ({ being_made: true as const }),
    isolationReport: async () => {
      throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such report of this tenant.');
    },
    rotateKeys: async (tenant_id, { emergency = false }) => ({
      tenant_id,
      key_version: 2,
      previous_key_version: 1,
      age_public_key: 'age1new',
      storage_version: emergency ? 2 : 1,
      emergency,
      key_rotation_due_at: AT,
    }),
    tenantKeys: async (id) => keysOf(id),
    reencrypt: async (tenant_id) => ({ ...WALK, tenant_id }),
    purgeKey: async (id) => keysOf(id),
    setHold: async (tenant_id, target, reason, actor) => holdOf(tenant_id, target, reason, actor),
    liftHold: async (tenant_id, target, reason, actor) => ({
      ...holdOf(tenant_id, target, reason, 'somebody'),
      lifted_by: actor,
      lifted_at: AT,
      lift_reason: reason,
    }),
    holds: async () => ({ holds: [], total: 0 }),
    holdsOn: async () => [],
    ledger: async () => ({ entries: [], total: 0 }),
    openBreakGlass: async (tenant_id, { reason }, actor) => {
      const grant = grantOf(tenant_id, actor, reason);
      grants.push(grant);
      return grant;
    },
    breakGlassStanding: async (id, subject) => ({
      grant: grants.find(({ tenant_id, subject: mine }) => tenant_id === id && mine === subject) ?? null,
      ended_at: null,
    }),
    breakGlassGrants: async (id) => {
      known(id);
      const mine = grants.filter(({ tenant_id }) => tenant_id === id);
      return { grants: mine, total: mine.length };
    },
    closeBreakGlass: async (id, grant_id, actor) => {
      known(id);
      return { ...grantOf(id, actor, 'closed'), grant_id, state: 'closed', closed_at: AT, closed_by: actor };
    },
    noticesOf: async (id) => {
      known(id);
      return { notices: [noticeOf(id)], total: 1 };
    },
    acknowledgeNotice: async (id, notice_id, actor) => ({
      ...noticeOf(id),
      notice_id,
      acknowledged_at: AT,
      acknowledged_by: actor,
    }),
    auditLog: async (id) => {
      const log = logs.get(id);
      if (!log) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
      return log;
    },
    report: async () => undefined,
    startExport: async () => unexpected(),
    exportStatus: async () => unexpected(),
    exportManifest: async () => unexpected(),
    exportFile: async () => unexpected(),
    activeTenants: async () => [...states].filter(([, state]) => state === 'ACTIVE').map(([id]) => id),
    health: async () => [],
    ...changes,
  };
  return {
    calls,
    states,
    logs,
    verbs: recorded(verbs, calls),
    token(role, { tenant, scopes, fails } = {}) {
      const token = `${role}.${tenant ?? ''}.${callers.size}`;
      const own = role === 'tenant_user' || role === 'tenant_admin';
      callers.set(
        token,
        fails ?? {
          subject: `${role}-subject`,
          role,
          scopes: scopes ?? SCOPES_OF[role],
          tenant_id: own ? (tenant ?? 'acme') : null,
          jti: `jti-${callers.size}`,
        },
      );
      return token;
    },
  };
}

function unexpected(): never {
  throw new TypeError('no export was expected');
}

function recorded(verbs: ControlVerbs, calls: ControlDouble['calls']): ControlVerbs {
  return new Proxy(verbs, {
    get(target, name: keyof ControlVerbs) {
      const verb = target[name] as ((...args: unknown[]) => unknown) | undefined;
      if (verb === undefined) throw new TypeError(`control has no verb ${String(name)}`);
      return (...args: unknown[]) => {
        calls.push({ verb: name, args });
        return verb(...args);
      };
    },
  });
}

function holdOf(tenant_id: string, { scope, resource_id }: HoldTarget, reason: string, set_by: string): Hold {
  return {
    hold_id: '01900000-0000-7000-8000-000000000001',
    tenant_id,
    scope,
    resource_id: resource_id ?? tenant_id,
    reason,
    set_by,
    set_at: AT,
    lifted_by: null,
    lifted_at: null,
    lift_reason: null,
  };
}

function grantOf(tenant_id: string, subject: string, reason: string): BreakGlassGrant {
  return {
    grant_id: newId(),
    tenant_id,
    subject,
    role: 'admin',
    reason,
    opened_at: AT,
    expires_at: AT,
    state: 'open',
    closed_at: null,
    closed_by: null,
  };
}

function noticeOf(tenant_id: string): Notice {
  return {
    notice_id: newId(),
    tenant_id,
    kind: 'break_glass',
    created_at: AT,
    actor: 'admin-subject',
    role: 'admin',
    reason: 'court order',
    until: AT,
    grant_id: newId(),
    withdrawn_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
  };
}

function tenantOf(tenant_id: string, state: TenantState): Tenant {
  return {
    tenant_id,
    tenant_name: tenant_id,
    contact_email: 'it@example.org',
    tier: 'standard',
    state,
    created_at: AT,
    provisioning: {
      status: 'completed',
      started_at: AT,
      completed_at: AT,
      steps: [{ step: 'make-keys', status: 'done', at: AT }],
    },
    provisioned_at: AT,
    config: structuredClone(DEFAULT_TENANT_CONFIG) as Tenant['config'],
    config_version: 1,
    usage: { storage_used_gb: 0, documents_count: 0, chunks_count: 0, batches_count: 0 },
    endpoints: { api: 'http://127.0.0.1/', health: 'http://127.0.0.1/health' },
    age_public_key: null,
    key_version: null,
    key_rotated_at: null,
    key_rotation_due_at: null,
    isolation: null,
  };
}
