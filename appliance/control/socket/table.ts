import { z } from 'zod';
import type { Verb, VerbTable } from '../../api/rpc/verbs.ts';
import { CreateTenantBody, TenantListQuery } from '../../api/schemas/admin.ts';
import { ExportBody } from '../../api/schemas/audit.ts';
import { TenantConfigPatch } from '../../api/tenant-config.ts';
import { APPLIANCE_LOG, RESOURCE_TYPES } from '../../kernel/audit-event.ts';
import { HOLD_SCOPES } from '../../kernel/holds.ts';
import { ROLES, SCOPES } from '../../kernel/identity.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import type { SplitVerbs } from '../split-verbs.ts';
import type { ControlVerbs } from '../verbs.ts';

/** Every verb of control as the socket offers it: the form of its arguments, of its answer, and how long it may take. */

const ANSWER_SECONDS = 10;
/** A check of every pair of tenants and stores. */
const CHECK_SECONDS = 120;
/** Leaves and events of one call; whoever wants more asks again. */
export const MOST_LEAVES = 16_384;

const tenantId = z.string().regex(TENANT_ID);
const logId = z.union([tenantId, z.literal(APPLIANCE_LOG)]);
const text = (most: number) => z.string().max(most);
const actor = text(128);
const id = text(300);
/** Control itself says what is wrong with a reason. */
const reason = text(4000);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const limit = z.number().int().min(1).max(1000);
const place = { limit, offset: count.optional(), after: id.optional() };
const target = z.strictObject({ scope: z.enum(HOLD_SCOPES), resource_id: id.optional() });
const filter = {
  event_type: text(64).optional(),
  resource_type: text(64).optional(),
  resource_id: id.optional(),
  start_date: text(40).optional(),
  end_date: text(40).optional(),
  actor: text(128).optional(),
  status: text(40).optional(),
  through: z.number().int().optional(),
};

const verb = (args: [...z.ZodType[]], change: Partial<Verb> = {}): Verb => ({
  args: z.tuple(args as [z.ZodType, ...z.ZodType[]]),
  answer: 'value',
  seconds: ANSWER_SECONDS,
  ...change,
});

/** Verbs of control that cross as they are; a log and what is saved as a file have verbs of their own. */
type Plain = Exclude<keyof ControlVerbs, 'auditLog' | 'exportFile' | 'supportBundle'>;

