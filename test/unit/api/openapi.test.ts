import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { STATUS } from '../../../appliance/api/errors.ts';
import { openApiDocument } from '../../../appliance/api/openapi.ts';
import { ROUTES, type Route } from '../../../appliance/api/routes.ts';
import { referencePage } from '../../../appliance/gateway/reference.ts';

interface Operation {
  operationId: string;
  description: string;
  security: unknown[];
  requestBody?: { required: boolean; content: Record<string, unknown> };
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: unknown }>; headers?: Record<string, unknown> }
  >;
}

/** Media types of a request's body, by the kind that its route names. */
const BODIES: Record<string, string[]> = {
  multipart: ['multipart/form-data', 'application/json'],
  offset: ['application/offset+octet-stream'],
  json: ['application/json'],
  none: [],
};

const document = JSON.parse(JSON.stringify(openApiDocument('1.2.3'))) as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};
const all = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
/** A code is exchanged by whoever has it, and has no token yet: no route of a role. */
const operations = all.filter(({ operation }) => operation.operationId !== 'redeemCode');

test('the committed document is the one that the code makes', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'scripts/gen-openapi.ts', '--check'],
    { cwd: root, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
});

test('it is OpenAPI 3.1 with one operation a route', () => {
  assert.equal(document.openapi, '3.1.0');
  assert.equal(document.info.version, '1.2.3');
  assert.deepEqual(
    operations.map(({ path, method, operation }) => `${operation.operationId} ${method} ${path}`).sort(),
    Object.entries(ROUTES as Record<string, Route>)
      .map(([name, route]) => `${name} ${route.method} ${route.path}`)
      .sort(),
  );
});

test('each operation names who may call it, its ids, its body, its success and its refusals', () => {
  for (const { operation } of operations) {
    const route = (ROUTES as Record<string, Route>)[operation.operationId]!;
    assert.deepEqual(operation.security, [{ bearer: [] }]);
    for (const role of route.roles) assert.ok(operation.description.includes(role));
    assert.equal(operation.description.includes('X-Break-Glass-Reason'), route.breakGlass === true);
    const ids = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    assert.deepEqual(ids.map(({ name }) => name).sort(), Object.keys(route.params?.shape ?? {}).sort());
    assert.ok(ids.every(({ required }) => required));
    const bodies = Object.keys(operation.requestBody?.content ?? {});
    assert.deepEqual(bodies, BODIES[route.bodyType ?? (route.body ? 'json' : 'none')]);
    const headers = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header');
    const read = [...Object.keys(route.headers?.shape ?? {}), ...(route.breakGlass ? ['x-break-glass-reason'] : [])];
    assert.deepEqual(headers.map(({ name }) => name).sort(), read.sort());
    const success = operation.responses[route.status];
    assert.deepEqual(Object.keys(success?.headers ?? {}), route.answerHeaders ?? []);
    assert.equal(success?.content === undefined, route.answer === null, operation.operationId);
    const refusals = [
      '401',
      '403',
      '500',
      '503',
      ...(route.limit ? ['429'] : []),
      ...Object.keys(route.refusals ?? {}),
    ];
    for (const status of refusals) assert.ok(operation.responses[status], `${operation.operationId} ${status}`);
  }
});

test('one operation alone asks for no token: that which gives one for a code', () => {
  const open = all.filter(({ operation }) => operation.security.length === 0);
  assert.deepEqual(
    open.map(({ path, method, operation }) => [operation.operationId, method, path]),
    [['redeemCode', 'post', '/tokens/redeem']],
  );
  const { responses, requestBody } = open[0]!.operation;
  assert.equal(requestBody?.required, true);
  for (const status of ['201', '400', '401', '413', '500', '503']) assert.ok(responses[status], status);
});

test('each code of the specification stands in the document', () => {
  const text = JSON.stringify(document);
  for (const code of Object.keys(STATUS)) assert.ok(text.includes(code), code);
});

test('references lead somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name!,
  );
  assert.ok(refs.length > 10);
  for (const name of refs) assert.ok(document.components.schemas[name], name);
});

test('the reference page shows every operation and escapes what it shows', () => {
  const page = referencePage(document as unknown as Record<string, unknown>);
  for (const { path, operation } of operations) {
    assert.ok(page.includes(`id="${operation.operationId}"`), operation.operationId);
    assert.ok(page.includes(`/api/v1${path}`), path);
  }
  const hostile = structuredClone(document) as unknown as { info: { title: string } };
  hostile.info.title = '<script>alert(1)</script>';
  const shown = referencePage(hostile as unknown as Record<string, unknown>);
  assert.doesNotMatch(shown, /<script/);
  assert.match(shown, /&lt;script&gt;/);
});
