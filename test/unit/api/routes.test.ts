import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHandlers, honoMethod, honoPath, OPEN_PATHS, ROUTES, type Route } from '../../../appliance/api/routes.ts';
import { generateSeamKeys } from '../../../appliance/api/seam.ts';
import { createProgram } from '../../../appliance/cli/main.ts';
import { ROLE_RULES } from '../../../appliance/control/tokens/roles.ts';
import type { ControlVerbs } from '../../../appliance/control/verbs.ts';
import { createDataApp } from '../../../appliance/data/app.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { adminHandler } from '../../../appliance/gateway/admin.ts';
import { auditHandler } from '../../../appliance/gateway/audit.ts';
import { ROLES } from '../../../appliance/kernel/identity.ts';

const ALL = Object.entries(ROUTES as Record<string, Route>);
const of = (plane: Route['plane']) => ALL.filter(([, route]) => route.plane === plane).map(([name]) => name);

/** The seventeen endpoints of spec 4, written out: method, path, status of success. */
const SEVENTEEN = `
POST /ingest/{tenant_id}/batch 202
GET /ingest/{tenant_id}/batch/{batch_id} 200
GET /ingest/{tenant_id}/receipt/{receipt_id} 200
POST /query/{tenant_id}/search 200
GET /query/{tenant_id}/document/{doc_id} 200
GET /query/{tenant_id}/chunk/{chunk_id} 200
POST /admin/tenants 201
GET /admin/tenants 200
GET /admin/tenants/{tenant_id} 200
PATCH /admin/tenants/{tenant_id} 200
POST /admin/tenants/{tenant_id}/suspend 200
POST /admin/tenants/{tenant_id}/resume 200
POST /admin/tenants/{tenant_id}/deprovision 202
GET /audit/{tenant_id}/events 200
GET /audit/{tenant_id}/events/{event_id} 200
POST /audit/{tenant_id}/export 202
GET /audit/{tenant_id}/chain/{resource_id} 200
`
  .trim()
  .split('\n');

const written = ALL.map(([, route]) => `${route.method.toUpperCase()} ${route.path} ${route.status}`);

test('the seventeen endpoints are there, with their methods and statuses', () => {
  assert.equal(SEVENTEEN.length, 17);
  for (const endpoint of SEVENTEEN) assert.ok(written.includes(endpoint), endpoint);
});

test('no two routes answer at one address, and none hides behind another', () => {
  const addresses = ALL.map(([, route]) => `${route.method} ${route.path.replace(/\{\w+\}/g, '*')}`);
  assert.equal(new Set(addresses).size, addresses.length);
});

/** The table of roles of spec 4, as what a class of routes may be open to. */
const COLUMNS: Record<string, { read: string[]; write: string[] }> = {
  ingest: { read: ['tenant_user', 'tenant_admin', 'admin'], write: ['tenant_admin', 'admin'] },
  query: { read: ['tenant_user', 'tenant_admin', 'admin'], write: ['tenant_user', 'tenant_admin', 'admin'] },
  admin: { read: ['admin'], write: ['admin'] },
  audit: { read: ['tenant_admin', 'admin', 'auditor'], write: ['tenant_admin', 'admin', 'auditor'] },
};

/** Routes below `/ingest` that show what stands in a document. */
const CONTENT_UNDER_INGEST = ['reviewDocument', 'quarantinedBytes'];

for (const [name, route] of ALL) {
  test(`${name}: roles, scope, limit and state belong to its column`, () => {
    const column = COLUMNS[route.path.split('/')[1]!];
    if (route.plane === 'gateway') return assert.deepEqual([...route.roles].sort(), [...ROLES].sort());
    assert.ok(column, route.path);
    const widest = ['get', 'head', 'options'].includes(route.method) ? column.read : column.write;
    for (const role of route.roles) {
      assert.ok(widest.includes(role), `${role} may not ${name}`);
      assert.ok(ROLE_RULES[role].scopes.includes(route.scope!), `no token of a ${role} has the scope ${route.scope}`);
    }
    assert.equal(route.scope, route.path.split('/')[1]);
    // The pieces of an upload are not counted as requests of the class that its creation belongs to.
    assert.equal(route.limit, ['uploadOffset', 'appendUpload'].includes(name) ? 'upload' : route.scope);
    assert.equal(route.states, route.plane === 'data' ? 'active' : 'any');
    const showsContent = route.scope === 'query' || CONTENT_UNDER_INGEST.includes(name);
    assert.equal(route.breakGlass ?? false, showsContent, 'an admin reads content by break-glass');
    return undefined;
  });
}

test('each id in a path has a schema, and each schema an id', () => {
  for (const [name, route] of ALL) {
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, id]) => id!);
    assert.deepEqual(Object.keys(route.params?.shape ?? {}).sort(), named.sort(), name);
  }
});

test('no id lets a path through', () => {
  const tricks = ['', '.', '..', '../x', 'a/b', 'a\\b', 'a\0b', '%2e%2e', '\n', ' ', '__proto__'];
  for (const [name, route] of ALL) {
    for (const [id, schema] of Object.entries(route.params?.shape ?? {})) {
      // A resource of the log may be anything that was ever written there; it is a value, never a name.
      if (id === 'resource_id') continue;
      for (const trick of tricks)
        assert.equal(
          (schema as { safeParse(v: unknown): { success: boolean } }).safeParse(trick).success,
          false,
          `${name} ${id} ${JSON.stringify(trick)}`,
        );
    }
  }
});

