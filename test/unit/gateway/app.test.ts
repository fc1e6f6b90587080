import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorEnvelope } from '../../../appliance/api/errors.ts';
import { ROUTES, type Route } from '../../../appliance/api/routes.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { bucketLimiter } from '../../../appliance/stores/limits/in-process.ts';
import { PER_MINUTE, unlimited } from '../../../appliance/stores/limits/port.ts';
import { gatewayWorld, refusalOf } from '../../support/gateway-world.ts';
import { manualClock } from '../../support/manual-clock.ts';

const SEARCH = 'query/acme/search';
const QUESTION = { query_text: 'notice period' };

const SAMPLE: Record<string, string> = {
  tenant_id: 'acme',
  batch_id: 'b1',
  receipt_id: '0197a000-0000-7000-8000-000000000001',
  dlq_entry_id: '0197a000-0000-7000-8000-000000000001',
  upload_id: '0197a000-0000-7000-8000-000000000001',
  event_id: '0197a000-0000-7000-8000-000000000001',
  export_id: '0197a000-0000-7000-8000-000000000001',
  doc_id: 'doc_0123456789abcdef',
  chunk_id: 'chk_0123456789abcdef',
  resource_id: 'doc_0123456789abcdef',
};

/** Every route that needs a token, with sample ids. */
const PATHS = Object.entries(ROUTES as Record<string, Route>).map(([name, route]) => ({
  name,
  route,
  path: route.path.slice(1).replace(/\{(\w+)\}/g, (_, id: string) => SAMPLE[id] ?? 'x'),
}));

test('no route answers without a token, and each refusal is counted by its source', async () => {
  const world = gatewayWorld();
  for (const { route, path } of PATHS) {
    const answered = await world.request(route.method.toUpperCase(), path);
    assert.equal(answered.status, 401, path);
    if (route.method === 'head') assert.equal(await answered.text(), '');
    else assert.equal((await refusalOf(answered)).code, 'AUTHENTICATION_REQUIRED', path);
  }
  assert.equal(world.calls.filter(({ verb }) => verb === 'authenticationFailed').length, PATHS.length);
  assert.equal(world.forwarded.length, 0);
});

test('a one-time code is exchanged without a token; one that is none is counted by its source', async () => {
  const world = gatewayWorld();
  const redeem = (body: unknown) => world.request('POST', 'tokens/redeem', { body });
  const answered = await redeem({ code: 'GOOD0-00000-00000-00000-00000' });
  assert.equal(answered.status, 201);
  assert.deepEqual(((await answered.json()) as { data: { token: string } }).data.token, 't-admin');
  assert.equal(answered.headers.get('cache-control'), 'no-store');
  assert.equal((await refusalOf(await redeem({ code: 'FALSE-00000-00000-00000-00000' }))).status, 401);
  for (const body of [{}, { code: 'short' }, { code: 'x'.repeat(65) }, { code: 7 }, '{'])
    assert.equal((await refusalOf(await redeem(body))).code, 'VALIDATION_ERROR');
  assert.equal((await redeem({ code: 'x'.repeat(2000) })).status, 413);
  assert.deepEqual(
    world.calls.filter(({ verb }) => verb === 'authenticationFailed').map(({ args }) => args),
    [['local', 'AUTHENTICATION_REQUIRED']],
  );
  assert.equal(world.requests[0]!.endpoint, '/api/v1/tokens/redeem');
});

test('every answer carries its own request id and is not to be kept', async () => {
  const world = gatewayWorld();
  const token = world.token('tenant_user');
  const ids = new Set<string>();
  for (const response of [
    await world.request('POST', SEARCH, { token, body: QUESTION }),
    await world.request('POST', SEARCH, { body: QUESTION }),
    await world.request('GET', '/nowhere'),
    await world.request('GET', '/health'),
    await world.request('POST', SEARCH, { token, body: QUESTION, headers: { 'x-request-id': 'chosen-by-the-caller' } }),
  ]) {
    const id = response.headers.get('x-request-id')!;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    ids.add(id);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    if (response.status >= 400) assert.equal((await refusalOf(response)).request_id, id);
  }
  assert.equal(ids.size, 5);
});

