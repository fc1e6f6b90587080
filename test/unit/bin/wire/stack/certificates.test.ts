import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, it, type TestContext } from 'node:test';
import { SERVER_NAMES, stackCertificates } from '../../../../../appliance/bin/wire/stack/certificates.ts';
import { hbaLine } from '../../../../../appliance/bin/wire/stack/hba-rule.ts';
import { defaultConfig } from '../../../../../appliance/config/schema.ts';
import { type Authority, type Certificate, testAuthority } from '../../../../support/certificate.ts';

let stores: Authority;
let clients: Authority;
let redis: Certificate;
let client: Certificate;
before(() => {
  [stores, clients] = [testAuthority(), testAuthority()];
  redis = stores.issue([`DNS:${SERVER_NAMES.redis}`]);
  client = clients.issue(['DNS:client']);
});

/** The files that each of the two sides needs. */
const servers = () => ({ stores_authority: stores.ca, redis_certificate: redis.cert, redis_key: redis.key });
const asking = () => ({ clients_authority: clients.ca, client_certificate: client.cert, client_key: client.key });

/** Reads the certificates in a folder with these files. */
function read(
  t: TestContext,
  files: Record<string, string>,
  stack: Partial<ReturnType<typeof defaultConfig>['stack']>,
) {
  const secrets_folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  t.after(() => rmSync(secrets_folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(secrets_folder, name), text);
  return stackCertificates({ stack: { ...defaultConfig().stack, tls: 'on', secrets_folder, ...stack } });
}

it('nothing is read, and nothing encrypted, unless it is said', (t) => {
  const { to, asked, ofRedis } = read(t, {}, { tls: 'off' });
  assert.deepEqual(Object.values(to), [undefined, undefined, undefined, undefined]);
  assert.deepEqual([asked, ofRedis], [false, {}]);
});

it('each server is known by its name and by the one authority', (t) => {
  const { to, asked, ofRedis } = read(t, servers(), {});
  for (const store of ['postgres', 'objects', 'redis', 'qdrant'] as const)
    assert.deepEqual(to[store], { ca: stores.ca, servername: SERVER_NAMES[store] });
  assert.equal(asked, false);
  assert.deepEqual(Object.keys(ofRedis), ['redis_certificate', 'redis_key']);
});

it('where servers ask for a certificate, each is shown the clients’ one, and tenants’ Redis servers ask too', (t) => {
  const { to, asked, ofRedis } = read(t, { ...servers(), ...asking() }, {});
  assert.deepEqual([to.objects?.cert, to.objects?.key, asked], [client.cert, client.key, true]);
  assert.equal(ofRedis.clients_authority, clients.ca);
});

it('another Qdrant is known by its own name, and by the system’s authorities where none is named', (t) => {
  const qdrant = 'https://qdrant.example:6333';
  assert.deepEqual(read(t, servers(), { qdrant }).to.qdrant, { ca: stores.ca });
  assert.deepEqual(read(t, { stores_authority: stores.ca }, { tls: 'off', qdrant }).to.qdrant, { ca: stores.ca });
  const alone = read(t, {}, { tls: 'off', qdrant });
  assert.deepEqual([alone.to.qdrant, alone.to.postgres], [{}, undefined]);
});

it('a file that is missing, or is not what it should be, is told of by name and nothing starts', (t) => {
  const refused = (files: Record<string, string>, message: RegExp) =>
    assert.throws(() => read(t, files, {}), { code: 'CONFIG_INVALID', message });
  const { stores_authority, redis_key, ...rest } = servers();
  refused({ redis_key, ...rest }, /stores_authority is missing/);
  refused({ stores_authority, ...rest }, /redis_key is missing/);
  refused({ ...servers(), clients_authority: clients.ca }, /client_certificate is missing/);
  refused({ ...servers(), client_certificate: client.cert }, /client_key is missing/);
  refused({ ...servers(), stores_authority: redis_key }, /stores_authority must hold a certificate/);
  refused({ ...servers(), redis_key: 'a secret that is none' }, /^(?!.*a secret).*redis_key must hold a private key/);
});

it('the database lets in over TLS alone, and where it asks for certificates nobody without one', () => {
  const who = { database: 'tenant_acme', role: 'tenant_acme_user', from: '172.28.3.0/24' };
  const line = 'tenant_acme tenant_acme_user 172.28.3.0/24 scram-sha-256';
  assert.equal(hbaLine(who, { asksCertificates: true }), `host ${line}\n`);
  assert.equal(hbaLine(who, { tls: {} }), `hostssl ${line}\n`);
  assert.equal(hbaLine(who, { tls: {}, asksCertificates: true }), `hostssl ${line} clientcert=verify-ca\n`);
});
