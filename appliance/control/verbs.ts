import type { ConfigChange, TenantConfig, TenantConfigPatch } from '../api/tenant-config.ts';
import type { ExportFile, ExportRecord, ExportRequest } from '../audit/export.ts';
import type { HoldScope } from '../kernel/holds.ts';
import type { Caller, Role, Scope, TenantState } from '../kernel/identity.ts';
import type { AuditLog } from '../stores/log/port.ts';
import type { BoundaryReport, HostDiagnosis, InstallationReport, SupportListing } from './host-reports.ts';
import type { KeyRotation, PurgeRequest, Reencryption, RotationRequest, TenantKeyReport } from './keys/types.ts';
import type { LedgerEntry } from './ledger/entries.ts';

export type * from './host-reports.ts';
export type * from './keys/types.ts';

/** A log as the gateway may use it: to read. */
export type AuditLogReader = Pick<
  AuditLog,
  'size' | 'event' | 'events' | 'count' | 'resource' | 'readsOf' | 'range' | 'leaves' | 'check'
>;

export type { LedgerEntry } from './ledger/entries.ts';

/**
 * All that the gateway may ask of the room with the keys. Called directly in embedded mode, over a 0600 socket in the
 * split arrangement: every argument and answer is plain data (but `auditLog` and what is saved as a file,
 * which the socket offers as verbs of their own).
 * Errors are FrostbyteError with codes of spec 4; state changes and their audit events share a transaction.
 */
export interface ControlVerbs {
  // Tokens
  /** Verifies signature, times, revocation. Throws `AUTHENTICATION_REQUIRED`, `TOKEN_EXPIRED`, `TOKEN_REVOKED`. */
  authenticate(token: string): Promise<Caller>;
  /** The public halves of the keys that sign tokens: with them, a gateway checks signatures by itself. */
  publicKeys(): Promise<PublicKey[]>;
  /** Whether a token is known, not revoked and not of an ended epoch. Cheap: asked on every request. */
  isLive(jti: string): Promise<boolean>;
  issueToken(request: TokenRequest, actor: string): Promise<IssuedToken>;
  /** Exchanges a one-time code for its token. Throws `AUTHENTICATION_REQUIRED` where it was, is over, or is none. */
  redeemCode(code: string): Promise<IssuedToken>;
  /** Revokes one token, or all of a subject or tenant. Returns how many were live. */
  revokeTokens(
    which: { jti?: string; subject?: string; tenant_id?: string },
    reason: string,
    actor: string,
  ): Promise<number>;
  // Sessions of the user interface
  /**
   * Opens a session for whoever shows a one-time code, or a name and its password, from this source. Throws
   * `AUTHENTICATION_REQUIRED`, `RATE_LIMIT_EXCEEDED` after too many failures, `TENANT_SUSPENDED`, `INVALID_STATE_TRANSITION`.
   */
  signIn(how: SignIn, source: string): Promise<OpenedSession>;
  /**
   * Who calls by a session, as `authenticate` says of a token, and notes that it is used. Throws `AUTHENTICATION_REQUIRED`,
   * `TOKEN_EXPIRED` (also where nobody used it for long), `TOKEN_REVOKED`.
   */
  session(secret: string): Promise<SessionCaller>;
  /** Ends a session for good. Throws as `session`. */
  signOut(secret: string): Promise<void>;
  /** Counts a failed authentication per source and minute (AUTHENTICATION_FAILED, spec 5). */
  authenticationFailed(source: string, code: string): void;

  // Tenants
  /** State of a tenant as the gateway must know it on every request: reads the synced flag, then the registry. Cheap. */
  gate(tenantId: string): Promise<TenantGate>;
  createTenant(request: CreateTenant, actor: string): Promise<Tenant>;
  tenants(query: { state?: TenantState; page: number; limit: number }): Promise<{ tenants: Tenant[]; total: number }>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  tenant(tenantId: string): Promise<Tenant>;
  configure(tenantId: string, patch: TenantConfigPatch, reason: string, actor: string): Promise<ConfigUpdate>;
  suspend(tenantId: string, request: { reason: string; notify_tenant: boolean }, actor: string): Promise<StateChange>;
  resume(tenantId: string, request: { reason: string }, actor: string): Promise<StateChange>;
  /** Starts deleting; the rest happens in the background and survives a restart. Throws `CONFIRMATION_MISMATCH`. */
  deprovision(
    tenantId: string,
    request: { reason: string; confirm: boolean; confirm_tenant_id: string },
    actor: string,
  ): Promise<StateChange>;
  /** FAILED → PROVISIONING, only where `failed_during` is provisioning. */
  retry(tenantId: string, actor: string): Promise<StateChange>;
  /** FAILED → DEPROVISIONING. */
  abandon(tenantId: string, actor: string): Promise<StateChange>;
  /** Own access OK, foreign access DENIED (spec 3, "Isolation check"). */
  verify(tenantId: string, actor: string): Promise<IsolationReport>;
  /** Kept reports of a tenant's isolation checks, newest first; `after` is a report's id. */
  isolationReports(tenantId: string, page: PageRequest): Promise<{ reports: IsolationSummary[]; total: number }>;
  /** Throws `RESOURCE_NOT_FOUND`, also for one that is not kept any more. */
  isolationReport(tenantId: string, reportId: string): Promise<IsolationReport>;