const PLAIN = {
  authenticate: verb([text(8192)]),
  publicKeys: verb([]),
  isLive: verb([text(128)]),
  issueToken: verb([
    z.strictObject({
      subject: text(1000),
      role: z.enum(ROLES),
      scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
      tenant_id: text(64).optional(),
      ttl_seconds: z.number().optional(),
    }),
    actor,
  ]),
  redeemCode: verb([text(200)]),
  revokeTokens: verb([
    z.strictObject({ jti: id.optional(), subject: text(1000).optional(), tenant_id: text(64).optional() }),
    reason,
    actor,
  ]),
  signIn: verb([
    z.union([z.strictObject({ code: text(200) }), z.strictObject({ username: text(200), password: text(2000) })]),
    text(64),
  ]),
  session: verb([text(200)]),
  signOut: verb([text(200)]),
  authenticationFailed: verb([text(64), text(64)]),

  gate: verb([text(64)]),
  createTenant: verb([CreateTenantBody, actor]),
  tenants: verb([TenantListQuery]),
  tenant: verb([text(64)]),
  configure: verb([tenantId, TenantConfigPatch, reason, actor]),
  suspend: verb([tenantId, z.strictObject({ reason, notify_tenant: z.boolean() }), actor]),
  resume: verb([tenantId, z.strictObject({ reason }), actor]),
  deprovision: verb([tenantId, z.strictObject({ reason, confirm: z.boolean(), confirm_tenant_id: text(1000) }), actor]),
  retry: verb([tenantId, actor]),
  abandon: verb([tenantId, actor]),
  verify: verb([tenantId, actor], { seconds: CHECK_SECONDS }),
  isolationReports: verb([tenantId, z.strictObject(place)]),
  isolationReport: verb([tenantId, id]),

  rotateKeys: verb([tenantId, z.strictObject({ reason, emergency: z.boolean().optional() }), actor], {
    seconds: CHECK_SECONDS,
  }),
  tenantKeys: verb([text(64)]),
  reencrypt: verb([tenantId, reason, actor]),
  purgeKey: verb([tenantId, z.strictObject({ kind: z.enum(['identity', 'storage']), version: count, reason }), actor], {
    seconds: CHECK_SECONDS,
  }),

  setHold: verb([tenantId, target, reason, actor]),
  liftHold: verb([tenantId, target, reason, actor]),
  holds: verb([
    tenantId,
    z.strictObject({ status: z.enum(['in_force', 'lifted', 'all']), limit, offset: count, after: id.optional() }),
  ]),
  holdsOn: verb([tenantId, id, z.array(id).max(100_000)]),
  ledger: verb([z.strictObject({ tenant_id: text(64).optional(), after: count, offset: count.optional(), limit })]),

  openBreakGlass: verb([
    tenantId,
    z.strictObject({
      reason,
      minutes: z.number().optional(),
      by: z.strictObject({ method: text(16), route: text(200) }).optional(),
    }),
    actor,
  ]),
  breakGlassStanding: verb([tenantId, actor]),
  breakGlassGrants: verb([tenantId, z.strictObject(place)]),
  closeBreakGlass: verb([tenantId, id, actor]),
  noticesOf: verb([tenantId, z.strictObject({ ...place, unread: z.boolean().optional() })]),
  acknowledgeNotice: verb([tenantId, id, actor]),

  report: verb([
    logId,
    text(64),
    z.strictObject({ actor, resource_id: id, adds: z.record(z.string().max(64), z.unknown()) }),
  ]),
  startExport: verb([logId, ExportBody, actor]),
  exportStatus: verb([logId, text(64)]),
  exportManifest: verb([logId, text(64)]),
  plots: verb([z.strictObject({ tenant_id: tenantId.optional(), hours: z.number().int().min(1).max(744) })]),
  alerts: verb([]),
  installation: verb([], { seconds: CHECK_SECONDS }),
  diagnose: verb([], { seconds: CHECK_SECONDS }),
  supportListing: verb([], { seconds: CHECK_SECONDS }),
  boundary: verb([]),
  makeBoundary: verb([]),
  activeTenants: verb([]),
  health: verb([]),
} satisfies Record<Plain, Verb>;

/** A log, by its id: to read, not to write. */
const LOG = {
  'log.check': verb([logId]),
  'log.size': verb([logId]),
  'log.event': verb([logId, text(64)]),
  'log.events': verb([
    logId,
    z.strictObject({
      ...filter,
      sort: z.enum(['asc', 'desc']),
      limit,
      after: z.number().int().optional(),
      offset: count.optional(),
    }),
  ]),
  'log.count': verb([logId, z.strictObject(filter)]),
  'log.resource': verb([logId, z.enum(RESOURCE_TYPES), id], { answer: 'items' }),
  'log.readsOf': verb([logId, id, limit]),
  'log.range': verb([logId, count, count], { answer: 'items' }),
  'log.leaves': verb([logId, count, count], { answer: 'bytes' }),
  'export.about': verb([logId, text(64)]),
  'export.bytes': verb([logId, text(64)], { answer: 'bytes' }),
  'support.bytes': verb([actor], { answer: 'bytes', seconds: CHECK_SECONDS }),
} satisfies VerbTable;

export const CONTROL_TABLE = Object.freeze({ ...PLAIN, ...LOG });
export type ControlTable = typeof CONTROL_TABLE;

const gateway = z.strictObject({ key_id: text(64), public_key: text(1000), url: text(300) });

/** What only a gateway in a process of its own asks. */
export const SPLIT_TABLE = Object.freeze({
  announce: verb([gateway]),
  limits: verb([]),
  planeAddress: verb([tenantId, gateway], { seconds: 2 * ANSWER_SECONDS }),
  readiness: verb([], { seconds: 3 * ANSWER_SECONDS }),
  measures: verb([], { seconds: 2 * ANSWER_SECONDS }),
  measured: verb([text(64), z.array(z.unknown()).max(1000)]),
} satisfies Record<keyof SplitVerbs, Verb>);