test('refusals come in their order: token, role, scope, tenant, suspension, state, limit', async () => {
  const limiter = { ...unlimited, take: async () => 7 };
  const world = gatewayWorld({ tenants: { acme: 'SUSPENDED', globex: 'PROVISIONING', live: 'ACTIVE' }, limiter });
  const admin = world.token('admin');
  const glass = { 'x-break-glass-reason': 'court order' };
  const ask = async (token: string | undefined, tenant: string, headers = {}) => {
    const { status, code } = await refusalOf(
      await world.request('POST', `query/${tenant}/search`, { ...(token ? { token } : {}), headers, body: 'no json' }),
    );
    return `${status} ${code}`;
  };
  assert.equal(await ask(undefined, 'acme'), '401 AUTHENTICATION_REQUIRED');
  assert.equal(await ask(world.token('admin', { fails: 'TOKEN_EXPIRED' }), 'acme'), '401 TOKEN_EXPIRED');
  assert.equal(await ask(world.token('admin', { fails: 'TOKEN_REVOKED' }), 'acme'), '401 TOKEN_REVOKED');
  assert.equal(await ask(world.token('auditor'), 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(world.token('tenant_user', { scopes: ['ingest'] }), 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(world.token('tenant_user', { tenant: 'live' }), 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(world.token('tenant_user', { tenant: 'live' }), 'nosuch'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(admin, 'live'), '403 INSUFFICIENT_PERMISSIONS', 'break-glass without a reason');
  assert.equal(await ask(admin, 'acme'), '403 TENANT_SUSPENDED', 'break-glass would not open it');
  assert.equal(await ask(admin, 'acme', glass), '403 TENANT_SUSPENDED');
  assert.equal(await ask(admin, 'nosuch', glass), '404 RESOURCE_NOT_FOUND');
  assert.equal(await ask(admin, 'globex', glass), '409 INVALID_STATE_TRANSITION');
  assert.equal(await ask(admin, 'live', glass), '429 RATE_LIMIT_EXCEEDED');
  assert.equal(world.forwarded.length, 0);
  assert.ok(!world.calls.some(({ verb }) => verb === 'openBreakGlass'), 'a refused look is no break-glass');
});

test('a tenant’s own token cannot tell a foreign tenant from none', async () => {
  const world = gatewayWorld({ tenants: { acme: 'ACTIVE', globex: 'SUSPENDED' } });
  const token = world.token('tenant_admin', { tenant: 'acme' });
  const answers = await Promise.all(
    ['globex', 'nosuch'].map(async (tenant) => {
      const { request_id: _, ...rest } = await refusalOf(
        await world.request('POST', `query/${tenant}/search`, { token, body: QUESTION }),
      );
      return JSON.stringify(rest);
    }),
  );
  assert.equal(answers[0], answers[1]);
});

test('the limit holds per tenant, is told in seconds, and never keeps a suspension back', async () => {
  const clock = manualClock();
  const world = gatewayWorld({ tenants: { acme: 'ACTIVE', globex: 'ACTIVE' }, limiter: bucketLimiter(clock) });
  const admin = world.token('admin');
  for (let i = 0; i < PER_MINUTE.admin; i++)
    assert.equal((await world.request('GET', 'admin/tenants/acme', { token: admin })).status, 200);
  const refused = await world.request('GET', 'admin/tenants/acme', { token: admin });
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal((await refusalOf(refused)).code, 'RATE_LIMIT_EXCEEDED');
  assert.equal(
    (await world.request('POST', 'admin/tenants/globex/resume', { token: admin, body: { reason: 'r' } })).status,
    429,
  );
  assert.equal(
    (await world.request('POST', 'admin/tenants/acme/suspend', { token: admin, body: { reason: 'now' } })).status,
    200,
  );
  assert.equal(world.states.get('acme'), 'SUSPENDED');
  assert.deepEqual(world.rejections[0], { tenant: 'acme', endpoint: '/api/v1/admin/tenants/{tenant_id}' });
});

test('one tenant’s flood leaves the other’s limit alone', async () => {
  const world = gatewayWorld({
    tenants: { acme: 'ACTIVE', globex: 'ACTIVE' },
    limiter: bucketLimiter(manualClock(), { ...PER_MINUTE, ingest: 2 }),
  });
  const dana = world.token('tenant_admin', { tenant: 'acme' });
  const gus = world.token('tenant_admin', { tenant: 'globex' });
  const status = async (token: string, tenant: string) =>
    (await world.request('GET', `ingest/${tenant}/batches`, { token })).status;
  assert.deepEqual(
    [await status(dana, 'acme'), await status(dana, 'acme'), await status(dana, 'acme')],
    [200, 200, 429],
  );
  assert.equal(await status(gus, 'globex'), 200);
});

test('labels of the measures are patterns and known tenants, whatever is asked for', async () => {
  const world = gatewayWorld();
  const token = world.token('admin');
  const glass = { 'x-break-glass-reason': 'r' };
  await world.request('GET', 'query/acme/document/doc_0123456789abcdef', { token, headers: glass });
  for (let i = 0; i < 5; i++) {
    await world.request('GET', `query/made${i}/document/doc_0123456789abcdef`, { token, headers: glass });
    await world.request('GET', `/random/${i}`);
  }
  assert.deepEqual(
    [...new Set(world.requests.map(({ tenant, endpoint }) => `${tenant} ${endpoint}`))],
    ['acme /api/v1/query/{tenant_id}/document/{doc_id}', ' /api/v1/query/{tenant_id}/document/{doc_id}', ' unknown'],
  );
});

test('an administrator’s look at content opens break-glass before it is answered', async () => {
  const world = gatewayWorld({
    data: async () => {
      assert.ok(
        world.calls.some(({ verb }) => verb === 'openBreakGlass'),
        'opened first',
      );
      return Response.json({ success: true, data: {} });
    },
  });
  const response = await world.request('POST', SEARCH, {
    token: world.token('admin'),
    body: QUESTION,
    headers: { 'x-break-glass-reason': 'court order' },
  });
  assert.equal(response.status, 200);
  assert.deepEqual(world.calls.find(({ verb }) => verb === 'openBreakGlass')!.args, [
    'acme',
    { reason: 'court order', by: { method: 'POST', route: '/query/{tenant_id}/search' } },
    'admin-subject',
  ]);
});

test('with a live grant an administrator looks without naming the reason again, and nothing is opened', async () => {
  const world = gatewayWorld();
  const token = world.token('admin');
  const open = await world.request('POST', 'admin/tenants/acme/break-glass', { token, body: { reason: 'ticket 7' } });
  assert.equal(open.status, 201);
  world.calls.length = 0;
  assert.equal((await world.request('POST', SEARCH, { token, body: QUESTION })).status, 200);
  assert.ok(!world.calls.some(({ verb }) => verb === 'openBreakGlass'));
  assert.deepEqual(world.calls.find(({ verb }) => verb === 'breakGlassStanding')!.args, ['acme', 'admin-subject']);
});

test('a grant that ended is told as such, with what to do', async () => {
  const ended_at = '2026-01-01T12:15:00.000Z';
  const world = gatewayWorld({ verbs: { breakGlassStanding: async () => ({ grant: null, ended_at }) } });
  const { status, code, message } = await refusalOf(
    await world.request('POST', SEARCH, { token: world.token('admin'), body: QUESTION }),
  );
  assert.deepEqual([status, code], [403, 'INSUFFICIENT_PERMISSIONS']);
  assert.match(message, /ended at 2026-01-01T12:15:00\.000Z.*break-glass open.*X-Break-Glass-Reason/);
  assert.equal(world.forwarded.length, 0);
});

test('a request that is refused for its form opens nothing', async () => {
  const world = gatewayWorld();
  const headers = { 'x-break-glass-reason': 'court order' };
  const response = await world.request('GET', 'query/acme/document/doc_xyz', { token: world.token('admin'), headers });
  assert.equal(response.status, 400);
  assert.ok(!world.calls.some(({ verb }) => verb === 'openBreakGlass'));
});

test('notices are for the tenant’s people and the administrator; only the tenant’s admin acknowledges', async () => {
  const world = gatewayWorld({ tenants: { acme: 'SUSPENDED', globex: 'ACTIVE' } });
  const ask = async (
    role: 'tenant_user' | 'tenant_admin' | 'admin' | 'auditor',
    method: 'GET' | 'POST',
    path: string,
  ) => (await world.request(method, path, { token: world.token(role) })).status;
  const acknowledge = 'ingest/acme/notices/0197a5c0-0000-7000-8000-000000000000/acknowledge';
  for (const [role, list, read] of [
    ['tenant_user', 200, 403],
    ['tenant_admin', 200, 200],
    ['admin', 200, 403],
    ['auditor', 403, 403],
  ] as const) {
    assert.equal(await ask(role, 'GET', 'ingest/acme/notices?unread=true'), list, role);
    assert.equal(await ask(role, 'POST', acknowledge), read, role);
  }
  assert.equal(await ask('tenant_admin', 'GET', 'ingest/globex/notices'), 403, 'another tenant’s');
  assert.deepEqual(world.calls.find(({ verb }) => verb === 'noticesOf')!.args, [
    'acme',
    { limit: 50, offset: 0, unread: true },
  ]);
});

test('when the look cannot be written down it does not happen', async () => {
  const world = gatewayWorld({
    verbs: {
      openBreakGlass: async () => {
        throw new FrostbyteError('STORE_UNAVAILABLE', 'The registry does not answer.');
      },
    },
  });
  const response = await world.request('POST', SEARCH, {
    token: world.token('admin'),
    body: QUESTION,
    headers: { 'x-break-glass-reason': 'r' },
  });
  assert.equal(response.status, 503);
  assert.equal(world.forwarded.length, 0);
});

test('a body is checked before control hears of it, and every problem is named', async () => {
  const world = gatewayWorld();
  const token = world.token('admin');
  const { status, code, details } = await refusalOf(
    await world.request('POST', 'admin/tenants', { token, body: { tenant_id: 'X', tier: 'gold', extra: 1 } }),
  );
  assert.deepEqual([status, code], [400, 'VALIDATION_ERROR']);
  assert.deepEqual((details as { field: string }[]).map(({ field }) => field).sort(), [
    'contact_email',
    'extra',
    'tenant_id',
    'tenant_name',
    'tier',
  ]);
  assert.ok(!world.calls.some(({ verb }) => verb === 'createTenant'));
  assert.equal(
    (await refusalOf(await world.request('POST', 'admin/tenants', { token, body: '{' }))).code,
    'VALIDATION_ERROR',
  );
  assert.equal(
    (await refusalOf(await world.request('POST', 'admin/tenants', { token, body: `"${'x'.repeat(1_100_000)}"` }))).code,
    'PAYLOAD_TOO_LARGE',
  );
  assert.equal(
    (await refusalOf(await world.request('GET', 'admin/tenants?limit=101', { token }))).code,
    'VALIDATION_ERROR',
  );
  assert.equal(
    (await refusalOf(await world.request('GET', 'admin/tenants?sort=asc', { token }))).code,
    'VALIDATION_ERROR',
  );
});

test('the ledger is paged like every other list: by number or cursor, at most 500 at once', async () => {
  const world = gatewayWorld();
  const token = world.token('admin');
  const ask = (query: string) => world.request('GET', `audit/_appliance/ledger?${query}`, { token });
  for (const wrong of ['limit=501', 'limit=0', 'page=0', 'page=x', 'cursor=x', 'sort=asc'])
    assert.equal((await refusalOf(await ask(wrong))).code, 'VALIDATION_ERROR', wrong);
  assert.ok(!world.calls.some(({ verb }) => verb === 'ledger'));
  for (const right of ['page=3&limit=500', 'page=3&cursor=41&limit=7']) assert.equal((await ask(right)).status, 200);
  assert.deepEqual(
    world.calls.filter(({ verb }) => verb === 'ledger').map(({ args }) => args[0]),
    [
      { after: 0, offset: 1000, limit: 500 },
      { after: 41, limit: 7 },
    ],
  );
});

test('ids in a path are checked before anything looks for them', async () => {
  const world = gatewayWorld();
  const token = world.token('tenant_admin');
  for (const path of [
    'query/acme/document/doc_xyz',
    'query/acme/document/..%2f..%2fetc',
    'query/acme/chunk/chk_0123456789ABCDEF',
    'ingest/acme/receipt/not-a-uuid',
    'ingest/acme/batch/..%2fx',
    'ingest/acme/batch/%00',
    'audit/acme/export/..%2f..',
  ]) {
    const { status } = await refusalOf(await world.request('GET', path, { token }));
    assert.ok(status === 400 || status === 404, path);
  }
  assert.equal(world.forwarded.length, 0);
});

test('the reserved log is for the audit plane alone', async () => {
  const world = gatewayWorld();
  const glass = { 'x-break-glass-reason': 'r' };
  for (const [method, path, body] of [
    ['POST', 'query/_appliance/search', QUESTION],
    ['GET', 'ingest/_appliance/batches', undefined],
    ['GET', 'admin/tenants/_appliance', undefined],
    ['POST', 'admin/tenants/_appliance/suspend', { reason: 'r' }],
  ] as const) {
    const { code } = await refusalOf(
      await world.request(method, path, { token: world.token('admin'), headers: glass, ...(body ? { body } : {}) }),
    );
    assert.equal(code, 'VALIDATION_ERROR', path);
  }
});

test('a handler that throws is told as our fault, logged by code, and says nothing', async () => {
  const world = gatewayWorld({
    data: async () => {
      throw new Error('CANARY of the parser');
    },
  });
  const response = await world.request('POST', SEARCH, { token: world.token('tenant_user'), body: QUESTION });
  const refusal = await refusalOf(response);
  assert.deepEqual([refusal.status, refusal.code], [500, 'INTERNAL_ERROR']);
  assert.doesNotMatch(JSON.stringify(refusal) + JSON.stringify(world.lines), /CANARY/);
  const [line] = world.lines;
  assert.equal(line?.message, 'request failed');
  const { frames, ...fields } = line!.fields as { frames: string };
  assert.deepEqual(fields, {
    request_id: refusal.request_id,
    route: '/api/v1/query/{tenant_id}/search',
    code: 'INTERNAL_ERROR',
  });
  assert.match(frames, /^appliance\/gateway\/app\.ts:\d+/, 'the frames say where, not what');
});

test('what is not there, and methods a path does not have, are 404 in the envelope', async () => {
  const world = gatewayWorld();
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['GET', '/api/v1/nothing'],
    ['PUT', '/api/v1/admin/tenants'],
    ['OPTIONS', '/api/v1/admin/tenants'],
    ['PUT', '/api/v1/query/acme/document/doc_0123456789abcdef'],
    ['GET', '/api/v1//admin/tenants'],
    ['GET', '/api/v1/admin/tenants/'],
  ] as const) {
    const response = await world.request(method, path, { token: world.token('admin') });
    assert.equal(response.status, 404, `${method} ${path}`);
    ErrorEnvelope.parse(await response.json());
  }
});

test('the pieces of an upload have a limit of their own, and leave the ingest one alone', async () => {
  const world = gatewayWorld({ limiter: bucketLimiter(manualClock()) });
  const token = world.token('tenant_admin', { tenant: 'acme' });
  const upload = `ingest/acme/uploads/${SAMPLE.upload_id}`;
  for (let i = 0; i < PER_MINUTE.upload; i++)
    assert.equal(
      (await world.request(i % 2 === 0 ? 'PATCH' : 'HEAD', upload, { token })).status,
      i % 2 === 0 ? 204 : 200,
    );
  assert.equal((await world.request('PATCH', upload, { token })).status, 429);
  for (let i = 0; i < PER_MINUTE.ingest; i++)
    assert.equal((await world.request('POST', 'ingest/acme/uploads', { token })).status, 201);
  assert.equal((await world.request('POST', 'ingest/acme/uploads', { token })).status, 429);
});

test('a HEAD reaches its own row, and a GET of the same address the other', async () => {
  const world = gatewayWorld();
  const token = world.token('tenant_admin', { tenant: 'acme' });
  const upload = `ingest/acme/uploads/${SAMPLE.upload_id}`;
  await world.request('HEAD', upload, { token });
  await world.request('GET', upload, { token });
  await world.request('HEAD', 'ingest/acme/uploads', { token });
  assert.deepEqual(
    world.forwarded.map(({ name }) => name),
    ['uploadOffset', 'upload', 'listUploads'],
  );
});

test('who speaks tus is answered with its version, on refusals too', async () => {
  const world = gatewayWorld();
  const headers = { 'tus-resumable': '1.0.0' };
  const refused = await world.request('POST', 'ingest/acme/uploads', { headers });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('tus-resumable'), '1.0.0');
  assert.equal((await world.request('GET', 'status')).headers.get('tus-resumable'), null);
});

test('a POST to an upload may stand for another method of tus, with all its gates; nowhere else is the header heard', async () => {
  const world = gatewayWorld();
  const token = world.token('tenant_admin', { tenant: 'acme' });
  const upload = `ingest/acme/uploads/${SAMPLE.upload_id}`;
  const as = (method: string, path = upload, given = token) =>
    world.request('POST', path, { token: given, headers: { 'x-http-method-override': method } });
  for (const method of ['PATCH', 'HEAD', 'delete']) assert.notEqual((await as(method)).status, 404, method);
  assert.deepEqual(
    world.forwarded.map(({ name, request }) => [name, request.method]),
    [
      ['appendUpload', 'PATCH'],
      ['uploadOffset', 'HEAD'],
      ['deleteUpload', 'DELETE'],
    ],
  );
  assert.deepEqual(
    world.requests.map(({ method }) => method),
    ['PATCH', 'HEAD', 'DELETE'],
    'each is counted once, as what it is',
  );
  const foreign = world.token('tenant_admin', { tenant: 'globex' });
  assert.equal((await as('DELETE', upload, foreign)).status, 403);
  assert.equal((await as('GET')).status, 404);
  assert.equal((await as('DELETE', `documents/acme/${SAMPLE.doc_id}`)).status, 404);
  assert.equal(world.forwarded.length, 3);
});