  // Keys
  /**
   * A new identity for the tenant's secrets; in an emergency also the next storage identity and new store credentials.
   * Throws `INVALID_STATE_TRANSITION`, `KEY_UNAVAILABLE`; what had begun is finished by itself.
   */
  rotateKeys(tenantId: string, request: RotationRequest, actor: string): Promise<KeyRotation>;
  /** Keys, where they stand, and what lies outside the box; in every state of the tenant. */
  tenantKeys(tenantId: string): Promise<TenantKeyReport>;
  /** Moves objects to the newest storage identity, behind the answer. `tenantKeys` shows how far it is. */
  reencrypt(tenantId: string, reason: string, actor: string): Promise<Reencryption>;
  /** Destroys an archived key. Throws `INVALID_STATE_TRANSITION` while an object or a kept backup needs it. */
  purgeKey(tenantId: string, request: PurgeRequest, actor: string): Promise<TenantKeyReport>;

  // Legal holds
  /**
   * Puts a tenant, a batch or a document under a legal hold, also while the tenant is suspended. Throws
   * `RESOURCE_NOT_FOUND` for a batch or document that is not there, `INVALID_STATE_TRANSITION` where it is held already,
   * is being erased, or the tenant is being deleted.
   */
  setHold(tenantId: string, target: HoldTarget, reason: string, actor: string): Promise<Hold>;
  /** Lifts the hold on exactly this. Throws `RESOURCE_NOT_FOUND` where there is none in force. */
  liftHold(tenantId: string, target: HoldTarget, reason: string, actor: string): Promise<Hold>;
  /** Newest first; `after` is the id of the last hold seen. */
  holds(
    tenantId: string,
    page: PageRequest & { status: 'in_force' | 'lifted' | 'all' },
  ): Promise<{ holds: Hold[]; total: number }>;
  /** Scopes of the holds that keep a document which came with these batches: what a data plane asks before it erases. */
  holdsOn(tenantId: string, docId: string, batchIds: readonly string[]): Promise<HoldScope[]>;

  // Ledger
  /** What no restore may undo (spec 7), in order, behind the place `after` and without the first `offset`; of one tenant where it is named. */
  ledger(query: {
    tenant_id?: string;
    after: number;
    offset?: number;
    limit: number;
  }): Promise<{ entries: LedgerEntry[]; total: number }>;

  // Break-glass, and what the tenant is told of it
  /**
   * Opens a grant for the actor. With `by` (a look that names its reason) a live grant of the same reason is answered
   * instead. Throws `VALIDATION_ERROR`, `RESOURCE_NOT_FOUND`, `TENANT_SUSPENDED`, `INVALID_STATE_TRANSITION`.
   */
  openBreakGlass(tenantId: string, request: BreakGlassRequest, actor: string): Promise<BreakGlassGrant>;
  /** Whether a subject may look at a tenant's content now. Cheap: asked before each look. */
  breakGlassStanding(tenantId: string, subject: string): Promise<BreakGlassStanding>;
  /** Grants of a tenant, newest first; `after` is a grant's id. */
  breakGlassGrants(tenantId: string, page: PageRequest): Promise<{ grants: BreakGlassGrant[]; total: number }>;
  /** Throws `RESOURCE_NOT_FOUND`, and `INVALID_STATE_TRANSITION` for a grant that is over. */
  closeBreakGlass(tenantId: string, grantId: string, actor: string): Promise<BreakGlassGrant>;
  /** Notices of a tenant, newest first; `after` is a notice's id. */
  noticesOf(tenantId: string, page: PageRequest & { unread?: boolean }): Promise<{ notices: Notice[]; total: number }>;
  /** Twice is the same as once. Throws `RESOURCE_NOT_FOUND`. */
  acknowledgeNotice(tenantId: string, noticeId: string, actor: string): Promise<Notice>;