test('every route has exactly the handler of its plane', () => {
  assert.throws(() => checkHandlers('control', { createTenant: true }), TypeError);
  assert.throws(() => checkHandlers('gateway', { status: true, another: true }), TypeError);
  assert.doesNotThrow(() => adminHandler({} as ControlVerbs));
  assert.doesNotThrow(() => auditHandler({} as ControlVerbs));
  assert.deepEqual(of('gateway'), ['status']);
  // The tenant's app refuses to be made where one lacks.
  const app = createDataApp({ plane: {} as DataPlane, seamKey: generateSeamKeys().publicKey, wake: () => undefined });
  const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    served.sort(),
    of('data')
      .map((name) => (ROUTES as Record<string, Route>)[name]!)
      .map((route) => `${honoMethod(route)} /api/v1${honoPath(route.path)}`)
      .sort(),
  );
});

test('a row for HEAD stands before the GET of its address, which would answer it too', () => {
  for (const [at, [, route]] of ALL.entries()) {
    if (route.method !== 'head') continue;
    assert.ok(!ALL.slice(0, at).some(([, other]) => other.method === 'get' && other.path === route.path), route.path);
  }
});

test('open paths are the six that need no token', () => {
  assert.deepEqual(
    [...OPEN_PATHS],
    ['/health', '/ready', '/metrics', '/api/v1/openapi.json', '/api/v1/reference', '/api/v1/tokens/redeem'],
  );
});

/** Which command speaks to a route; null says why none does. */
const COMMANDS: Record<keyof typeof ROUTES, string | null> = {
  submitBatch: 'ingest',
  createUpload: 'ingest',
  listUploads: 'upload list',
  uploadOptions: null,
  uploadOffset: 'ingest',
  upload: 'upload show',
  appendUpload: 'ingest',
  deleteUpload: 'upload delete',
  listBatches: 'batch list',
  batchStatus: 'batch show',
  cancelBatch: 'batch cancel',
  batchStream: 'ingest',
  batchReport: 'report',
  batchReportPage: 'report',
  receipt: 'receipt show',
  inboxStatus: 'inbox status',
  listDeadLetters: 'dlq list',
  decideDeadLetters: 'dlq retry',
  deadLetter: 'dlq show',
  decideDeadLetter: 'dlq retry',
  customFields: 'tenant fields show',
  validateMetadata: 'tenant fields validate',
  listReviews: 'review list',
  approveBatch: 'review approve',
  reviewDocument: 'review show',
  decideReview: 'review approve',
  listQuarantine: 'quarantine list',
  quarantinedDocument: 'quarantine show',
  quarantinedBytes: 'quarantine bytes',
  releaseQuarantine: 'quarantine release',
  rejectQuarantine: 'quarantine reject',
  originals: 'document originals',
  listNotices: 'notices list',
  acknowledgeNotice: 'notices acknowledge',
  reprocess: 'document reprocess',
  listReprocesses: 'document reprocesses',
  reprocessStatus: 'document reprocesses',
  cancelReprocess: 'document cancel-reprocess',
  reindex: 'tenant reindex',
  listReindexes: 'tenant reindexes',
  reindexStatus: 'tenant reindexes',
  cancelReindex: 'tenant cancel-reindex',
  search: 'search',
  listDocuments: 'document list',
  document: 'document show',
  diff: 'document diff',
  eraseDocument: 'document erase',
  listErasures: 'document erasures',
  erasure: 'document erasure',
  chunk: 'chunk show',
  createTenant: 'tenant create',
  listTenants: 'tenant list',
  tenant: 'tenant show',
  configureTenant: 'tenant configure',
  setCustomFields: 'tenant fields set',
  clearCustomFields: 'tenant fields clear',
  suspendTenant: 'tenant suspend',
  resumeTenant: 'tenant resume',
  deprovisionTenant: 'tenant deprovision',
  retryTenant: 'tenant retry',
  abandonTenant: 'tenant abandon',
  holdTenant: 'tenant hold set',
  listHolds: 'tenant hold list',
  tenantKeys: 'tenant keys',
  rotateKeys: 'tenant rotate-keys',
  reencryptTenant: 'tenant reencrypt',
  purgeKey: 'tenant purge-key',
  verifyTenant: 'tenant verify',
  listIsolation: 'tenant isolation list',
  getIsolation: 'tenant isolation show',
  openBreakGlass: 'tenant break-glass open',
  listBreakGlass: 'tenant break-glass list',
  closeBreakGlass: 'tenant break-glass close',
  issueToken: 'token issue',
  revokeTokens: 'token revoke',
  auditEvents: 'audit events',
  auditEvent: null,
  auditExport: 'audit export',
  auditExportStatus: 'audit export',
  auditExportDownload: 'audit export',
  auditExportManifest: 'audit export',
  auditLedger: 'audit ledger',
  auditChain: 'audit chain',
  alerts: 'alerts',
  // What these say, the command line finds out by itself, also where nothing answers.
  installation: 'evidence show',
  diagnose: 'doctor',
  supportListing: 'support-bundle',
  supportBundle: 'support-bundle',
  boundary: 'boundary',
  makeBoundary: 'boundary',
  // Dashboards draw them; programs read /metrics.
  measures: null,
  // Pages show them.
  preview: null,
  pagePicture: null,
  status: null,
};

test('each route has its command, and each named command is there', async () => {
  assert.deepEqual(Object.keys(COMMANDS).sort(), Object.keys(ROUTES).sort());
  const program = await createProgram();
  for (const name of Object.values(COMMANDS)) {
    if (name === null) continue;
    let at = program;
    for (const word of name.split(' ')) {
      const next = at.commands.find((command) => command.name() === word);
      assert.ok(next, name);
      at = next;
    }
  }
});
