import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { ROUTES } from '../../../appliance/api/routes.ts';
import type { Admitted } from '../../../appliance/gateway/app.ts';
import { dataPlaneHandler } from '../../../appliance/gateway/data-plane.ts';

const url = 'http://appliance/api/v1/ingest/acme/batch';

/** What arrives at the tenant's app of a request. */
async function forward(admitted: Partial<Admitted>): Promise<Request> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { promise, resolve } = Promise.withResolvers<Request>();
  const handle = dataPlaneHandler(async (_tenant, request) => {
    // Whoever answers has read what it wants to.
    const { url: to, method, headers } = request;
    const body = request.body === null ? null : await request.arrayBuffer();
    resolve(new Request(to, { method, headers, body }));
    return new Response();
  }, privateKey);
  await handle({
    route: ROUTES.submitBatch,
    name: 'submitBatch',
    caller: { subject: 'dana', role: 'tenant_admin', tenant_id: 'acme' },
    requestId: 'r-1',
    tenantId: 'acme',
    params: {},
    query: {},
    body: undefined,
    ...admitted,
  } as Admitted);
  return promise;
}

describe('the way to the data plane', () => {
  it('takes the body from the socket where there is one, and leaves the request’s own alone', async () => {
    const request = new Request(url, { method: 'POST', body: 'not this' });
    const arrived = await forward({ request, incoming: Readable.from([Buffer.from('this')], { objectMode: false }) });
    assert.equal(await arrived.text(), 'this');
    assert.equal(request.bodyUsed, false);
  });

  it('takes the request’s body where there is no socket', async () => {
    const arrived = await forward({ request: new Request(url, { method: 'POST', body: 'this' }) });
    assert.equal(await arrived.text(), 'this');
  });

  it('sends no body with a question', async () => {
    const arrived = await forward({ request: new Request(url), incoming: Readable.from(['x']) });
    assert.equal(arrived.body, null);
  });

  it('leaves credentials and cookies at the door', async () => {
    const headers = {
      authorization: 'Bearer secret',
      cookie: 'a=b',
      'content-type': 'text/plain',
      'x-forwarded-proto': 'gopher',
      'x-http-method-override': 'DELETE',
      'tus-resumable': '1.0.0',
      'upload-offset': '7',
    };
    const arrived = await forward({ request: new Request(url, { headers }) });
    assert.equal(arrived.headers.get('authorization'), null);
    assert.equal(arrived.headers.get('cookie'), null);
    assert.equal(arrived.headers.get('x-forwarded-proto'), null);
    assert.equal(arrived.headers.get('x-http-method-override'), null);
    assert.equal(arrived.headers.get('content-type'), 'text/plain');
    assert.equal(arrived.headers.get('tus-resumable'), '1.0.0');
    assert.equal(arrived.headers.get('upload-offset'), '7');
  });
});