  // Audit
  /** The log of a tenant (any state, also deprovisioned) or of `_appliance`. Throws `RESOURCE_NOT_FOUND`. */
  auditLog(logId: string): Promise<AuditLogReader>;
  /** Writes an event about people or the appliance (break-glass, exports) into a tenant's log. */
  report(
    logId: string,
    type: string,
    event: { actor: string; resource_id: string; adds: Record<string, unknown> },
  ): Promise<void>;

  /** Starts an export of a log and answers at once; AUDIT_EXPORTED is reported before it counts as ready. */
  startExport(logId: string, request: ExportRequest, actor: string): Promise<ExportRecord>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  exportStatus(logId: string, exportId: string): Promise<ExportRecord>;
  /** What `audit_export_manifest.json` says (spec 5). Throws `RESOURCE_NOT_FOUND` for one that is not ready. */
  exportManifest(logId: string, exportId: string): Promise<string>;
  /** The export itself, as a stream. Throws `RESOURCE_NOT_FOUND` for one that is not ready, or has expired. */
  exportFile(logId: string, exportId: string): Promise<ExportFile>;

  // What was measured
  /**
   * What dashboards draw of the last hours, of a tenant or of the whole box. Throws `RESOURCE_NOT_FOUND`, and
   * `SERVICE_UNAVAILABLE` in a process that keeps no measures.
   */
  plots(query: { tenant_id?: string; hours: number }): Promise<MeasuredPlots>;
  /** The alerts that hold now, and the rules that were asked. Throws `SERVICE_UNAVAILABLE` as `plots`. */
  alerts(): Promise<AlertReport>;

  // The host
  /** What is installed here and what runs of it. Throws `SERVICE_UNAVAILABLE` in a process that does not look at its host. */
  installation(): Promise<InstallationReport>;
  /** What is wrong here and how it is mended, as `frostbyte doctor` says it. Throws as `installation`. */
  diagnose(): Promise<HostDiagnosis>;
  /** The boundary statement that was made last, its signature checked, and how a newer one stands. Throws as `installation`. */
  boundary(): Promise<BoundaryReport>;
  /** What a support bundle would hold now; nothing is written. Throws as `installation`, and `OPERATION_FAILED`. */
  supportListing(): Promise<SupportListing>;
  /** One, packed, in the log under the name of whoever asked. Throws as `supportListing`. */
  supportBundle(actor: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Has one made, which takes a minute. Throws `INVALID_STATE_TRANSITION` where no release is installed. */
  makeBoundary(): Promise<{ being_made: true }>;

  /** Tenants whose data plane should be running now. */
  activeTenants(): Promise<string[]>;
  health(): Promise<{ name: string; ok: boolean; message: string }[]>;
}

export interface MeasuredPlots {
  from: string;
  to: string;
  /** How far apart the samples are that it was made of. */
  step_seconds: number;
  /** Where each point of a line ends. */
  times: string[];
  plots: {
    plot: string;
    unit: 'count' | 'bytes' | 'seconds';
    /** Null where nothing was measured. */
    lines: { line: string; points: (number | null)[] }[];
  }[];
}

export type Severity = 'critical' | 'high' | 'medium' | 'low';

export interface AlertReport {
  /** Null before the first look. */
  evaluated_at: string | null;
  alerts: {
    rule: string;
    severity: Severity;
    tenant_id: string;
    value: number;
    above: number;
    since: string;
    summary: string;
    mend: string;
  }[];
  rules: { rule: string; severity: Severity; summary: string }[];
}

/** By what a person signs in. */
export type SignIn = { code: string } | { username: string; password: string };

/** A session as it is handed out, once: the secret is kept nowhere but at the browser. */
export interface OpenedSession {
  secret: string;
  subject: string;
  expires_at: string;
}

export interface SessionCaller extends Caller {
  /** When it is over however it is used. */
  expires_at: string;
}

export interface TokenRequest {
  subject: string;
  role: Role;
  /** Default: the role's. Never more than the role may have. */
  scopes?: Scope[];
  /** Required for `tenant_user` and `tenant_admin`, refused for the others. */
  tenant_id?: string;
  /** Default 12 hours, at most 366 days. */
  ttl_seconds?: number;
}

/** A key that verifies tokens, as a JSON Web Key. */
export interface PublicKey {
  kid: string;
  jwk: { kty: string; crv: string; x: string };
}

export interface IssuedToken {
  token: string;
  jti: string;
  expires_at: string;
}

export interface TenantGate {
  /** Null where there is no such tenant. */
  state: TenantState | null;
  config: TenantConfig | null;
  config_version: number;
}

export interface CreateTenant {
  /** From the name unless given. */
  tenant_id?: string;
  tenant_name: string;
  contact_email: string;
  tier: 'standard' | 'premium' | 'enterprise';
  config?: TenantConfigPatch;
}

export interface Tenant {
  tenant_id: string;
  tenant_name: string;
  contact_email: string;
  tier: 'standard' | 'premium' | 'enterprise';
  state: TenantState;
  failed_during?: 'provisioning' | 'deprovisioning';
  created_at: string;
  provisioning: { status: string; started_at: string | null; completed_at: string | null; steps: ProvisioningStep[] };
  provisioned_at: string | null;
  config: TenantConfig;
  config_version: number;
  usage: { storage_used_gb: number; documents_count: number; chunks_count: number; batches_count: number };
  endpoints: { api: string; health: string };
  age_public_key: string | null;
  key_version: number | null;
  key_rotated_at: string | null;
  key_rotation_due_at: string | null;
  /** The last isolation check; null before the first. */
  isolation: { checked_at: string; overall_pass: boolean; overdue: boolean } | null;
}

export interface ProvisioningStep {
  step: string;
  status: 'pending' | 'done' | 'undone' | 'failed';
  at: string | null;
  error_code?: string;
}

/** What a hold covers; a tenant's needs no id. */
export interface HoldTarget {
  scope: HoldScope;
  resource_id?: string;
}

export interface Hold {
  hold_id: string;
  tenant_id: string;
  scope: HoldScope;
  resource_id: string;
  reason: string;
  set_by: string;
  set_at: string;
  lifted_by: string | null;
  lifted_at: string | null;
  lift_reason: string | null;
}

export interface StateChange {
  tenant_id: string;
  previous_state: TenantState;
  current_state: TenantState;
  actions_taken: string[];
  at: string;
}

export interface ConfigUpdate {
  tenant_id: string;
  config: TenantConfig;
  config_version: number;
  previous_config_version: number;
  changes: ConfigChange[];
}

export interface PageRequest {
  limit: number;
  offset?: number;
  after?: string;
}

export interface BreakGlassRequest {
  reason: string;
  /** Default 15, at most 60 or what the site allows. */
  minutes?: number;
  /** The look that asked for it, where it was not opened for itself. */
  by?: { method: string; route: string };
}

export interface BreakGlassGrant {
  grant_id: string;
  tenant_id: string;
  subject: string;
  role: string;
  reason: string;
  opened_at: string;
  expires_at: string;
  state: 'open' | 'closed' | 'expired';
  /** Set where a person ended it before its time. */
  closed_at: string | null;
  closed_by: string | null;
}

export interface BreakGlassStanding {
  grant: BreakGlassGrant | null;
  /** When the subject's last grant ended, where none is live. */
  ended_at: string | null;
}

export type NoticeKind = 'suspended' | 'break_glass';

/** What a tenant is told: who did what, why, until when. */
export interface Notice {
  notice_id: string;
  tenant_id: string;
  kind: NoticeKind;
  created_at: string;
  actor: string | null;
  role: string | null;
  reason: string | null;
  until: string | null;
  grant_id: string | null;
  withdrawn_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

/** Spec 3. The SHA-256 of its canonical JSON stands in the audit log. */
export interface IsolationReport {
  report_id: string;
  tenant_id: string;
  checked_at: string;
  checks: {
    store: string;
    test: string;
    target: string;
    result: 'OK' | 'DENIED' | 'ALLOWED' | 'SKIPPED';
    /** Why nothing was found out; of what was SKIPPED although it should have been tried. */
    reason?: string;
    timestamp: string;
  }[];
  overall_pass: boolean;
}

/** An isolation report as lists show it. */
export interface IsolationSummary {
  report_id: string;
  tenant_id: string;
  checked_at: string;
  overall_pass: boolean;
  /** How many tries were made, and how many of them got through. */
  checks: number;
  allowed: number;
  report_sha256: string;
}
